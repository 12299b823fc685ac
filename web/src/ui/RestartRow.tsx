import { formatTimeToSecond } from '../text/format';

interface Props {
  at: number;
  index: number;
  id: string;
  active: boolean;
}

export function RestartRow({ at, index, id, active }: Props) {
  return (
    <div
      role="row"
      class="row row-gap"
      id={id}
      aria-rowindex={index + 2}
      data-active={active}
      data-reason="restarted"
    >
      <span role="gridcell" class="cell cell-gap">
        <span class="gap-count">The gateway was restarted</span>
        <span class="gap-range">{formatTimeToSecond(new Date(at).toISOString())}</span>
        <span>numbers begin anew</span>
      </span>
    </div>
  );
}
