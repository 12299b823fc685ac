/** Messages and bytes a second, a quarter of an hour back, from the server's own count and from status events. */
import type { RateAnswer, Status } from '../api/types';
import { carriedBy, perSecond, type RatePoint } from './rates';

export const HISTORY_SECONDS = 900;
/** A status event that comes a little late leaves a second without one. */
const BRIDGED_SECONDS = 3;
/** A shorter time between two of them says too little of a second. */
const SHORTEST_SECONDS = 0.75;

export interface RateTable {
  /** Seconds since 1970, one a second. */
  times: number[];
  services: string[];
  /** One list a service, as long as `times`; null where nothing is known. */
  points: (RatePoint | null)[][];
}

type Second = Map<string, RatePoint>;

export class RateHistory {
  private readonly seconds = new Map<number, Second>();
  private services: string[] = [];
  private newest: number | null = null;
  /** The status from which the next one is counted. */
  private base: Status | null = null;
  /** The first second that is wholly known from status events in a row. */
  private wholeFrom = 0;

  /** What the server counted is exact: it replaces what was told by status events. */
  take({ end, step_s, services }: RateAnswer): void {
    const endSecond = Math.round(Date.parse(end) / 1000);
    for (const { service, messages, received_bytes, sent_bytes } of services) {
      messages.forEach((count, i) => {
        const second = endSecond - (messages.length - i) * step_s;
        const bytes = (received_bytes[i] ?? 0) + (sent_bytes[i] ?? 0);
        this.put(second, service, { messages: count, bytes });
      });
    }
    this.forget();
  }

  /**
   * What happened since the status event before, of one run of the server. Of the second in which the first of
   * them came nothing is put down: a part of it was not seen.
   */
  note(status: Status): void {
    const { base } = this;
    const [from, to] = [base, status].map((one) => Date.parse(one?.now ?? '') / 1000) as [
      number,
      number,
    ];
    const follows = base?.started_at === status.started_at && to - from <= BRIDGED_SECONDS;
    if (follows && to >= from && to - from < SHORTEST_SECONDS) return;
    this.base = status;
    if (!follows || !base || to < from) {
      this.wholeFrom = Math.ceil(to);
      return;
    }
    const second = Math.floor((from + to) / 2);
    const gap = second - (this.newest ?? second);
    const first = gap > 1 && gap <= BRIDGED_SECONDS ? second - gap + 1 : second;
    for (const [service, point] of differences(base, status, to - from))
      for (let s = Math.max(first, this.wholeFrom); s <= second; s += 1)
        this.put(s, service, point);
    this.forget();
  }

  /** The last quarter of an hour of what is known; up to `now` (seconds since 1970) where nothing is. */
  table(now: number): RateTable {
    const first = (this.newest ?? Math.floor(now)) - HISTORY_SECONDS + 1;
    const times = Array.from({ length: HISTORY_SECONDS }, (_, i) => first + i);
    const points = this.services.map((service) =>
      times.map((second) => this.seconds.get(second)?.get(service) ?? null),
    );
    return { times, services: this.services, points };
  }

  private put(second: number, service: string, point: RatePoint): void {
    if (!this.services.includes(service)) this.services = [...this.services, service];
    const known = this.seconds.get(second) ?? new Map<string, RatePoint>();
    known.set(service, point);
    this.seconds.set(second, known);
    this.newest = Math.max(this.newest ?? second, second);
  }

  private forget(): void {
    for (const second of this.seconds.keys())
      if (second <= (this.newest ?? 0) - HISTORY_SECONDS) this.seconds.delete(second);
  }
}

/** A service may have several listeners. */
function differences(before: Status, after: Status, seconds: number): Second {
  const totals = (status: Status) => {
    const sums = new Map<string, RatePoint>();
    for (const listener of status.listeners) {
      const sum = sums.get(listener.service) ?? { messages: 0, bytes: 0 };
      const { messages, bytes } = carriedBy(listener);
      sums.set(listener.service, { messages: sum.messages + messages, bytes: sum.bytes + bytes });
    }
    return sums;
  };
  const earlier = totals(before);
  return new Map(
    [...totals(after)].map(([service, sum]) => [
      service,
      perSecond(earlier.get(service) ?? sum, sum, seconds),
    ]),
  );
}
