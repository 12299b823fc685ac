/** What the person at the page chose to look at; kept in the address, so that it can be sent on. */
import { batch, signal } from '@preact/signals';
import { type Filter, NO_FILTER, sameFilter } from './filter';
import { type Detail, type Place, type Reference, readPlace, writePlace } from './place';

/** The part of a browser window that the view keeps its place in. */
export interface AddressBar {
  hash(): string;
  push(hash: string): void;
  replace(hash: string): void;
}

export class View {
  readonly filter = signal<Filter>(NO_FILTER);
  readonly detail = signal<Detail | null>(null);
  readonly reference = signal<Reference | null>(null);

  constructor(private readonly address: AddressBar) {
    this.read();
  }

  /** The address changed by other means: back, forward, an edited link. */
  read(): void {
    const place = readPlace(this.address.hash());
    batch(() => {
      if (!sameFilter(place.filter, this.filter.value)) this.filter.value = place.filter;
      this.detail.value = place.detail;
      this.reference.value = place.reference;
    });
  }

  setFilter(filter: Filter): void {
    if (!sameFilter(filter, this.filter.value)) this.go({ ...this.place, filter });
  }

  /** Opening is a step that "back" undoes; going on from one to the next is not. */
  show(detail: Detail): void {
    const hash = writePlace({ ...this.place, detail });
    if (this.detail.value) this.address.replace(hash);
    else this.address.push(hash);
    this.detail.value = detail;
  }

  /** What is looked at is known to be of this run: the address says so from now on. */
  pin(run: string): void {
    const detail = this.detail.value;
    if (detail && !detail.run) this.show({ ...detail, run });
  }

  close(): void {
    if (this.detail.value) this.go({ ...this.place, detail: null });
  }

  showReference(at = ''): void {
    this.go({ ...this.place, reference: { at } });
  }

  showTraffic(): void {
    if (this.reference.value) this.go({ ...this.place, reference: null });
  }

  /** The address of a part of the reference, for a link. */
  referenceHref(at = ''): string {
    return writePlace({ ...this.place, reference: { at } });
  }

  /** The address of the traffic, for a link. */
  trafficHref(): string {
    return writePlace({ ...this.place, reference: null }) || '#';
  }

  private get place(): Place {
    const { filter, detail, reference } = this;
    return { filter: filter.value, detail: detail.value, reference: reference.value };
  }

  private go(place: Place): void {
    this.address.push(writePlace(place));
    this.read();
  }
}

export function windowAddress(): AddressBar {
  const url = (hash: string) => location.pathname + location.search + hash;
  return {
    hash: () => location.hash,
    push: (hash) => history.pushState(null, '', url(hash)),
    replace: (hash) => history.replaceState(null, '', url(hash)),
  };
}
