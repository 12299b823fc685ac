/** The server's hints, as sentences for whoever wrote the client. */
import { formatWords } from './format';

const SENTENCES: Record<string, string> = {
  ends_in_nul: 'Ends in a NUL byte: send(fd, text, strlen(text) + 1) sends one too many.',
  utf16: 'Looks like UTF-16, two bytes a letter: encode the text as UTF-8.',
  byte_order_mark: 'Begins with a byte order mark, which is part of what was sent.',
  trailing_blank: 'Ends in a blank or a tab before the line end.',
  lone_cr: 'Holds a carriage return without a line feed behind it.',
  length_prefix:
    "Begins with the number of bytes that follow, as Java's writeUTF sends it: send the text alone.",
};

/** One that a newer server knows is shown by its name. */
export function hintSentence(hint: string): string {
  return SENTENCES[hint] ?? `Hint of socklens: ${formatWords(hint)}.`;
}
