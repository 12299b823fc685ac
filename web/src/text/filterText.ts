/**
 * A filter as one line of text: `service:udp-upper min_size:100 hello world`. Names are those of the
 * API; words without a name are what the text has to contain.
 */
import {
  FILTER_KEYS,
  type Filter,
  type FilterKey,
  filterEntries,
  isFilterKey,
} from '../store/filter';

/** What the line may refer to. A list that is empty is not known yet: the gateway then judges. */
export interface Vocabulary {
  services: readonly string[];
  outcomes: readonly string[];
  /** The id of the client with this address, where there is one. */
  clientId: (address: string) => number | null;
  /** The address of a client with this port, where no client has it as its number. */
  portOwner: (port: string) => string | null;
  now: Date;
}

export type ReadFilter = { filter: Filter } | { problem: string };

export interface Token {
  key: FilterKey | null;
  value: string;
  /** What stands before the colon and is no key. */
  name: string;
  from: number;
  to: number;
}

const TOKEN = /([-!]?[A-Za-z_]+):(?=\s|$)|(?:([-!]?[A-Za-z_]+):)?(?:"((?:[^"\\]|\\.)*)"?|(\S+))/g;

export function readTokens(line: string): Token[] {
  return Array.from(line.matchAll(TOKEN), (match) => {
    const [whole, bare, name, quoted, plain] = match;
    const key = bare ?? name ?? '';
    const value = quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '';
    const place = { from: match.index, to: match.index + whole.length };
    if (isFilterKey(key)) return { key, value, name: '', ...place };
    return { key: null, value: key ? whole : value, name: key, ...place };
  });
}

export function readFilter(line: string, vocabulary: Vocabulary): ReadFilter {
  const filter: Partial<Record<FilterKey, string>> = {};
  const words: string[] = [];
  for (const { key, value, name } of readTokens(spacedHex(line))) {
    if (name) return { problem: unknownKey(name) };
    if (key === null) {
      words.push(value);
      continue;
    }
    const owner = key === 'client' ? vocabulary.portOwner(value) : null;
    if (owner) return { problem: `client ${value} is not known: did you mean client:${owner}?` };
    const read = READERS[key](value, vocabulary);
    if (read === null) return { problem: `${key}: ${EXPECTED[key](vocabulary)}` };
    const before = filter[key];
    // Either of two services or outcomes may match; of anything else there is one.
    const joins = key === 'service' || key === 'outcome';
    if (before !== undefined && !joins) return { problem: `${key} stands twice` };
    filter[key] = before === undefined ? read : `${before},${read}`;
  }
  if (words.length === 0) return { filter };
  if (filter.text !== undefined) return { problem: 'text stands twice' };
  return { filter: { ...filter, text: words.join(' ') } };
}

/** "hex:68 65 6c" is what the page copies: the pairs that follow belong to it. */
function spacedHex(line: string): string {
  return line.replace(
    /(^|\s)hex:((?:[0-9a-fA-F]{2})(?:\s+[0-9a-fA-F]{2})+)(?=\s|$)/g,
    (_, before: string, pairs: string) => `${before}hex:${pairs.replace(/\s+/g, '')}`,
  );
}

/** A name before a colon is meant as a key: it is never taken for text without a word. */
function unknownKey(name: string): string {
  const bare = name.replace(/^[-!]/, '').toLowerCase();
  const near = FILTER_KEYS.find((key) => key === bare) ?? nearestKey(bare);
  const hint = near ? `did you mean ${near}:?` : `there are ${FILTER_KEYS.join(', ')}`;
  return `there is no ${name}: ${hint} As text: "${name}:…"`;
}

const NEAR = 2;

