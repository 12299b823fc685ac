/** The API's message filters: each is text under the name of its query parameter. */
export const FILTER_KEYS = [
  'service',
  'client',
  'outcome',
  'text',
  'hex',
  'min_size',
  'since',
  'until',
] as const;

export type FilterKey = (typeof FILTER_KEYS)[number];
export type Filter = Readonly<Partial<Record<FilterKey, string>>>;

export const NO_FILTER: Filter = {};

export function isFilterKey(name: string): name is FilterKey {
  return (FILTER_KEYS as readonly string[]).includes(name);
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
