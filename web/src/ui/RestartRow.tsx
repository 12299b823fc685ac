import { formatTimeToSecond } from '../text/format';

export function RestartRow({ at, index }: { at: number; index: number }) {
  return (
    <div role="row" class="row row-gap" aria-rowindex={index + 2} data-reason="restarted">
      <span role="cell" class="cell cell-gap">
        <span class="gap-count">The gateway was restarted</span>
        <span class="gap-range">{formatTimeToSecond(new Date(at).toISOString())}</span>
        <span>numbers begin anew</span>
      </span>
    </div>
  );
}
