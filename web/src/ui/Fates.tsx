import { fatesWords } from '../text/fates';

interface Props {
  /** A character a message: x for a hit. */
  fates: string;
  /** Which messages they are: "first" or "next". */
  which: string;
}

/** A strip of messages, those that a rule hits marked. */
export function Fates({ fates, which }: Props) {
  const words = fatesWords(fates, which);
  return (
    <span class="fates mono" role="img" aria-label={words} title={words}>
      {Array.from(fates, (fate, n) => (
        <span key={n} class="fate" data-hit={fate === 'x'}>
          {fate === 'x' ? '×' : '·'}
        </span>
      ))}
    </span>
  );
}
