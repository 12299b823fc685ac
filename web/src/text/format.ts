/** Numbers, sizes and durations as the page shows them. Times of day are in time.ts. */

const grouped = new Intl.NumberFormat('en-US');

export function formatCount(value: number): string {
  return grouped.format(value);
}

/** At most four figures and a letter, for places whose width must not move: 9,999 then 10.0k. */
export function formatCompact(value: number): string {
  if (value < 10_000) return formatCount(Math.round(value));
  const units = ['k', 'M', 'G', 'T'];
  return scaled(value, 1000, units);
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  return scaled(bytes, 1000, [' kB', ' MB', ' GB', ' TB']);
}

/** Memory is bought and set in powers of two. */
export function formatMemory(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return scaled(bytes, 1024, [' KiB', ' MiB', ' GiB', ' TiB']);
}

function scaled(value: number, step: number, units: string[]): string {
  let unit = 0;
  let rest = value / step;
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= step;
    unit += 1;
  }
  return `${rest < 99.95 ? rest.toFixed(1) : Math.round(rest)}${units[unit]}`;
}

/** A rate: one decimal while it is small, so that one message in three seconds is not "0". */
export function formatRate(perSecond: number): string {
  if (perSecond > 0 && perSecond < 9.95) return perSecond.toFixed(1);
  return formatCompact(perSecond);
}

/** The same for an axis, whose small figures are whole ones more often than not. */
export function formatRateTick(perSecond: number): string {
  return Number.isInteger(perSecond) ? formatCompact(perSecond) : formatRate(perSecond);
}

export function formatMicros(us: number): string {
  if (us < 1000) return `${Math.round(us)} µs`;
  if (us < 1_000_000) return `${(us / 1000).toFixed(us < 100_000 ? 2 : 1)} ms`;
  return `${(us / 1_000_000).toFixed(2)} s`;
}

/** How long ago or for how long, in the largest two units that matter. */
export function formatAge(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${pad(s % 60, 2)} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${pad(Math.floor((s % 3600) / 60), 2)} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

/** How long ago in one unit, for a column that must not grow. */
export function formatAgo(seconds: number): string {
  const s = Math.floor(seconds);
  if (s < 2) return 'now';
  if (s < 60) return `${s} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ago`;
  return `${Math.floor(s / 86_400)} d ago`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

/** "refused_own_listener" as words: "refused own listener". */
export function formatWords(name: string): string {
  return name.replaceAll('_', ' ');
}
