import type { Client } from '../api/types';
import { type ClientOrder, compareClients } from './clientOrder';

export type ClientFilter = 'all' | 'open' | 'closed';

/** The clients the page knows; bounded, the longest closed go first. */
export class ClientTable {
  private readonly byId = new Map<number, Client>();

  constructor(private readonly limit = 2000) {}

  clear(): void {
    this.byId.clear();
  }

  /** Takes news in any order: an older state never replaces a newer one. */
  merge(clients: readonly Client[]): void {
    for (const client of clients) {
      const known = this.byId.get(client.id);
      if (!known || !isOlder(client, known)) this.byId.set(client.id, client);
    }
    if (this.byId.size > this.limit) this.trim();
  }

  list(filter: ClientFilter, order: ClientOrder | null = null): Client[] {
    const all = [...this.byId.values()];
    const wanted = filter === 'all' ? all : all.filter((client) => client.state === filter);
    return wanted.sort(compareClients(order));
  }

  private trim(): void {
    const excess = this.list('all').slice(Math.floor(this.limit * 0.9));
    for (const client of excess) this.byId.delete(client.id);
  }
}

function isOlder(client: Client, than: Client): boolean {
  if (client.state !== than.state) return than.state === 'closed';
  return client.received.messages < than.received.messages;
}
