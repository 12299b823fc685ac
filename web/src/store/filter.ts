/** The keys that take a list, separated by commas. Each has its contrary, which ends in `_not`. */
export const LIST_KEYS = ['service', 'client', 'address', 'port', 'outcome', 'fault'] as const;
export type ListKey = (typeof LIST_KEYS)[number];

/** The API's message filters: each is text under the name of its query parameter. */
export const FILTER_KEYS = [
  'service',
  'service_not',
  'client',
  'client_not',
  'address',
  'address_not',
  'port',
  'port_not',
  'outcome',
  'outcome_not',
  'fault',
  'fault_not',
  'text',
  'hex',
  'min_size',
  'max_size',
  'min_received',
  'max_received',
  'min_sent',
  'max_sent',
  'since',
  'until',
  'after',
] as const;

export type FilterKey = (typeof FILTER_KEYS)[number];
export type Filter = Readonly<Partial<Record<FilterKey, string>>>;

export const NO_FILTER: Filter = {};

export function isFilterKey(name: string): name is FilterKey {
  return (FILTER_KEYS as readonly string[]).includes(name);
}

export function isListKey(name: string): name is ListKey {
  return (LIST_KEYS as readonly string[]).includes(name);
}

/** Whether a second value of the key joins the first: of anything else there is one. */
export function takesList(key: FilterKey): boolean {
  return isListKey(key.replace(/_not$/, ''));
}

export function isEmptyFilter(filter: Filter): boolean {
  return Object.keys(filter).length === 0;
}

/** In one order, so that two equal filters are equal as text. */
export function filterEntries(filter: Filter): [FilterKey, string][] {
  return FILTER_KEYS.flatMap((key) => {
    const value = filter[key];
    return value === undefined ? [] : [[key, value] as [FilterKey, string]];
  });
}

export function filterQuery(filter: Filter): string {
  return new URLSearchParams(filterEntries(filter)).toString();
}

export function sameFilter(a: Filter, b: Filter): boolean {
  return filterQuery(a) === filterQuery(b);
}
