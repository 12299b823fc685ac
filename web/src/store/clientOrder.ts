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
  messages: (client: Client) => client.received.messages,
  bytes: (client: Client) => client.received.bytes,
  rtt: (client: Client) => client.rtt_us ?? -1,
  state: (client: Client) => client.close_reason ?? '',
};

export function isClientKey(name: string): name is ClientKey {
  return name in KEYS;
}

/** The same column again turns its order round; a new one begins with the order that is asked for more. */
export function nextOrder(order: ClientOrder | null, by: ClientKey): ClientOrder {
  if (order?.by === by) return { by, descending: !order.descending };
  return { by, descending: !['service', 'address', 'local', 'state'].includes(by) };
}

/** Without an order: open ones first, then by when they came, so that rows keep their place as traffic flows. */
export function compareClients(order: ClientOrder | null): (a: Client, b: Client) => number {
  if (!order) return (a, b) => (a.state === b.state ? b.id - a.id : a.state === 'open' ? -1 : 1);
  const key = KEYS[order.by];
  const sign = order.descending ? -1 : 1;
  return (a, b) => sign * compare(key(a), key(b)) || b.id - a.id;
}

const collator = new Intl.Collator('en', { numeric: true });

function compare(a: string | number, b: string | number): number {
  return typeof a === 'number' && typeof b === 'number'
    ? a - b
    : collator.compare(String(a), String(b));
}
