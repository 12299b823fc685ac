/**
 * Payloads come from anybody: what is shown of them is plain text with everything that a reader could
 * not see, or that could change how its surroundings read, written out as an escape.
 */
import type { Payload } from '../api/types';
import { bytesFromBase64 } from './bytes';

/**
 * How a character is shown: as it came, as an escape that stands for something invisible, or, for a
 * blank that could not be seen, as BLANK.
 */
export type Look = 'plain' | 'escape' | 'blank';

export interface Segment {
  text: string;
  look: Look;
}

/** Stands for a blank wherever that is not plainly the gap between two characters that are seen. */
export const BLANK = '␣';

/**
 * Controls, format and bidirectional characters, unassigned ones, every space but the plain one, and the
 * letters and marks that are drawn as nothing: fillers, variation selectors, the empty Braille pattern.
 */
const UNSEEN = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u;
export function isUnseen(character: string): boolean {
  return UNSEEN.test(character);
}

const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\0': '\\0' };

export function escapeCharacter(character: string): string {
  const short = SHORT[character];
  if (short) return short;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return escapeByte(code);
  return `\\u{${code.toString(16)}}`;
}

/** One character by itself; what a blank looks like depends on its neighbours: markBlanks. */
export function segmentOf(character: string): Segment {
  if (isUnseen(character)) return { text: escapeCharacter(character), look: 'escape' };
  return { text: character, look: 'plain' };
}

const isSeen = (segment: Segment | undefined): boolean =>
  segment?.look === 'plain' && segment.text !== ' ';

/** `characters` is one line, one segment a character: the first and the last blank are marked too. */
export function markBlanks(characters: readonly Segment[]): void {
  for (let i = 0; i < characters.length; i += 1) {
    const blank = characters[i];
    if (blank?.text !== ' ' || (isSeen(characters[i - 1]) && isSeen(characters[i + 1]))) continue;
    blank.text = BLANK;
    blank.look = 'blank';
  }
}

/** Neighbours that look alike become one. */
function joined(characters: readonly Segment[]): Segment[] {
  markBlanks(characters);
  const segments: Segment[] = [];
  for (const { text, look } of characters) {
    const last = segments.at(-1);
    if (last?.look === look) last.text += text;
    else segments.push({ text, look });
  }
  return segments;
}

export function escapeText(text: string): Segment[] {
  return joined(Array.from(text, segmentOf));
}

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The valid UTF-8 sequence at `at`, if there is one. */
export function sequenceAt(bytes: Uint8Array, at: number): { text: string; length: number } | null {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return at < bytes.length ? { text: String.fromCharCode(lead), length: 1 } : null;
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return null;
  try {
    return { text: STRICT.decode(bytes.subarray(at, at + length)), length };
  } catch {
    return null;
  }
}

export function escapeByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}

export function escapeBytes(bytes: Uint8Array): Segment[] {
  const characters: Segment[] = [];
  for (let at = 0; at < bytes.length; ) {
    const sequence = sequenceAt(bytes, at);
    characters.push(
      sequence ? segmentOf(sequence.text) : { text: escapeByte(bytes[at] ?? 0), look: 'escape' },
    );
    at += sequence?.length ?? 1;
  }
  return joined(characters);
}

export interface Preview {
  segments: Segment[];
  /** There is more of the payload than the segments show. */
  cut: boolean;
}

/** The beginning of a payload: at most `limit` characters, or bytes where it is not valid UTF-8. */
export function previewPayload(payload: Payload, limit: number): Preview {
  if (payload.text !== null) {
    const head = cutText(payload.text, limit);
    const cut = head.length < payload.text.length || payload.truncated;
    return { segments: escapeText(head), cut };
  }
  // Base64 comes in groups of four characters for three bytes.
  const bytes = bytesFromBase64(payload.base64.slice(0, Math.ceil(limit / 3) * 4));
  return { segments: escapeBytes(bytes.subarray(0, limit)), cut: payload.size > limit };
}

/** Cuts between characters, never inside a surrogate pair. */
function cutText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const last = text.charCodeAt(limit - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? limit - 1 : limit);
}
