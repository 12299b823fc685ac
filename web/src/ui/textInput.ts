import type { TargetedInputEvent } from 'preact';

/** What a field for text that is no prose has in common. */
export function textInput(value: string, set: (value: string) => void) {
  return {
    value,
    spellcheck: false,
    autocomplete: 'off' as const,
    onInput: (event: TargetedInputEvent<HTMLInputElement | HTMLTextAreaElement>) =>
      set(event.currentTarget.value),
  };
}
