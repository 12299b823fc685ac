import { timeZone } from '../store/preferences';
import { today } from '../store/times';
import { formatMoment, timeParts } from '../text/time';

interface Props {
  /** RFC 3339. */
  at: string;
  /** Behind the second. */
  digits?: number;
}

/** A time with its day where that is not today, and with its offset where that is not the one of now. */
export function Time({ at, digits = 3 }: Props) {
  const parts = timeParts(at, timeZone.value, today.value, digits);
  if (!parts) return <>{at}</>;
  const { date, clock, fraction, offset } = parts;
  return (
    <time class="time" dateTime={at} title={formatMoment(at, timeZone.value)}>
      {date && <span class="time-date">{date} </span>}
      {clock}
      {fraction && <span class="time-fraction">{fraction}</span>}
      {offset && <span> {offset}</span>}
    </time>
  );
}

/** The same whole, with every digit there is; the API's own form of it is the tooltip. */
export function Moment({ at }: { at: string }) {
  return (
    <time dateTime={at} title={at}>
      {formatMoment(at, timeZone.value)}
    </time>
  );
}
