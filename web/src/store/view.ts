/** What the user chose to see, kept in the URL so that it can be shared. */
import { batch, signal } from '@preact/signals';
import { type Filter, NO_FILTER, sameFilter } from './filter';
import {
  type Detail,
  type MessageRef,
  readUrlState,
  type UrlState,
  writeUrlState,
} from './urlState';

/** The URL's fragment, as the view reads and writes it. */
export interface AddressBar {
  hash(): string;
  push(hash: string): void;
  replace(hash: string): void;
}

export class View {
  readonly filter = signal<Filter>(NO_FILTER);
  readonly detail = signal<Detail | null>(null);
  readonly showsApi = signal(false);
  /** The message that the URL names, until the log shows its row. */
  readonly linked = signal<MessageRef | null>(null);

  constructor(private readonly address: AddressBar) {
    this.read();
  }

  /** The address changed by other means: back, forward, an edited link. */
  read(): void {
    const before = this.linked.value;
    batch(() => {
      this.take();
      const detail = this.detail.value;
      const linked = detail?.kind === 'message' ? detail : null;
      // One change of the address comes as two events: the second one asks for nothing new.
      this.linked.value = isSameMessage(before, linked) ? before : linked;
    });
  }

  private take(): void {
    const state = readUrlState(this.address.hash());
    batch(() => {
      if (!sameFilter(state.filter, this.filter.value)) this.filter.value = state.filter;
      this.detail.value = state.detail;
      this.showsApi.value = state.showsApi;
      this.linked.value = null;
    });
  }

  /** The log has shown the linked message's row, or cannot. */
  arrive(): void {
    this.linked.value = null;
  }

  setFilter(filter: Filter): void {
    if (!sameFilter(filter, this.filter.value)) this.go({ ...this.state, filter });
  }

  /** Opening adds an entry to the browser's history; going from one to the next replaces it. */
  show(detail: Detail): void {
    const hash = writeUrlState({ ...this.state, detail });
    if (this.detail.value) this.address.replace(hash);
    else this.address.push(hash);
    this.detail.value = detail;
    this.linked.value = null;
  }

  /** Adds the run to the URL once it is known. */
  pin(run: string): void {
    const detail = this.detail.value;
    if (!detail || detail.run) return;
    this.detail.value = { ...detail, run };
    this.address.replace(writeUrlState(this.state));
  }

  close(): void {
    if (this.detail.value) this.go({ ...this.state, detail: null });
  }

  toggleFaults(): void {
    if (this.detail.value?.kind === 'faults') this.close();
    else this.show({ kind: 'faults' });
  }

  toggleApi(): void {
    this.go({ ...this.state, showsApi: !this.showsApi.value });
  }

  /** The address that `toggleApi` leads to, for a link. */
  toggleApiHref(): string {
    return writeUrlState({ ...this.state, showsApi: !this.showsApi.value }) || '#';
  }

  private get state(): UrlState {
    const { filter, detail, showsApi } = this;
    return { filter: filter.value, detail: detail.value, showsApi: showsApi.value };
  }

  private go(state: UrlState): void {
    this.address.push(writeUrlState(state));
    this.take();
  }
}

function isSameMessage(a: MessageRef | null, b: MessageRef | null): boolean {
  return a?.seq === b?.seq && a?.run === b?.run;
}

export function windowAddress(): AddressBar {
  const url = (hash: string) => location.pathname + location.search + hash;
  return {
    hash: () => location.hash,
    push: (hash) => history.pushState(null, '', url(hash)),
    replace: (hash) => history.replaceState(null, '', url(hash)),
  };
}
