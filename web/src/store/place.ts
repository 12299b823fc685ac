/** Where the page stands, as its address says it after the #: a filter, and what is looked at. */
import { type Filter, filterEntries, isFilterKey } from './filter';

export type Detail = { kind: 'message'; seq: number } | { kind: 'client'; id: number };

export interface Place {
  filter: Filter;
  detail: Detail | null;
}

export function readPlace(hash: string): Place {
  const params = new URLSearchParams(hash.replace(/^#/, ''));
  const filter: Record<string, string> = {};
  for (const [name, value] of params) if (isFilterKey(name) && value !== '') filter[name] = value;
  return { filter, detail: readDetail(params.get('show')) };
}

export function writePlace({ filter, detail }: Place): string {
  const params = new URLSearchParams(filterEntries(filter));
  if (detail?.kind === 'message') params.set('show', `message:${detail.seq}`);
  if (detail?.kind === 'client') params.set('show', `client:${detail.id}`);
  const text = params.toString();
  return text && `#${text}`;
}

function readDetail(text: string | null): Detail | null {
  const [, kind, digits] = /^(message|client):(\d{1,15})$/.exec(text ?? '') ?? [];
  if (kind === 'message') return { kind, seq: Number(digits) };
  if (kind === 'client') return { kind, id: Number(digits) };
  return null;
}
