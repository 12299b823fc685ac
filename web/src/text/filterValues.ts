/** What each key of a filter takes: how a value is read, and what to say where it cannot be. */
import type { FilterKey } from '../store/filter';
import { type Clock, readTime } from './filterTimes';

/** What the line may refer to. A list that is empty is not known yet: the server then judges. */
export interface Vocabulary extends Clock {
  services: readonly string[];
  outcomes: readonly string[];
  faults: readonly string[];
  /** The address of a client with this port, where no client has it as its number. */
  portOwner: (port: string) => string | null;
}

type Reader = (value: string, vocabulary: Vocabulary) => string | null;

interface KeyRule {
  read: Reader;
  expected: (vocabulary: Vocabulary) => string;
  note: string;
}

/** Every part of a list has to be good. */
function list(read: (part: string, vocabulary: Vocabulary) => string | null): Reader {
  return (value, vocabulary) => {
    const parts = value.split(',').map((part) => read(part.trim(), vocabulary));
    return parts.includes(null) ? null : parts.join(',');
  };
}

/** In any case; the page writes "after close" for after_close. */
function oneOf(part: string, known: readonly string[]): string | null {
  const lower = part.toLowerCase();
  if (known.length === 0) return lower || null;
  return known.find((name) => name === lower || name === lower.replace(/[\s-]/g, '_')) ?? null;
}

function readPort(part: string): string | null {
  return /^\d{1,5}$/.test(part) && Number(part) >= 1 && Number(part) <= 65535
    ? String(Number(part))
    : null;
}

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?$/;
const IPV6 =
  /^(?:\[[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(?:%[\w.-]+)?\](?::\d{1,5})?|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(?:%[\w.-]+)?)$/;

/** Looks like an IP address, with or without a port; the server judges the rest. */
export function isAddress(text: string): boolean {
  return IPV4.test(text) || (IPV6.test(text) && /[0-9a-fA-F:]{2}/.test(text));
}

function readAddress(part: string): string | null {
  return isAddress(part) || part === 'unix:' || part === 'unix'
    ? part.replace(/^unix$/, 'unix:')
    : null;
}

const SIZE = /^\d+(?:[kmgt](?:i?b)?)?$/i;

/** With the API's units, as typed; the page writes 1,024 with a comma. */
export function readSize(value: string): string | null {
  const plain = value.replace(/^\d{1,3}(?:,\d{3})+$/, (digits) => digits.replaceAll(',', ''));
  return SIZE.test(plain) ? plain : null;
}

function readHex(value: string): string | null {
  const digits = value.replace(/\s+|^0x/gi, '');
  return /^(?:[0-9a-fA-F]{2})+$/.test(digits) ? digits : null;
}

function readNumber(value: string): string | null {
  return /^\d{1,15}$/.test(value) ? value : null;
}

const CLIENT = /^[1-9]\d{0,15}$/;
const service: KeyRule = {
  read: list((part, { services }) => oneOf(part, services)),
  expected: ({ services }) => services.join(', '),
  note: 'one of the servers',
};
const client: KeyRule = {
  read: list((part) => (CLIENT.test(part) ? part : null)),
  expected: () => 'the number of a client (address: finds an address, port: a port)',
  note: 'by number; of TCP it is one connection',
};
const address: KeyRule = {
  read: list(readAddress),
  expected: () => 'an IP address with or without port, as in 127.0.0.1 or [::1]:1600, or unix:',
  note: 'of the client, with or without port',
};
const port: KeyRule = {
  read: list(readPort),
  expected: () => 'the port of a client, 1 to 65535',
  note: 'of the client',
};
const outcome: KeyRule = {
  read: list((part, { outcomes }) => oneOf(part, outcomes)),
  expected: ({ outcomes }) => outcomes.join(', '),
  note: 'what became of it',
};
const fault: KeyRule = {
  read: list((part, { faults }) => oneOf(part, faults)),
  expected: ({ faults }) => faults.join(', '),
  note: 'what fault rules did to it',
};

function size(note: string): KeyRule {
  return { read: readSize, expected: () => 'a number of bytes, as in 100 or 4k', note };
}

function time(note: string): KeyRule {
  return {
    read: readTime,
    expected: () => '14:30, or 5m (so long ago), or 2026-01-31T12:00:00Z',
    note,
  };
}

const but = (rule: KeyRule, what: string): KeyRule => ({ ...rule, note: `all but ${what}` });

export const KEY_RULES: Record<FilterKey, KeyRule> = {
  service,
  service_not: but(service, 'of this server'),
  client,
  client_not: but(client, 'of this client'),
  address,
  address_not: but(address, 'from there'),
  port,
  port_not: but(port, 'from there'),
  outcome,
  outcome_not: but(outcome, 'those'),
  fault,
  fault_not: but(fault, 'those'),
  text: {
    read: (value) => value || null,
    expected: () => 'at least one character',
    note: 'contains these characters',
  },
  hex: {
    read: readHex,
    expected: () => 'pairs of hexadecimal digits, as in 48656c6c6f',
    note: 'contains these bytes',
  },
  min_size: size('the longer side has at least so many bytes'),
  max_size: size('the longer side has at most so many bytes'),
  min_received: size('received at least so many bytes'),
  max_received: size('received at most so many bytes'),
  min_sent: size('sent at least so many bytes'),
  max_sent: size('sent at most so many bytes'),
  since: time('not before 14:30, or 5m ago'),
  until: time('before a time'),
  after: {
    read: readNumber,
    expected: () => 'the number of a message',
    note: 'messages with a higher number',
  },
};

/** "size:5" is both bounds at once, "size:5..90" one each. */
export const RANGE_NAMES = ['size', 'received', 'sent'] as const;
export type RangeName = (typeof RANGE_NAMES)[number];
export const RANGE_NOTES: Record<RangeName, string> = {
  size: 'of the longer side, as in 100 or 10..4k',
  received: 'so many bytes, as in 100 or 10..4k',
  sent: 'so many bytes, as in 100 or 10..4k',
};
export const RANGE_EXPECTED = 'a number of bytes or a range, as in 100, 10..4k, 10.. or ..4k';

export function isRangeName(name: string): name is RangeName {
  return (RANGE_NAMES as readonly string[]).includes(name);
}

export function readRange(name: RangeName, value: string): [FilterKey, string][] | null {
  const [, low = '', dots, high = ''] = /^([^.]*)(?:(\.\.)([^.]*))?$/.exec(value) ?? [];
  const bounds: [FilterKey, string][] = [
    [`min_${name}`, low],
    [`max_${name}`, dots ? high : low],
  ];
  const given = bounds.filter(([, text]) => text !== '');
  const read = given.map(([key, text]): [FilterKey, string | null] => [key, readSize(text)]);
  const good = read.filter((entry): entry is [FilterKey, string] => entry[1] !== null);
  return good.length > 0 && good.length === given.length ? good : null;
}

/** May what stands there become one of the names that are known? */
export function isBeginning(key: FilterKey, value: string, vocabulary: Vocabulary): boolean {
  const { services, outcomes, faults } = vocabulary;
  const names: Record<string, readonly string[]> = {
    service: services,
    outcome: outcomes,
    fault: faults,
  };
  const known = names[key.replace(/_not$/, '')] ?? [];
  const last = (value.split(',').at(-1) ?? '').toLowerCase();
  return known.length === 0 || known.some((name) => name.includes(last));
}
