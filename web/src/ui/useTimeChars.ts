import { useMemo } from 'preact/hooks';
import { timeZone } from '../store/preferences';
import { today } from '../store/times';
import { timeChars } from '../text/time';

/** How wide a column of times is, so that the longest between the first and the last is whole. */
export function useTimeChars([first, last]: readonly [string, string], digits: number): number {
  const [zone, day] = [timeZone.value, today.value];
  // To the second: the last one moves with every message.
  const [from, to] = [toSecond(first), toSecond(last)];
  return useMemo(() => timeChars([from, to], zone, day, digits), [from, to, zone, day, digits]);
}

function toSecond(rfc3339: string): string {
  return rfc3339.replace(/\.\d+/, '');
}
