/** Text as a person types it, with escapes for what cannot be typed, as bytes. */
export type Unescaped = { bytes: Uint8Array; escaped: boolean } | { problem: string };

const ESCAPE = /\\(?:([\\nrt0])|x([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{1,6})\}|(.|$))/gsu;
const SHORT: Record<string, number> = { n: 10, r: 13, t: 9, '0': 0, '\\': 92 };

export function unescapeText(text: string): Unescaped {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const match of text.matchAll(ESCAPE)) {
    const [whole, short, hex, point] = match;
    const bytes = escapeBytes(short, hex, point);
    if (!bytes)
      return { problem: `${whole} is no escape: \\n \\r \\t \\0 \\\\ \\xff \\u{1f600} are` };
    parts.push(encoder.encode(text.slice(at, match.index)), bytes);
    at = match.index + whole.length;
  }
  parts.push(encoder.encode(text.slice(at)));
  return { bytes: joinBytes(parts), escaped: parts.length > 1 };
}

function escapeBytes(short?: string, hex?: string, point?: string): Uint8Array | null {
  if (short !== undefined) return Uint8Array.of(SHORT[short] ?? 0);
  if (hex !== undefined) return Uint8Array.of(Number.parseInt(hex, 16));
  if (point === undefined) return null;
  const code = Number.parseInt(point, 16);
  const surrogate = code >= 0xd800 && code < 0xe000;
  return code > 0x10ffff || surrogate ? null : new TextEncoder().encode(String.fromCodePoint(code));
}

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The same the other way: what `unescapeText` reads back as these characters. */
export function escapeForTyping(text: string): string {
  const names: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
  return text.replace(/[\\\n\r\t]|\p{Cc}/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return names[character] ?? (code === 0 ? '\\x00' : `\\u{${code.toString(16)}}`);
  });
}