function nearestKey(name: string): FilterKey | null {
  const part = FILTER_KEYS.find(
    (key) => name.length > 2 && (key.includes(name) || name.includes(key)),
  );
  if (part) return part;
  const ranked = FILTER_KEYS.map((key) => ({ key, far: distance(name, key) }));
  const [best] = ranked.sort((one, other) => one.far - other.far);
  return best && best.far <= NEAR ? best.key : null;
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

export function writeFilter(filter: Filter): string {
  return filterEntries(filter)
    .map(([key, value]) =>
      key === 'text' && isPlainWords(value) ? value : `${key}:${quote(value)}`,
    )
    .sort((a, b) => Number(!a.includes(':')) - Number(!b.includes(':')))
    .join(' ');
}

function isPlainWords(text: string): boolean {
  return !/["\\:]|^\s|\s$|\s\s|[^\S ]/.test(text);
}

function quote(value: string): string {
  return /[\s"\\]/.test(value) || value === '' ? `"${value.replace(/["\\]/g, '\\$&')}"` : value;
}

type Reader = (value: string, vocabulary: Vocabulary) => string | null;

function names(allowed: (vocabulary: Vocabulary) => readonly string[]): Reader {
  return (value, vocabulary) => {
    const known = allowed(vocabulary);
    const good = (name: string) => name !== '' && (known.length === 0 || known.includes(name));
    return value.split(',').every(good) ? value : null;
  };
}

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** RFC 3339 as it is; "5m" is that long ago; "14:30" is today by this machine's clock. */
function readTime(value: string, { now }: Vocabulary): string | null {
  if (RFC3339.test(value)) return Number.isNaN(Date.parse(value)) ? null : value;
  if (/^(?:\d{1,6}[smhd])+$/.test(value)) {
    const parts = value.match(/\d+[smhd]/g) ?? [];
    const ago = parts.reduce(
      (sum, part) => sum + Number.parseInt(part, 10) * (UNITS[part.slice(-1)] ?? 0),
      0,
    );
    return new Date(now.getTime() - ago).toISOString();
  }
  const [, hour, minute, second] = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/.exec(value) ?? [];
  if (!hour || !minute) return null;
  const day = new Date(now);
  day.setHours(Number(hour), Number(minute), Number(second ?? 0), 0);
  return day.toISOString();
}

const SIZES: Record<string, number> = { '': 1, k: 1024, m: 1024 * 1024 };

/** "1k" is 1024 bytes. */
function readSize(value: string): string | null {
  const [, count, unit = ''] = /^(\d{1,9})([kKmM]?)$/.exec(value) ?? [];
  return count ? String(Number(count) * (SIZES[unit.toLowerCase()] ?? 1)) : null;
}

const READERS: Record<FilterKey, Reader> = {
  service: names(({ services }) => services),
  outcome: names(({ outcomes }) => outcomes),
  client: (value, { clientId }) => (/^[1-9]\d{0,15}$/.test(value) ? value : id(clientId(value))),
  text: (value) => value || null,
  hex: (value) => (/^(?:[0-9a-fA-F]{2})+$/.test(value) ? value : null),
  min_size: readSize,
  since: readTime,
  until: readTime,
};

function id(found: number | null): string | null {
  return found === null ? null : String(found);
}

const A_TIME = () => '14:30, or 5m ago, or 2026-01-31T12:00:00Z';
const EXPECTED: Record<FilterKey, (vocabulary: Vocabulary) => string> = {
  service: ({ services }) => services.join(', '),
  outcome: ({ outcomes }) => outcomes.join(', '),
  client: () => 'the number or the address of a client',
  text: () => 'at least one character',
  hex: () => 'pairs of hexadecimal digits, as in 48656c6c6f',
  min_size: () => 'a number of bytes, as in 100 or 4k',
  since: A_TIME,
  until: A_TIME,
};

export interface Suggestion {
  /** What takes the place of the token at the caret. */
  insert: string;
  note: string;
}

export interface Choices {
  services: readonly string[];
  outcomes: readonly string[];
  clients: readonly { id: number; address: string; service: string }[];
}

const NOTES: Record<FilterKey, string> = {
  service: 'one of the servers',
  client: 'number or address',
  outcome: 'what became of it',
  text: 'contains these characters',
  hex: 'contains these bytes',
  min_size: 'received at least so many bytes',
  since: 'not before 14:30, or 5m ago',
  until: 'before a time',
};
const SUGGESTIONS_MAX = 16;

/** What may stand where the caret is. */
export function suggest(line: string, caret: number, choices: Choices): Suggestion[] {
  const token = tokenAt(line, caret);
  const typed = line.slice(token.from, caret).toLowerCase();
  const colon = typed.indexOf(':');
  const found =
    colon < 0
      ? keySuggestions(typed)
      : valueSuggestions(typed.slice(0, colon), typed.slice(colon + 1), choices);
  return found.filter(({ insert }) => insert !== typed).slice(0, SUGGESTIONS_MAX);
}

export function tokenAt(line: string, caret: number): { from: number; to: number } {
  const token = readTokens(line).find(({ from, to }) => from <= caret && caret <= to);
  return token ?? { from: caret, to: caret };
}

function keySuggestions(typed: string): Suggestion[] {
  return FILTER_KEYS.filter((key) => key.startsWith(typed)).map((key) => ({
    insert: `${key}:`,
    note: NOTES[key],
  }));
}

function valueSuggestions(key: string, typed: string, choices: Choices): Suggestion[] {
  const of = (list: readonly string[], note: string) =>
    list.filter((name) => name.includes(typed)).map((name) => ({ insert: `${key}:${name}`, note }));
  if (key === 'service') return of(choices.services, '');
  if (key === 'outcome') return of(choices.outcomes, '');
  if (key !== 'client') return [];
  return choices.clients
    .filter(({ id: number, address }) => String(number) === typed || address.includes(typed))
    .map(({ id: number, address, service }) => ({
      insert: `client:${number}`,
      note: `${address} ${service}`,
    }));
}
