import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeForTyping, unescapeText } from './unescape';

function bytesOf(text: string): number[] {
  const result = unescapeText(text);
  return 'bytes' in result ? [...result.bytes] : [];
}

test('escapes become bytes, everything else UTF-8', () => {
  assert.deepEqual(
    bytesOf('a\\n\\xff\\0é\\u{e9}\\\\'),
    [97, 10, 255, 0, 0xc3, 0xa9, 0xc3, 0xa9, 92],
  );
  assert.deepEqual(unescapeText('plain'), {
    bytes: new TextEncoder().encode('plain'),
    escaped: false,
  });
});

test('an unknown escape is named', () => {
  for (const text of ['\\q', '\\x1', '\\u{110000}', '\\u{d800}', 'end\\'])
    assert.ok('problem' in unescapeText(text), text);
});

test('text that was received can be typed again', () => {
  const text = 'a\\b\r\n\0\x1b7é🎉';
  assert.deepEqual(bytesOf(escapeForTyping(text)), [...new TextEncoder().encode(text)]);
});
