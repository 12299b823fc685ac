/** Bytes as a reader sees them, each glyph with the bytes it stands for. */
import { escapeByte, type Look, markBlanks, type Segment, segmentOf, sequenceAt } from './escape';

export interface Glyph extends Segment {
  from: number;
  to: number;
}

/** As text: what can be seen as it is, the rest written out; a line feed also ends the line. */
export function textGlyphs(bytes: Uint8Array): Glyph[] {
  const glyphs: Glyph[] = [];
  for (let from = 0; from < bytes.length; ) {
    const character = sequenceAt(bytes, from);
    const to = from + (character?.length ?? 1);
    const { text, look } = textGlyph(character?.text, bytes[from] ?? 0);
    glyphs.push({ text, look, from, to });
    from = to;
  }
  return glyphs;
}

function textGlyph(character: string | undefined, byte: number): Segment {
  if (character === undefined) return { text: escapeByte(byte), look: 'escape' };
  if (character === '\n') return { text: '\\n\n', look: 'escape' };
  return segmentOf(character);
}

const SHORT: Record<number, string> = { 9: '\\t', 10: '\\n', 13: '\\r', 34: '\\"', 92: '\\\\' };

/** As a string literal in plain ASCII, the same in C and Python: nothing is left to guess. */
export function literalGlyphs(bytes: Uint8Array): Glyph[] {
  return Array.from(bytes, (byte, from) => {
    const plain = byte >= 0x20 && byte < 0x7f && !SHORT[byte];
    const text = plain ? String.fromCharCode(byte) : (SHORT[byte] ?? escapeByte(byte));
    return { text, look: plain ? 'plain' : 'escape', from, to: from + 1 };
  });
}

/** From here on characters are as wide as two of Latin, near enough: a line that is longer wraps. */
const WIDE_FROM = 0x1100;

function columnsOf({ text }: Glyph): number {
  if (text.endsWith('\n')) return text.length - 1;
  return (text.codePointAt(0) ?? 0) < WIDE_FROM ? text.length : 2;
}

/** Broken behind each line feed, and where `columns` are full; blanks at the edge of a line are marked. */
export function glyphLines(glyphs: readonly Glyph[], columns: number): Glyph[][] {
  const lines: Glyph[][] = [];
  let line: Glyph[] = [];
  let used = 0;
  const end = () => {
    markBlanks(line);
    lines.push(line);
    line = [];
    used = 0;
  };
  for (const glyph of glyphs) {
    const width = columnsOf(glyph);
    if (used + width > columns && line.length > 0) end();
    // A copy: where the line breaks decides whether it is marked as a blank.
    line.push({ ...glyph });
    used += width;
    if (glyph.text.endsWith('\n')) end();
  }
  if (line.length > 0) end();
  return lines;
}

export interface Run {
  text: string;
  look: Look;
  marked: boolean;
}

/** Neighbours that look alike as one; a glyph is marked where any of its bytes is. */
export function glyphRuns(glyphs: readonly Glyph[], marks: Uint8Array | null): Run[] {
  const runs: Run[] = [];
  for (const { text, look, from, to } of glyphs) {
    const marked = marks?.subarray(from, to).includes(1) ?? false;
    const last = runs.at(-1);
    if (last && last.look === look && last.marked === marked) last.text += text;
    else runs.push({ text, look, marked });
  }
  return runs;
}
