/** Fills the clients table from the server's pages, in the order that is shown. */
import type { Api } from '../api/client';
import { serverSort } from './clientOrder';
import type { ClientTable, ClientView } from './clients';

const PAGE = 500;

/** One of the server's lists; the usual order is two of them, the open ones and then the closed ones. */
interface Part {
  state: string;
  sort: string;
}

export class ClientPages {
  private view: ClientView = { filter: 'all', order: null };
  private parts: Part[] = [];
  private cursor: string | null = null;
  private loading: Promise<void> | null = null;

  constructor(
    private readonly table: ClientTable,
    private readonly api: Pick<Api, 'clients'>,
  ) {}

  /** Begins with the first page of another view. */
  async setView(view: ClientView): Promise<void> {
    this.view = view;
    this.table.setView(view);
    await this.begin(0);
  }

  /** Loads the list again, up to the length that it had: changes may have been missed. */
  restart(): Promise<void> {
    return this.begin(this.table.list().length);
  }

  /** The first page once more: more clients changed than the stream could tell. */
  async refresh(): Promise<void> {
    const { parts } = this;
    const { items } = await this.api.clients({ ...partsOf(this.view)[0], limit: PAGE });
    if (parts === this.parts) this.table.merge(items);
  }

  /** Answers to earlier requests are ignored from now on. */
  private async begin(wanted: number): Promise<void> {
    const parts = partsOf(this.view);
    this.parts = parts;
    this.cursor = null;
    this.loading = null;
    await this.more();
    // An order that the server does not know is exact only if all clients are loaded.
    const wants = () => !this.table.isRanked || this.table.list().length < wanted;
    while (parts === this.parts && this.hasMore() && wants()) await this.more();
  }

  hasMore(): boolean {
    return this.parts.length > 0 && !this.table.full;
  }

  /** The next page, unless it is on its way. */
  more(): Promise<void> {
    if (this.loading) return this.loading;
    if (!this.hasMore()) return Promise.resolve();
    const loading = this.loadPage().finally(() => {
      if (this.loading === loading) this.loading = null;
    });
    this.loading = loading;
    return loading;
  }

  private async loadPage(): Promise<void> {
    const { parts } = this;
    const [part] = parts;
    if (!part) return;
    const from = this.cursor === null ? {} : { cursor: this.cursor };
    const { items, page } = await this.api.clients({ ...part, ...from, limit: PAGE });
    if (parts !== this.parts) return;
    this.cursor = page.next;
    if (page.next === null) parts.shift();
    this.table.takePage(items, parts.length === 0);
    // The last of the open ones: the closed ones come below them.
    if (items.length < PAGE && parts.length > 0) await this.loadPage();
  }
}

function partsOf({ filter, order }: ClientView): Part[] {
  const sort = (order && serverSort(order)) ?? '-id';
  if (filter !== 'all' || order !== null) return [{ state: filter, sort }];
  return [
    { state: 'open', sort },
    { state: 'closed', sort },
  ];
}
