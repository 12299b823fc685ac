/** Messages and bytes a second, a quarter of an hour back, from the gateway's own count and from status events. */
import type { RateAnswer, Status } from '../api/types';
import type { RatePoint } from './rates';

export const HISTORY_SECONDS = 900;
/** A status event that comes a little late leaves a second without one. */
const BRIDGED_SECONDS = 3;

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
  private newest = 0;

  /** What the gateway counted is exact: it replaces what was told by status events. */
  take({ end, step_s, services }: RateAnswer): void {
    const endSecond = Math.round(Date.parse(end) / 1000);
    for (const { service, messages, bytes } of services) {
      messages.forEach((count, i) => {
        const second = endSecond - (messages.length - i) * step_s;
        this.put(second, service, { messages: count, bytes: bytes[i] ?? 0 });
      });
    }
    this.forget();
  }

  /** What happened between two status events of one run of the gateway. */
  note(before: Status | null, after: Status): void {
    if (before?.started_at !== after.started_at) return;
    const [from, to] = [Date.parse(before.now) / 1000, Date.parse(after.now) / 1000];
    if (to - from <= 0 || to - from > BRIDGED_SECONDS) return;
    const second = Math.floor((from + to) / 2);
    const gap = second - this.newest;
    const first = gap > 1 && gap <= BRIDGED_SECONDS ? this.newest + 1 : second;
    for (const [service, point] of differences(before, after, to - from))
      for (let s = first; s <= second; s += 1) this.put(s, service, point);
    this.forget();
  }

  table(): RateTable {
    const first = this.newest - HISTORY_SECONDS + 1;
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
    this.newest = Math.max(this.newest, second);
  }

  private forget(): void {
    for (const second of this.seconds.keys())
      if (second <= this.newest - HISTORY_SECONDS) this.seconds.delete(second);
  }
}

/** A service may have several listeners. */
function differences(before: Status, after: Status, seconds: number): Second {
  const totals = (status: Status) => {
    const sums = new Map<string, RatePoint>();
    for (const { service, received, sent } of status.listeners) {
      const sum = sums.get(service) ?? { messages: 0, bytes: 0 };
      sums.set(service, {
        messages: sum.messages + received.messages,
        bytes: sum.bytes + received.bytes + sent.bytes,
      });
    }
    return sums;
  };
  const earlier = totals(before);
  const rates = new Map<string, RatePoint>();
  for (const [service, sum] of totals(after)) {
    const old = earlier.get(service) ?? sum;
    rates.set(service, {
      messages: Math.max(0, sum.messages - old.messages) / seconds,
      bytes: Math.max(0, sum.bytes - old.bytes) / seconds,
    });
  }
  return rates;
}
