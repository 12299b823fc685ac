import { timeZone } from '../store/preferences';
import { today } from '../store/times';
import { zoneLabel, zoneName } from '../text/time';

/** Names the zone of all times on the page, and changes between this machine's and UTC. */
export function ZoneToggle() {
  const utc = timeZone.value === 'utc';
  const other = utc ? zoneName('local') : 'UTC';
  return (
    <button
      type="button"
      class="button zone"
      aria-pressed={utc}
      title={`Times are those of ${zoneName(timeZone.value)}. Press for ${other}.`}
      data-keys="utc"
      onClick={() => {
        timeZone.value = utc ? 'local' : 'utc';
      }}
    >
      <span class="sr-only">Times in </span>
      {zoneLabel(timeZone.value, today.value)}
    </button>
  );
}
