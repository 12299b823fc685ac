import assert from 'node:assert/strict';
import { test } from 'node:test';
import { payload } from '../testing/messages';
import { escapeBytes, escapeText, previewPayload, type Segment } from './escape';

const joined = (segments: Segment[]) =>
  segments.map(({ text, look }) => (look === 'plain' ? text : `<${text}>`)).join('');

test('text that can be seen is left alone', () => {
  assert.deepEqual(escapeText('straße — 日本 🎉'), [{ text: 'straße — 日本 🎉', look: 'plain' }]);
});

test('line ends, controls and NUL are written out', () => {
  assert.equal(joined(escapeText('a\r\nb\0\x1b[31m')), 'a<\\r\\n>b<\\0\\x1b>[31m');
});

test('characters that reorder or hide text are written out', () => {
  assert.equal(joined(escapeText('\u202eevil\u200b\ufeff')), '<\\u{202e}>evil<\\u{200b}\\u{feff}>');
  assert.equal(joined(escapeText('a\u00a0b')), 'a<\\u{a0}>b');
});

test('a blank that is no plain gap between characters is drawn', () => {
  assert.equal(joined(escapeText('   ')), '<␣␣␣>');
  assert.equal(joined(escapeText('Exit ')), 'Exit<␣>');
  assert.equal(joined(escapeText(' a b  c')), '<␣>a b<␣␣>c');
  assert.equal(joined(escapeText('a \n b')), 'a<␣><\\n><␣>b');
  assert.equal(joined(escapeBytes(Uint8Array.from([0x20, 0xff, 0x20]))), '<␣><\\xff><␣>');
  assert.deepEqual(escapeText('␣'), [{ text: '␣', look: 'plain' }], 'the sign itself can be told');
});

test('no white space at all is left to be guessed', () => {
  const spaces = [...'\t\n\v\f\r\u0085\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000'];
  const unseen = [
    ...'\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2066\u2069\u3164\uffa0\u115f\u2800\ufe0f\u034f',
  ];
  for (const character of [...spaces, ...unseen]) {
    const [segment] = escapeText(character);
    assert.equal(segment?.look, 'escape', `U+${character.codePointAt(0)?.toString(16)}`);
  }
});

test('bytes that are not UTF-8 stand between those that are', () => {
  const bytes = Uint8Array.from([0xff, 0x41, 0xc3, 0xa9, 0xc3, 0xed, 0xa0, 0x80, 0xf0, 0x9f]);
  assert.equal(joined(escapeBytes(bytes)), '<\\xff>Aé<\\xc3\\xed\\xa0\\x80\\xf0\\x9f>');
});

test('a byte order mark in bytes is shown, not swallowed', () => {
  assert.equal(joined(escapeBytes(Uint8Array.from([0xef, 0xbb, 0xbf, 0x41]))), '<\\u{feff}>A');
});

test('a preview ends between characters and says that there is more', () => {
  const { segments, cut } = previewPayload(payload('ab🎉cd'), 3);
  assert.equal(joined(segments), 'ab');
  assert.equal(cut, true);
  assert.equal(previewPayload(payload('abc'), 3).cut, false);
});

test('a preview of bytes decodes no more than it shows', () => {
  const bytes = Uint8Array.from({ length: 100 }, () => 0xfe);
  const { segments, cut } = previewPayload(payload(bytes), 4);
  assert.equal(joined(segments), '<\\xfe\\xfe\\xfe\\xfe>');
  assert.equal(cut, true);
});

test('a payload that the server cut counts as cut', () => {
  assert.equal(previewPayload({ ...payload('abc'), truncated: true }, 10).cut, true);
});
