import { signal } from '@preact/signals';
import { type Filter, filterQuery } from '../store/filter';
import type { ApiDocument } from '../text/openapi';
import { authorizedFetch, type Init } from './authorized';
import { ApiProblem } from './problem';
import type {
  ClientDetail,
  ClientPage,
  DatagramRequest,
  DatagramResult,
  Fates,
  Message,
  MessagePage,
  RateAnswer,
  Rule,
  RuleChange,
  RuleRequest,
  Rules,
  Scenarios,
  Side,
} from './types';

/** Relative to the page: a proxy may serve it under a path. */
export const BASE = 'api/v1';

/** Where the server is, as its reader would type it: http://127.0.0.1:8080 */
export function serverAddress(): string {
  return new URL('.', document.baseURI).href.replace(/\/$/, '');
}

/** Where the bytes of one side can be downloaded. */
export function rawUrl(seq: number, side: Side): string {
  return `${BASE}/messages/${seq}/raw?side=${side}`;
}

export type ExportFormat = 'ndjson' | 'csv' | 'spreadsheet' | 'pcapng';

export function exportUrl(format: ExportFormat, filter: Filter): string {
  const query = filterQuery(filter);
  return `${BASE}/export?format=${format}${query && `&${query}`}`;
}

type Query = Record<string, string | number>;

/** How many requests have waited longer than any answer takes. */
export const overdue = signal(0);
const OVERDUE_MS = 3000;

async function watched<T>(answer: Promise<T>): Promise<T> {
  let counted = 0;
  const timer = setTimeout(() => {
    counted = 1;
    overdue.value += 1;
  }, OVERDUE_MS);
  try {
    return await answer;
  } finally {
    clearTimeout(timer);
    overdue.value -= counted;
  }
}

/** Every request answers with the body or throws an ApiProblem. */
async function request<T>(path: string, init: Init = {}): Promise<T> {
  const answer = authorizedFetch(BASE + path, init);
  let response: Response;
  try {
    // A test datagram waits for its reply.
    response = await (path === '/datagrams' ? answer : watched(answer));
  } catch {
    throw ApiProblem.unreachable();
  }
  if (!response.ok) throw await ApiProblem.fromResponse(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

function withQuery(path: string, query: Query): string {
  const entries = Object.entries(query).map(([key, value]) => [key, String(value)]);
  return entries.length > 0 ? `${path}?${new URLSearchParams(entries)}` : path;
}

function withBody(method: string, body: object): Init {
  return {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  };
}

export const api = {
  messages: (query: Query) => request<MessagePage>(withQuery('/messages', query)),

  /** The message of this number that `run` recorded; an error where another run gave the number out. */
  message: (seq: number, run?: string) =>
    request<Message>(withQuery(`/messages/${seq}`, run ? { run } : {})),

  client: (id: number) => request<ClientDetail>(`/clients/${id}`),

  disconnect: (id: number) => request<void>(`/clients/${id}`, { method: 'DELETE' }),

  clients: (query: Query) => request<ClientPage>(withQuery('/clients', query)),

  description: () => request<ApiDocument>('/openapi.json'),

  clearLog: () => request<void>('/messages?confirm=yes', { method: 'DELETE' }),

  rates: () => request<RateAnswer>('/rates'),

  sendDatagram: (datagram: DatagramRequest) =>
    request<DatagramResult>('/datagrams', withBody('POST', datagram)),

  faults: () => request<Rules>('/faults'),

  addFault: (rule: RuleRequest) => request<Rule | Rules>('/faults', withBody('POST', rule)),

  changeFault: (name: string, change: RuleChange) =>
    request<Rule>(`/faults/${name}`, withBody('PATCH', change)),

  removeFault: (name: string) => request<void>(`/faults/${name}`, { method: 'DELETE' }),

  fates: (query: Query) => request<Fates>(withQuery('/fates', query)),

  scenarios: () => request<Scenarios>('/scenarios'),
};

export type Api = typeof api;
