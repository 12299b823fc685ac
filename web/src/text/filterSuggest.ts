/** What may be typed next in the filter line. */
import { FILTER_KEYS, isListKey } from '../store/filter';
import { readTokens } from './filterText';
import { KEY_RULES, RANGE_NAMES, RANGE_NOTES } from './filterValues';

export interface Suggestion {
  /** What takes the place of the token at the caret. */
  insert: string;
  note: string;
}

export interface Choices {
  services: readonly string[];
  outcomes: readonly string[];
  faults: readonly string[];
  clients: readonly { id: number; address: string; service: string }[];
}

/** Of clients there may be thousands. */
const CLIENTS_MAX = 50;

const KEYS: readonly Suggestion[] = [
  ...FILTER_KEYS.filter((key) => !key.endsWith('_not')).map((key) => ({
    insert: `${key}:`,
    note: KEY_RULES[key].note + (isListKey(key) ? `; all but: -${key}:` : ''),
  })),
  ...RANGE_NAMES.map((name) => ({ insert: `${name}:`, note: RANGE_NOTES[name] })),
];
const CONTRARIES: readonly Suggestion[] = FILTER_KEYS.flatMap((key) =>
  isListKey(key) ? [{ insert: `-${key}:`, note: KEY_RULES[`${key}_not`].note }] : [],
);

/** What may stand where the caret is. */
export function suggest(line: string, caret: number, choices: Choices): Suggestion[] {
  const token = tokenAt(line, caret);
  const typed = line.slice(token.from, caret).toLowerCase();
  const colon = typed.indexOf(':');
  const found =
    colon < 0
      ? keySuggestions(typed.replace(/^!/, '-'))
      : valueSuggestions(typed.slice(0, colon), typed.slice(colon + 1), choices);
  return found.filter(({ insert }) => insert !== typed);
}

export function tokenAt(line: string, caret: number): { from: number; to: number } {
  const token = readTokens(line).find(({ from, to }) => from <= caret && caret <= to);
  return token ?? { from: caret, to: caret };
}

function keySuggestions(typed: string): Suggestion[] {
  const keys = typed.startsWith('-') ? CONTRARIES : KEYS;
  return keys.filter(({ insert }) => insert.startsWith(typed));
}

/** Of a list the last part is completed. */
function valueSuggestions(name: string, typed: string, choices: Choices): Suggestion[] {
  const comma = typed.lastIndexOf(',') + 1;
  const before = `${name}:${typed.slice(0, comma)}`;
  const part = typed.slice(comma);
  const stated = typed.slice(0, comma).split(',');
  const of = (values: readonly string[]) =>
    values
      .filter((value) => value.includes(part) && !stated.includes(value))
      .map((value) => ({ insert: before + value, note: '' }));
  const key = name.replace(/^[-!]|_not$/g, '');
  if (key === 'service') return of(choices.services);
  if (key === 'outcome') return of(choices.outcomes);
  if (key === 'fault') return of(choices.faults);
  if (key === 'address') return of([...new Set(choices.clients.map(hostOf))]).slice(0, CLIENTS_MAX);
  if (key !== 'client') return [];
  return choices.clients
    .filter(({ id, address }) => String(id) === part || address.includes(part))
    .slice(0, CLIENTS_MAX)
    .map(({ id, address, service }) => ({ insert: before + id, note: `${address} ${service}` }));
}

function hostOf({ address }: { address: string }): string {
  return address.replace(/^\[(.*)\]:\d+$/, '$1').replace(/^([\d.]+):\d+$/, '$1');
}
