import type { Gap } from '../api/types';
import { useDescription, useView } from '../store/context';
import { isEmptyFilter } from '../store/filter';
import { gapCount } from '../store/log';
import { formatCount, formatWords } from '../text/format';

const REASONS: Record<string, string> = {
  sampled: 'too fast to show one by one',
  evicted: 'no longer held',
  lost: 'could not be stored',
};

interface Props {
  gap: Gap;
  index: number;
  id: string;
  active: boolean;
}

/** What the page does not show, as exactly as what it does. */
export function GapRow({ gap, index, id, active }: Props) {
  const description = useDescription();
  const count = gapCount(gap);
  // What is gone cannot be asked whether it would have matched.
  const filtered = gap.matched === undefined && !isEmptyFilter(useView().filter.value);
  return (
    <div
      role="row"
      class="row row-gap"
      id={id}
      aria-rowindex={index + 2}
      data-active={active}
      data-reason={gap.reason}
    >
      <span role="gridcell" class="cell cell-gap">
        <span class="gap-count">
          {filtered && 'up to '}
          {formatCount(count)} {count === 1 ? 'message' : 'messages'} not shown
        </span>
        <span class="gap-range">
          {formatCount(gap.from)} – {formatCount(gap.to)}
        </span>
        <span title={description.valueWord('GapReason', gap.reason)}>
          {REASONS[gap.reason] ?? formatWords(gap.reason)}
        </span>
      </span>
    </div>
  );
}
