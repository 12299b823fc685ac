/** Rates of each listener, from the difference of two status events. */
import type { Listener, Status } from '../api/types';

/** What went through in a second. */
export interface RatePoint {
  /** Those received. */
  messages: number;
  /** Those received and those sent. */
  bytes: number;
}

export const RATE_WORDS: Record<keyof RatePoint, string> = {
  messages: 'Messages received in a second',
  bytes: 'Payload bytes in a second, received and sent ones together',
};

/** What of a listener's counters makes up a rate. */
export function carriedBy({ received, sent }: Pick<Listener, 'received' | 'sent'>): RatePoint {
  return { messages: received.messages, bytes: received.bytes + sent.bytes };
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
  return perSecond(carriedBy(before), carriedBy(after), seconds);
}

export function perSecond(before: RatePoint, after: RatePoint, seconds: number): RatePoint {
  return {
    messages: Math.max(0, after.messages - before.messages) / seconds,
    bytes: Math.max(0, after.bytes - before.bytes) / seconds,
  };
}
