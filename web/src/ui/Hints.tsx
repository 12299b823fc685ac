import { hintSentence } from '../text/hints';

/** What is probably wrong with the received message, a sentence each. */
export function Hints({ hints }: { hints: readonly string[] }) {
  if (hints.length === 0) return null;
  return (
    <ul class="hints" aria-label="Hints">
      {hints.map((hint) => (
        <li key={hint}>{hintSentence(hint)}</li>
      ))}
    </ul>
  );
}

/** On a row: a mark with the hints as its tooltip. */
export function HintMark({ hints }: { hints: readonly string[] }) {
  if (hints.length === 0) return null;
  const words = hints.map(hintSentence).join(' ');
  return (
    <span class="hint-mark" role="img" aria-label={`Hint: ${words}`} title={words}>
      !
    </span>
  );
}
