/**
 * A filter as one line of text: `service:udp-upper -outcome:replied size:10..4k hello world`. Names
 * are those of the API; words without a name are the text that has to occur, as one phrase.
 */
import {
  type Filter,
  type FilterKey,
  filterEntries,
  isFilterKey,
  isListKey,
  takesList,
} from '../store/filter';
import { hexWords, noContrary, quoted, unknownKey, unquoted, wordProblem } from './filterHints';
import { type Clock, writeTime } from './filterTimes';
import {
  isAddress,
  isBeginning,
  isRangeName,
  KEY_RULES,
  RANGE_EXPECTED,
  RANGE_NAMES,
  readRange,
  type Vocabulary,
} from './filterValues';

/** `unfinished`: what stands from `from` to `to` may become right as it is typed on. */
export interface Problem {
  problem: string;
  from: number;
  to: number;
  unfinished: boolean;
}

export type ReadFilter = { filter: Filter } | Problem;

export interface Token {
  /** What stands before the colon, with its sign; empty for a word. */
  name: string;
  value: string;
  isQuoted: boolean;
  from: number;
  to: number;
}

/** Pairs of digits as 'Copy hex' gives them, a time as the page shows it: blanks belong to these. */
const HEX = String.raw`([-!]?hex):([0-9a-f]{2}(?:\s+[0-9a-f]{2})+)(?=\s|$)`;
const ZONE = String.raw`(?:\s+(?:UTC|[+-]\d\d:\d\d))?(?=\s|$)`;
const TIME = String.raw`([-!]?(?:since|until)):((?:\d{4}-\d\d-\d\d\s+)?\d{1,2}:\d\d[\d:.]*${ZONE})`;
const QUOTED = String.raw`"((?:[^"\\]|\\.)*)"?`;
const NAMED = String.raw`([-!]?[a-z][\w-]*):(?:${QUOTED}|(\S*))`;
const TOKEN = new RegExp(String.raw`${HEX}|${TIME}|${NAMED}|${QUOTED}|(\S+)`, 'gi');

export function readTokens(line: string): Token[] {
  return Array.from(line.matchAll(TOKEN), (match) => {
    const [whole, hexName, hex, timeName, time, name, named, plain, phrase, word] = match;
    const inner = named ?? phrase;
    return {
      name: hexName ?? timeName ?? name ?? '',
      value: inner === undefined ? (hex ?? time ?? plain ?? word ?? '') : unquoted(inner),
      isQuoted: inner !== undefined,
      from: match.index,
      to: match.index + whole.length,
    };
  });
}

type Entries = [FilterKey, string][];

export function readFilter(line: string, vocabulary: Vocabulary): ReadFilter {
  const filter: Partial<Record<FilterKey, string>> = {};
  const tokens = readTokens(line);
  for (const token of tokens.filter(({ name }) => name)) {
    const read = readNamed(token, vocabulary);
    if ('problem' in read) return read;
    for (const [key, value] of read.entries) {
      const before = filter[key];
      if (before !== undefined && !takesList(key)) return failed(token, `${key} stands twice`);
      filter[key] = before === undefined ? value : `${before},${value}`;
    }
  }
  const words = readWords(line, tokens);
  if (words === null) return { filter };
  if ('problem' in words) return words;
  if (filter.text !== undefined)
    return { ...words.at, problem: 'text stands twice', unfinished: false };
  return { filter: { ...filter, text: words.text } };
}

function failed({ from, to }: Token, problem: string, unfinished = false): Problem {
  return { problem, from, to, unfinished };
}

function readNamed(token: Token, vocabulary: Vocabulary): { entries: Entries } | Problem {
  const { name, value } = token;
  const isContrary = /^[-!]/.test(name);
  const bare = name.replace(/^[-!]/, '').toLowerCase();
  if (isContrary && !isListKey(bare) && (isFilterKey(bare) || isRangeName(bare)))
    return failed(token, noContrary(bare));
  if (isRangeName(bare)) {
    const entries = readRange(bare, value);
    return entries ? { entries } : failed(token, `${bare}: ${RANGE_EXPECTED}`, true);
  }
  const key = isContrary ? `${bare}_not` : bare;
  if (!isFilterKey(key)) return failed(token, unknownKey(name, value));
  return readKey(key, token, vocabulary);
}

function readKey(
  key: FilterKey,
  token: Token,
  vocabulary: Vocabulary,
): { entries: Entries } | Problem {
  const { value } = token;
  if (key === 'client' || key === 'client_not') {
    const isNot = key === 'client_not';
    // The page shows a client as its address.
    if (isAddress(value)) return { entries: [[isNot ? 'address_not' : 'address', value]] };
    if (vocabulary.portOwner(value))
      return failed(
        token,
        `client ${value} is not known: did you mean ${isNot ? '-' : ''}port:${value}?`,
        true,
      );
  }
  const { read, expected } = KEY_RULES[key];
  const result = read(value, vocabulary);
  if (result !== null) return { entries: [[key, result]] };
  const unfinished = isBeginning(key, value, vocabulary);
  return failed(token, `${token.name}: ${expected(vocabulary)}`, unfinished);
}

/** What stands without a key, with the blanks between words that stand together. */
function readWords(
  line: string,
  tokens: readonly Token[],
): { text: string; at: { from: number; to: number } } | Problem | null {
  let text = '';
  let last: Token | null = null;
  const words = tokens.filter(({ name }) => !name);
  for (const token of words) {
    const problem = token.isQuoted ? null : wordProblem(token.value);
    if (problem) return failed(token, problem, true);
    const between = last ? line.slice(last.to, token.from) : '';
    text += (between.trim() ? ' ' : between) + token.value;
    last = token;
  }
  const [first] = words;
  if (!first || !last) return null;
  if (text === '') return failed(first, 'text: at least one character', true);
  const at = { from: first.from, to: last.to };
  const problem = words.some(({ isQuoted }) => isQuoted) ? null : hexWords(text);
  return problem ? { ...at, problem, unfinished: true } : { text, at };
}

export function writeFilter(filter: Filter, clock: Clock): string {
  const rest = { ...filter };
  const ranges = RANGE_NAMES.flatMap((name) => {
    const both = filter[`min_${name}`];
    if (both === undefined || both !== filter[`max_${name}`]) return [];
    delete rest[`min_${name}`];
    delete rest[`max_${name}`];
    return [`${name}:${both}`];
  });
  const named = filterEntries(rest).filter(([key]) => key !== 'text');
  const { text } = filter;
  return [
    ...named.map(([key, value]) => writeEntry(key, value, clock)),
    ...ranges,
    ...(text === undefined ? [] : [writeText(text)]),
  ].join(' ');
}

function writeEntry(key: FilterKey, value: string, clock: Clock): string {
  const name = key.replace(/^(.*)_not$/, '-$1');
  const isTime = key === 'since' || key === 'until';
  const text = isTime ? writeTime(value, clock) : value;
  return `${name}:${/[\s"\\]/.test(text) || text === '' ? quoted(text) : text}`;
}

/** Words stand as they are where they are read as just that. */
function writeText(text: string): string {
  const tokens = readTokens(text);
  const isPlain = tokens.every(({ name, isQuoted }) => !name && !isQuoted);
  const words = isPlain && !/["\\]|[^\S ]/.test(text) ? readWords(text, tokens) : null;
  return words && 'text' in words && words.text === text ? text : quoted(text);
}

/** Text from the clipboard: a field of one line would drop its line ends. */
export function pasted(text: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what such a field drops
  return /[\x00-\x08\x0a-\x1f]/.test(text.replace(/\r?\n$/, '')) ? quoted(text) : null;
}
