/** Times of day as the page shows them: each with what is needed to tell which instant it is. */

export type Zone = 'local' | 'utc';

/** A time in a zone; `date` and `offset` are empty where they are those of the page's today. */
export interface TimeParts {
  date: string;
  clock: string;
  /** Empty, or a point and digits. */
  fraction: string;
  offset: string;
}

const WEEK_MS = 7 * 86_400_000;
const WEEKS_MAX = 520;
const DATE_CHARS = '2026-01-31 '.length;
const OFFSET_CHARS = ' +01:00'.length;
const CLOCK_CHARS = '14:03:22'.length;

/** The day and the offset of an instant, "2026-01-31 +01:00": what a time says that names neither. */
export function dayOf(ms: number, zone: Zone): string {
  const { date, offset } = inZone(new Date(ms), zone);
  return `${date} ${offset}`;
}

/** Of UTC "UTC", of another zone its offset now: "UTC+01:00". */
export function zoneLabel(zone: Zone, today: string): string {
  return zone === 'utc' ? 'UTC' : `UTC${offsetOf(today)}`;
}

/** The zone's name in the tz database: "Europe/Berlin". */
export function zoneName(zone: Zone): string {
  return zone === 'utc' ? 'UTC' : new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** `digits` are those behind the second; null for what is no time. `today` is from dayOf(). */
export function timeParts(
  rfc3339: string,
  zone: Zone,
  today: string,
  digits: number,
): TimeParts | null {
  const instant = new Date(rfc3339);
  if (Number.isNaN(instant.getTime())) return null;
  const { date, clock, offset } = inZone(instant, zone);
  return {
    date: today.startsWith(date) ? '' : date,
    clock,
    fraction: digits > 0 ? `.${fractionOf(rfc3339).padEnd(digits, '0').slice(0, digits)}` : '',
    offset: offset === offsetOf(today) ? '' : offset,
  };
}

/** To the second: "14:03:22", "2026-01-31 14:03:22 +02:00". */
export function formatClock(rfc3339: string, zone: Zone, today: string): string {
  const parts = timeParts(rfc3339, zone, today, 0);
  if (!parts) return rfc3339;
  return [parts.date, parts.clock, parts.offset].filter(Boolean).join(' ');
}

/** Everything, with each digit that the server gave: "2026-01-31 14:03:22.117042 +01:00". */
export function formatMoment(rfc3339: string, zone: Zone): string {
  const instant = new Date(rfc3339);
  if (Number.isNaN(instant.getTime())) return rfc3339;
  const { date, clock, offset } = inZone(instant, zone);
  const fraction = fractionOf(rfc3339);
  return `${date} ${clock}${fraction && `.${fraction}`} ${zone === 'utc' ? 'UTC' : offset}`;
}

/** How many characters the longest of the times between the first and the last has. */
export function timeChars(
  [first, last]: readonly [string, string],
  zone: Zone,
  today: string,
  digits: number,
): number {
  const ends = [first, last].map(Date.parse).filter((ms) => !Number.isNaN(ms));
  const dated = ends.some((ms) => !today.startsWith(inZone(new Date(ms), zone).date));
  const moved = ends.length > 0 && changesOffset(Math.min(...ends), Math.max(...ends), zone, today);
  const fraction = digits > 0 ? digits + 1 : 0;
  return CLOCK_CHARS + fraction + (dated ? DATE_CHARS : 0) + (moved ? OFFSET_CHARS : 0);
}

/** No zone changes its clock twice in a week; of more than ten years it is taken for granted. */
function changesOffset(from: number, to: number, zone: Zone, today: string): boolean {
  if (zone === 'utc') return false;
  if (to - from > WEEKS_MAX * WEEK_MS) return true;
  for (let ms = from; ms < to; ms += WEEK_MS)
    if (inZone(new Date(ms), zone).offset !== offsetOf(today)) return true;
  return inZone(new Date(to), zone).offset !== offsetOf(today);
}

function offsetOf(today: string): string {
  return today.slice(today.indexOf(' ') + 1);
}

function fractionOf(rfc3339: string): string {
  return /\.(\d+)/.exec(rfc3339)?.[1] ?? '';
}

function inZone(instant: Date, zone: Zone): { date: string; clock: string; offset: string } {
  const minutes = zone === 'utc' ? 0 : -instant.getTimezoneOffset();
  const shifted = new Date(instant.getTime() + minutes * 60_000).toISOString();
  const sign = minutes < 0 ? '-' : '+';
  const hours = pad(Math.floor(Math.abs(minutes) / 60));
  return {
    date: shifted.slice(0, shifted.indexOf('T')),
    clock: shifted.slice(shifted.indexOf('T') + 1, -'.000Z'.length),
    offset: `${sign}${hours}:${pad(Math.abs(minutes) % 60)}`,
  };
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
