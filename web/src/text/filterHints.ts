/** What is meant as a key and is none: it is never taken for text without a word. */
import { FILTER_KEYS, LIST_KEYS } from '../store/filter';
import { isAddress, RANGE_NAMES } from './filterValues';

const NAMES: readonly string[] = [...FILTER_KEYS, ...RANGE_NAMES];

/** Names that other tools use, and columns of the page that are no filter. */
const MEANT: Record<string, string> = {
  addr: 'address',
  before: 'until',
  bytes: 'size',
  contains: 'text',
  from: 'since',
  host: 'address',
  ip: 'address',
  length: 'size',
  listener: 'service',
  peer: 'address',
  reply: 'sent',
  result: 'outcome',
  server: 'service',
  state: 'outcome',
  status: 'outcome',
  time: 'since',
  to: 'until',
};
const NO_FILTERS: Record<string, (value: string) => string> = {
  seq: message,
  no: message,
  number: message,
  message,
  line_end: () => 'hex:0d0a finds \\r\\n, hex:0a finds \\n.',
  took: () => 'the log has no filter by duration.',
};

function message(value: string): string {
  const number = /^\d{1,15}$/.test(value) ? value : 'N';
  return `open it by adding #show=message:${number} to the page's address; after: finds those behind it.`;
}

/** `name` is as it was typed, with its sign. */
export function unknownKey(name: string, value: string): string {
  const sign = /^[-!]/.test(name) ? '-' : '';
  const bare = name.replace(/^[-!]/, '').toLowerCase();
  const advice = NO_FILTERS[bare]?.(value) ?? suggestion(bare, sign);
  return `there is no ${name}: ${advice} As text: ${quoted(`${name}:${value}`)}`;
}

function suggestion(bare: string, sign: string): string {
  const near = meantKey(bare);
  return near ? `did you mean ${sign}${near}:?` : `there are ${NAMES.filter(isShown).join(', ')}.`;
}

function isShown(name: string): boolean {
  return !name.endsWith('_not');
}

/** A sign in front of a key that has no contrary. */
export function noContrary(key: string): string {
  const opposite: Record<string, string> = { since: 'until', until: 'since' };
  const other =
    opposite[key] ?? key.replace(/^(min|max)_/, (_, end) => (end === 'min' ? 'max_' : 'min_'));
  const use = other === key ? '' : ` Use ${other}:.`;
  const can = LIST_KEYS.map((name) => `-${name}:`).join(', ');
  return `${key}: cannot be left out; ${can} can.${use}`;
}

/** What a word may have been meant as, when it is not plainly text; null for what is. */
export function wordProblem(word: string): string | null {
  const asText = `As text: ${quoted(word)}`;
  const [, left, right] = /^[-!]?([A-Za-z][\w-]*)(?:=|[<>]=?)(.*)$/.exec(word) ?? [];
  const key = left && meantKey(left.toLowerCase());
  if (key) return `a colon is missing: did you mean ${key}:${right}? ${asText}`;
  if (isAddress(word)) return `did you mean address:${word}? ${asText}`;
  if (/^[-!][A-Za-z]/.test(word))
    return `text cannot be left out, only -service:… and the like. ${asText}`;
  if (/^:/.test(word)) return `a key is missing before ${word} ${asText}`;
  if (/\\(?:[nrt\\]|x[0-9a-fA-F]{2})/.test(word))
    return `for a line end write "${word.replaceAll('"', '\\"')}" in quotes; for these characters: ${quoted(word)}`;
  return null;
}

/** What 'Copy hex' gives, without the key. */
export function hexWords(words: string): string | null {
  if (!/^[0-9a-fA-F]{2}(?:\s+[0-9a-fA-F]{2})+$/.test(words)) return null;
  return `did you mean hex:${words}? As text: ${quoted(words)}`;
}

const ESCAPES: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

export function quoted(text: string): string {
  const inner = text.replace(/["\\]/g, '\\$&').replace(/[\n\r\t]/g, (one) => ESCAPES[one] ?? one);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what a field of one line drops
  return `"${inner.replace(/[\x00-\x1f\x7f]/g, hexEscape)}"`;
}

function hexEscape(one: string): string {
  return `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

export function unquoted(inner: string): string {
  return inner.replace(/\\(x[0-9a-fA-F]{2}|.)/g, (_, code: string) => {
    if (code.length > 1) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return { n: '\n', r: '\r', t: '\t' }[code] ?? code;
  });
}

/** How many letters may be wrong. */
const NEAR = 2;

function meantKey(name: string): string | null {
  if (NAMES.includes(name)) return name;
  const meant = MEANT[name] ?? NAMES.find((key) => name.length > 2 && key.startsWith(name));
  if (meant) return meant;
  const ranked = NAMES.map((key) => ({ key, far: distance(name, key) }));
  const [best] = ranked.sort((one, other) => one.far - other.far);
  if (best?.far === 1) return best.key;
  const part = NAMES.find((key) => name.includes(key));
  return part ?? (best && best.far <= NEAR && best.key.length > NEAR + 1 ? best.key : null);
}

/** How many letters have to be changed, put in or left out. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + Number(a[i - 1] !== b[j - 1]);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
