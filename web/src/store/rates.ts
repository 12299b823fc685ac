/** Rates of each listener, from the difference of two status events. */
import type { Listener, Status } from '../api/types';

export interface RatePoint {
  messages: number;
  bytes: number;
}

export interface ListenerRates {
  latest: RatePoint | null;
  /** The last minute, oldest first; null where nothing is known (no connection, a restart). */
  history: (RatePoint | null)[];
}

export const HISTORY_POINTS = 60;

export function listenerKey(listener: Pick<Listener, 'service' | 'address'>): string {
  return `${listener.service} ${listener.address}`;
}

export type Rates = ReadonlyMap<string, ListenerRates>;

/** The rates after `status`, given the status before it, if that one is comparable. */
export function nextRates(rates: Rates, last: Status | null, status: Status): Rates {
  const before = last?.started_at === status.started_at ? last : null;
  const seconds = before ? (Date.parse(status.now) - Date.parse(before.now)) / 1000 : 0;
  if (before && seconds <= 0) return rates;
  const earlier = new Map(before?.listeners.map((l) => [listenerKey(l), l]));
  const next = new Map<string, ListenerRates>();
  for (const listener of status.listeners) {
    const key = listenerKey(listener);
    const old = earlier.get(key);
    const latest = old ? ratePoint(old, listener, seconds) : null;
    const history = [...(rates.get(key)?.history ?? []), latest].slice(-HISTORY_POINTS);
    next.set(key, { latest, history });
  }
  return next;
}

/** While nothing arrives the rates are unknown, not what they were. */
export function forgetLatest(rates: Rates): Rates {
  return new Map([...rates].map(([key, value]) => [key, { ...value, latest: null }]));
}

function ratePoint(before: Listener, after: Listener, seconds: number): RatePoint {
  const perSecond = (from: number, to: number) => Math.max(0, to - from) / seconds;
  return {
    messages: perSecond(before.received.messages, after.received.messages),
    bytes: perSecond(before.received.bytes, after.received.bytes),
  };
}
