/**
 * Payloads come from anybody: what is shown of them is plain text with everything that a reader could
 * not see, or that could change how its surroundings read, written out as an escape.
 */
import type { Payload } from '../api/types';
import { bytesFromBase64 } from './bytes';

export interface Segment {
  text: string;
  /** True for an escape that stands for something invisible, false for text as it came. */
  escaped: boolean;
}

/** Controls, format and bidirectional characters, unassigned ones, and every space but the plain one. */
const UNSEEN = /(?! )[\p{C}\p{Z}]/u;
export function isUnseen(character: string): boolean {
  return UNSEEN.test(character);
}

const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\0': '\\0' };

export function escapeCharacter(character: string): string {
  const short = SHORT[character];
  if (short) return short;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  return `\\u{${code.toString(16)}}`;
}

function append(segments: Segment[], text: string, escaped: boolean): void {
  const last = segments.at(-1);
  if (last && last.escaped === escaped) last.text += text;
  else segments.push({ text, escaped });
}

export function escapeText(text: string, into: Segment[] = []): Segment[] {
  for (const character of text) {
    const unseen = isUnseen(character);
    append(into, unseen ? escapeCharacter(character) : character, unseen);
  }
  return into;
}

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The valid UTF-8 sequence at `at`, if there is one. */
export function sequenceAt(bytes: Uint8Array, at: number): { text: string; length: number } | null {
  const lead = bytes[at] ?? 0;
  const length =
    lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return null;
  try {
    return { text: STRICT.decode(bytes.subarray(at, at + length)), length };
  } catch {
    return null;
  }
}

export function escapeBytes(bytes: Uint8Array): Segment[] {
  const segments: Segment[] = [];
  for (let at = 0; at < bytes.length; ) {
    const sequence = sequenceAt(bytes, at);
    if (sequence) escapeText(sequence.text, segments);
    else append(segments, `\\x${(bytes[at] ?? 0).toString(16).padStart(2, '0')}`, true);
    at += sequence?.length ?? 1;
  }
  return segments;
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
