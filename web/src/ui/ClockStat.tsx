import { formatAge } from '../text/format';
import { Stat } from './Stat';

const TOLD_S = 3;

/** Times are the server's: where its clock is not this machine's, that has to be said. */
export function ClockStat({ aheadMs }: { aheadMs: number }) {
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  if (seconds < TOLD_S) return null;
  return (
    <Stat
      label="Server's clock"
      value={`${formatAge(seconds)} ${aheadMs > 0 ? 'ahead' : 'behind'}`}
      tone="warn"
    />
  );
}
