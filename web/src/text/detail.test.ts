import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diffBytes } from './diff';
import { type Glyph, glyphLines, glyphRuns, literalGlyphs, textGlyphs } from './glyphs';

const bytes = (text: string) => new TextEncoder().encode(text);
const marked = (text: string, marks: Uint8Array) =>
  Array.from(bytes(text), (byte, i) => (marks[i] ? '^' : String.fromCharCode(byte))).join('');

test('sides of one length are compared byte by byte', () => {
  const marks = diffBytes(bytes('a1b2'), bytes('A1B2'));
  assert.equal(marked('a1b2', marks.left), '^1^2');
  assert.equal(marked('A1B2', marks.right), '^1^2');
});

test('inserted and removed bytes are marked, common ones are not', () => {
  const marks = diffBytes(bytes('one three'), bytes('one two three'));
  assert.deepEqual([...marks.left], Array(9).fill(0));
  assert.equal(
    marks.right.reduce((sum, mark) => sum + mark, 0),
    4,
  );
  assert.equal(marked('abXcd', diffBytes(bytes('abXcd'), bytes('aYbcdZ')).left), 'ab^cd');
});

test('large sides that differ in length are still answered at once', () => {
  const marks = diffBytes(new Uint8Array(60_000).fill(1), new Uint8Array(50_000).fill(2));
  assert.equal(marks.left.includes(0), false);
});

test('text glyphs know their bytes, so that a mark on one byte marks its character', () => {
  const glyphs = textGlyphs(Uint8Array.from([0xc3, 0xa9, 0xff, 0x0a]));
  assert.deepEqual(
    glyphs.map(({ text, from, to }) => [text, from, to]),
    [
      ['é', 0, 2],
      ['\\xff', 2, 3],
      ['\\n\n', 3, 4],
    ],
  );
  const runs = glyphRuns(glyphs, Uint8Array.from([0, 1, 0, 0]));
  assert.deepEqual(
    runs.map(({ text, marked: isMarked }) => [text, isMarked]),
    [
      ['é', true],
      ['\\xff\\n\n', false],
    ],
  );
});

test('a literal holds nothing but plain ASCII', () => {
  const text = literalGlyphs(bytes('é"\\\r\n\0~')).map((glyph) => glyph.text);
  assert.equal(text.join(''), '\\xc3\\xa9\\"\\\\\\r\\n\\x00~');
});

const lineTexts = (lines: Glyph[][]) => lines.map((line) => line.map(({ text }) => text).join(''));

test('lines end at a line feed and where they are full, and show the blanks at their edges', () => {
  const lines = (text: string, columns: number) =>
    lineTexts(glyphLines(textGlyphs(bytes(text)), columns));
  assert.deepEqual(lines('one\ntwo', 10), ['one\\n\n', 'two']);
  assert.deepEqual(lines('ab cd', 3), ['ab␣', 'cd']);
  assert.deepEqual(lines('ab cd', 2), ['ab', '␣c', 'd']);
  assert.deepEqual(lines('日本語', 4), ['日本', '語']);
  assert.deepEqual(lines('', 4), []);
});

test('text cut into lines of one width can be cut into those of another', () => {
  const glyphs = textGlyphs(bytes('ab cd'));
  glyphLines(glyphs, 3);
  assert.deepEqual(lineTexts(glyphLines(glyphs, 10)), ['ab cd']);
});
