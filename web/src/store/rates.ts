/** Rates of each listener, from the difference of two status events. */
import type { Listener, Status } from '../api/types';

export interface RatePoint {
  messages: number;
  bytes: number;
}

export function listenerKey(listener: Pick<Listener, 'service' | 'address'>): string {
  return `${listener.service} ${listener.address}`;
}

/** Null where nothing is known: no connection, a restart. */
export type Rates = ReadonlyMap<string, RatePoint | null>;

/** The rates after `status`, given the status before it, if that one is comparable. */
export function nextRates(rates: Rates, last: Status | null, status: Status): Rates {
  const before = last?.started_at === status.started_at ? last : null;
  const seconds = before ? (Date.parse(status.now) - Date.parse(before.now)) / 1000 : 0;
  if (before && seconds <= 0) return rates;
  const earlier = new Map(before?.listeners.map((l) => [listenerKey(l), l]));
  return new Map(
    status.listeners.map((listener) => {
      const key = listenerKey(listener);
      const old = earlier.get(key);
      return [key, old ? ratePoint(old, listener, seconds) : null];
    }),
  );
}

/** While nothing arrives the rates are unknown, not what they were. */
export function forgetLatest(rates: Rates): Rates {
  return new Map([...rates.keys()].map((key) => [key, null]));
}

function ratePoint(before: Listener, after: Listener, seconds: number): RatePoint {
  const perSecond = (from: number, to: number) => Math.max(0, to - from) / seconds;
  return {
    messages: perSecond(before.received.messages, after.received.messages),
    bytes: perSecond(before.received.bytes, after.received.bytes),
  };
}
