/** The orders of the clients table. */
import type { Client } from '../api/types';

export interface ClientOrder {
  by: ClientKey;
  descending: boolean;
}

export type ClientKey = keyof typeof KEYS;

const KEYS = {
  opened: (client: Client) => client.opened_at,
  service: (client: Client) => client.service,
  address: (client: Client) => client.address,
  local: (client: Client) => client.local_address,
  seen: (client: Client) => client.last_seen_at,
  messages: (client: Client) => client.received.messages + client.sent.messages,
  bytes: (client: Client) => client.received.bytes + client.sent.bytes,
  rtt: (client: Client) => client.rtt_us ?? -1,
  state: (client: Client) => client.close_reason ?? '',
};

/** The orders that the server knows too, by its own names. */
const SERVER_ORDERS: Partial<Record<ClientKey, string>> = {
  opened: 'id',
  seen: 'last_seen',
  messages: 'messages',
  bytes: 'bytes',
};
/** Numbers in text are compared as numbers: port 900 sorts before 10000. */
const WORDS: readonly ClientKey[] = ['service', 'address', 'local', 'state'];

export function isClientKey(name: string): name is ClientKey {
  return name in KEYS;
}

/** The order as the server's `sort`, or null where it has none of that kind. */
export function serverSort({ by, descending }: ClientOrder): string | null {
  const name = SERVER_ORDERS[by];
  return name ? `${descending ? '-' : ''}${name}` : null;
}

/** The same column again turns its order round; a new one begins with the order that is asked for more. */
export function nextOrder(order: ClientOrder | null, by: ClientKey): ClientOrder {
  if (order?.by === by) return { by, descending: !order.descending };
  return { by, descending: !WORDS.includes(by) };
}

/** Without an order: open ones first, then by when they came, so that rows keep their place as traffic flows. */
export function compareClients(order: ClientOrder | null): (a: Client, b: Client) => number {
  if (!order) return (a, b) => (a.state === b.state ? b.id - a.id : a.state === 'open' ? -1 : 1);
  const key = KEYS[order.by];
  const sign = order.descending ? -1 : 1;
  const compare = WORDS.includes(order.by) ? compareWords : comparePlain;
  return (a, b) => sign * compare(key(a), key(b)) || sign * (a.id - b.id);
}

const collator = new Intl.Collator('en', { numeric: true });

function compareWords(a: string | number, b: string | number): number {
  return collator.compare(String(a), String(b));
}

/** Numbers, and times that are all written in one way. */
function comparePlain(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
