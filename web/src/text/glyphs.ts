/** Bytes as a reader sees them, each glyph with the bytes it stands for. */
import { escapeCharacter, isUnseen, sequenceAt } from './escape';

export interface Glyph {
  text: string;
  /** It stands for something invisible, or for bytes that are not UTF-8. */
  escaped: boolean;
  from: number;
  to: number;
}

/** As text: what can be seen as it is, the rest written out; a line feed also ends the line. */
export function textGlyphs(bytes: Uint8Array): Glyph[] {
  const glyphs: Glyph[] = [];
  for (let from = 0; from < bytes.length; ) {
    const character = sequenceAt(bytes, from);
    const to = from + (character?.length ?? 1);
    glyphs.push({ ...textGlyph(character?.text, bytes[from] ?? 0), from, to });
    from = to;
  }
  return glyphs;
}

function textGlyph(character: string | undefined, byte: number): Pick<Glyph, 'text' | 'escaped'> {
  if (character === undefined) return { text: hexEscape(byte), escaped: true };
  if (character === '\n') return { text: '\\n\n', escaped: true };
  if (isUnseen(character)) return { text: escapeCharacter(character), escaped: true };
  return { text: character, escaped: false };
}

const SHORT: Record<number, string> = { 9: '\\t', 10: '\\n', 13: '\\r', 34: '\\"', 92: '\\\\' };

/** As a string literal in plain ASCII, the same in C and Python: nothing is left to guess. */
export function literalGlyphs(bytes: Uint8Array): Glyph[] {
  return Array.from(bytes, (byte, from) => {
    const plain = byte >= 0x20 && byte < 0x7f && !SHORT[byte];
    const text = plain ? String.fromCharCode(byte) : (SHORT[byte] ?? hexEscape(byte));
    return { text, escaped: !plain, from, to: from + 1 };
  });
}

function hexEscape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}

export interface Run {
  text: string;
  escaped: boolean;
  marked: boolean;
}

/** Neighbours that look alike as one; a glyph is marked where any of its bytes is. */
export function glyphRuns(glyphs: readonly Glyph[], marks: Uint8Array | null): Run[] {
  const runs: Run[] = [];
  for (const { text, escaped, from, to } of glyphs) {
    const marked = marks?.subarray(from, to).includes(1) ?? false;
    const last = runs.at(-1);
    if (last && last.escaped === escaped && last.marked === marked) last.text += text;
    else runs.push({ text, escaped, marked });
  }
  return runs;
}
