/** The state of the page in its URL after the #: view, filter, and what is open. */
import { type Filter, filterEntries, isFilterKey, takesList } from './filter';

/** Numbers are valid in one run of the server; without `run`, in the current one. */
export type Detail = (
  | { kind: 'message'; seq: number }
  | { kind: 'client'; id: number }
  | { kind: 'faults' }
) & {
  run?: string;
};

export type MessageRef = Extract<Detail, { kind: 'message' }>;

/** Characters of the run's identity that a link has. */
const RUN_DIGITS = 8;

export interface UrlState {
  filter: Filter;
  detail: Detail | null;
  /** The page shows the API's operations, not the traffic. */
  showsApi: boolean;
}

export function readUrlState(hash: string): UrlState {
  const params = new URLSearchParams(hash.replace(/^#/, ''));
  const filter: Record<string, string> = {};
  for (const [name, value] of params) {
    if (!isFilterKey(name) || value === '') continue;
    const before = filter[name];
    filter[name] = before && takesList(name) ? `${before},${value}` : value;
  }
  const detail = readDetail(params.get('show'), params.get('run'));
  return { filter, detail, showsApi: params.get('view') === 'api' };
}

export function writeUrlState({ filter, detail, showsApi }: UrlState): string {
  const params = new URLSearchParams(filterEntries(filter));
  if (detail?.kind === 'message') params.set('show', `message:${detail.seq}`);
  if (detail?.kind === 'client') params.set('show', `client:${detail.id}`);
  if (detail?.kind === 'faults') params.set('show', 'faults');
  if (detail?.run) params.set('run', detail.run.slice(0, RUN_DIGITS));
  if (showsApi) params.set('view', 'api');
  const text = params.toString();
  return text && `#${text}`;
}

function readDetail(text: string | null, name: string | null): Detail | null {
  if (text === 'faults') return { kind: 'faults' };
  const run = /^[0-9a-f]{8,32}$/.test(name ?? '') ? { run: name as string } : {};
  const [, kind, digits] = /^(message|client):(\d{1,15})$/.exec(text ?? '') ?? [];
  if (kind === 'message') return { kind, seq: Number(digits), ...run };
  if (kind === 'client') return { kind, id: Number(digits), ...run };
  return null;
}
