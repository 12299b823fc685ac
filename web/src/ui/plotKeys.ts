/** The keys of the curves. */
import type uPlot from 'uplot';
import type { RateTable } from '../store/rateHistory';

/** Seconds since 1970. */
export interface Span {
  min: number;
  max: number;
}

interface Zoomable {
  table: RateTable;
  span: Span;
  onZoom: (span: Span | null) => void;
}

export const SHORTEST_ZOOM_S = 5;
const STEPS: Record<string, number> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  PageUp: -10,
  PageDown: 10,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};
const ZOOMS: Record<string, number> = { '+': 0.5, '=': 0.5, '-': 2 };

/** Moves the cursor or selection by a key, in seconds; false for other keys. */
export function plotKey(
  u: uPlot,
  { key }: KeyboardEvent,
  { table, span, onZoom }: Zoomable,
): boolean {
  const step = STEPS[key];
  const zoomBy = ZOOMS[key];
  if (step !== undefined) moveCursor(u, step);
  else if (zoomBy !== undefined) onZoom(zoomed(u, zoomBy, span, table));
  else if (key === '0') onZoom(null);
  else return false;
  return true;
}

function moveCursor(u: uPlot, by: number): void {
  const times = u.data[0];
  const [first, last] = u.series[0]?.idxs ?? [0, times.length - 1];
  const index = Math.min(last, Math.max(first, (u.cursor.idx ?? last) + by));
  u.setCursor({ left: u.valToPos(times[index] ?? 0, 'x'), top: 0 });
}

/** Around the chosen second; null where it would be more than there is. */
function zoomed(u: uPlot, by: number, { min, max }: Span, { times }: RateTable): Span | null {
  const length = Math.max(SHORTEST_ZOOM_S, (max - min) * by);
  const known = { min: times[0] ?? min, max: times.at(-1) ?? max };
  if (length >= known.max - known.min) return null;
  const centre = times[u.cursor.idx ?? -1] ?? max;
  const start = Math.min(Math.max(known.min, centre - length / 2), known.max - length);
  return { min: start, max: start + length };
}
