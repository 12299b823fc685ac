/** Figures of the page that are sums over what the server's status tells. */
import type { Status } from '../api/types';

/** Messages that can be read: the file may go further back than memory, and numbers have no holes. */
export function heldMessages({ log, store }: Status): number {
  const oldest = store?.messages ? Math.min(store.oldest_seq, log.oldest_seq) : log.oldest_seq;
  return log.newest_seq + 1 - oldest;
}

/** UDP has no connections: its clients are addresses that have sent something. */
export function openConnections({ listeners }: Status): number {
  return listeners
    .filter(({ transport }) => transport !== 'udp')
    .reduce((sum, listener) => sum + listener.open_clients, 0);
}
