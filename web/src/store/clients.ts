import type { Client } from '../api/types';
import { type ClientOrder, compareClients, serverSort } from './clientOrder';

export type ClientFilter = 'all' | 'open' | 'closed';

/** Which clients are shown, and in which order; null is the usual one. */
export interface ClientView {
  filter: ClientFilter;
  order: ClientOrder | null;
}

/**
 * The clients the page knows, bounded. Where that is not all of them, the list ends with the last one
 * before which, in the order that is shown, none is missing.
 */
export class ClientTable {
  private readonly byId = new Map<number, Client>();
  private view: ClientView = { filter: 'all', order: null };
  private horizon: Client | null = null;
  /** All of the server's clients that the view is about are here. */
  whole = false;

  constructor(private readonly limit = 5000) {}

  clear(): void {
    this.byId.clear();
    this.horizon = null;
    this.whole = false;
  }

  get full(): boolean {
    return this.byId.size >= this.limit * TRIM_TO;
  }

  /** Another view begins with what is known; its first page has to come. */
  setView(view: ClientView): void {
    this.view = view;
    this.horizon = null;
    this.whole = false;
  }

  /** The next page of the server's list in the order of the view. */
  takePage(clients: readonly Client[], isLast: boolean): void {
    this.whole = isLast;
    this.horizon = isLast ? null : (clients.at(-1) ?? this.horizon);
    this.merge(clients);
  }

  /** Updates may come in any order: an older state never replaces a newer one. */
  merge(clients: readonly Client[]): void {
    for (const client of clients) {
      const known = this.byId.get(client.id);
      if (!known || !isOlder(client, known)) this.byId.set(client.id, client);
    }
    if (this.byId.size > this.limit) this.trim();
  }

  /** All that is known, in no order. */
  known(): Client[] {
    return [...this.byId.values()];
  }

  /** Whether the view's order is one that the server has, too: else it holds among what is known only. */
  get isRanked(): boolean {
    const { order } = this.view;
    return order === null || serverSort(order) !== null;
  }

  list(): Client[] {
    const { horizon, isRanked } = this;
    const { filter, order } = this.view;
    const compare = compareClients(order);
    const wanted = this.known().filter(
      (client) =>
        (filter === 'all' || client.state === filter) &&
        (!horizon || !isRanked || compare(client, horizon) <= 0),
    );
    return wanted.sort(compare);
  }

  /** Removes the last ones in the order shown, a tenth at a time. */
  private trim(): void {
    const compare = compareClients(this.view.order);
    const shown = ({ state }: Client) =>
      Number(this.view.filter === 'all' || state === this.view.filter);
    const ranked = this.known().sort((a, b) => shown(b) - shown(a) || compare(a, b));
    const kept = Math.floor(this.limit * TRIM_TO);
    for (const client of ranked.slice(kept)) this.byId.delete(client.id);
    const last = ranked[kept - 1];
    this.whole = false;
    if (last && (!this.horizon || compare(last, this.horizon) < 0)) this.horizon = last;
  }
}

const TRIM_TO = 0.9;

function isOlder(client: Client, than: Client): boolean {
  if (client.state !== than.state) return than.state === 'closed';
  return client.received.messages < than.received.messages;
}
