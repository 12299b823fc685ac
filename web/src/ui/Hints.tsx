import { hintSentence } from '../text/hints';

/** What is probably wrong with what was received, a sentence each. */
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

/** On a row: that there are some, and which. */
export function HintMark({ hints }: { hints: readonly string[] }) {
  if (hints.length === 0) return null;
  const words = hints.map(hintSentence).join(' ');
  return (
    <span class="hint-mark" role="img" aria-label={`Hint: ${words}`} title={words}>
      !
    </span>
  );
}
