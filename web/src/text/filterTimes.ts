/** The times of a filter: typed by the clock that the page shows, sent as RFC 3339 in UTC. */

export interface Clock {
  now: Date;
  /** The page shows UTC; otherwise this machine's zone. */
  utc: boolean;
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
const CLOCK =
  /^(?:(\d{4}-\d\d-\d\d)(?:[T\s]+|$))?(?:([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(\.\d{1,9})?)?)?(?:\s*(Z|UTC|[+-]\d\d:\d\d))?$/;
const UNITS: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * RFC 3339 as it is; "5m" is that long ago; "14:30" is today, "2026-01-31" the beginning of a day,
 * both by the clock that the page shows. Null for what is no time.
 */
export function readTime(value: string, clock: Clock): string | null {
  if (RFC3339.test(value)) return Number.isNaN(Date.parse(value)) ? null : value;
  if (value === 'now') return clock.now.toISOString();
  if (/^(?:\d{1,6}(?:ms|[smhd]))+$/.test(value)) return ago(value, clock.now);
  return readClock(value, clock);
}

/** As short as reads back to the same instant. */
export function writeTime(value: string, clock: Clock): string {
  if (!RFC3339.test(value)) return value;
  const instant = new Date(value);
  const [date, time] = inZone(instant, clock.utc);
  const fraction = /\.(\d*[1-9])/.exec(value)?.[0] ?? '';
  const short = time.endsWith(':00') && !fraction ? time.slice(0, -3) : time + fraction;
  const forms = date === inZone(clock.now, clock.utc)[0] ? [short] : [`${date}T${short}`];
  const wanted = canonical(value);
  return forms.find((form) => readClock(form, clock) === wanted) ?? value;
}

function ago(value: string, now: Date): string | null {
  const parts = value.match(/\d+[a-z]+/g) ?? [];
  const of = (part: string) => Number.parseInt(part, 10) * (UNITS[part.replace(/\d+/, '')] ?? 0);
  const then = new Date(now.getTime() - parts.reduce((sum, part) => sum + of(part), 0));
  const year = then.getUTCFullYear();
  return year >= 1970 ? then.toISOString() : null;
}

function readClock(value: string, { now, utc }: Clock): string | null {
  const match = CLOCK.exec(value);
  if (!match?.[1] && !match?.[2]) return null;
  const [, day, hour = '0', minute = '00', second = '00', fraction = '', zone] = match;
  const date = day ?? inZone(now, zone === 'Z' || zone === 'UTC' || utc)[0];
  const local = `${date}T${hour.padStart(2, '0')}:${minute}:${second}`;
  const offset = zone === 'UTC' ? 'Z' : (zone ?? (utc ? 'Z' : ''));
  const instant = new Date(local + offset);
  // 31 February is read as a day of March.
  if (Number.isNaN(instant.getTime()) || !isDay(date)) return null;
  return withFraction(instant, fraction);
}

function isDay(date: string): boolean {
  const noon = new Date(`${date}T12:00:00Z`);
  return !Number.isNaN(noon.getTime()) && noon.toISOString().startsWith(date);
}

function canonical(rfc3339: string): string {
  return withFraction(new Date(rfc3339), /\.\d+/.exec(rfc3339)?.[0] ?? '');
}

function withFraction(instant: Date, fraction: string): string {
  return `${instant.toISOString().slice(0, 19)}${fraction.replace(/\.?0*$/, '')}Z`;
}

function inZone(instant: Date, utc: boolean): [date: string, time: string] {
  const minutes = utc ? 0 : instant.getTimezoneOffset();
  const shifted = new Date(instant.getTime() - minutes * 60_000).toISOString();
  return [shifted.slice(0, 10), shifted.slice(11, 19)];
}
