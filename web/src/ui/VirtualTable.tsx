import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useDescription } from '../store/context';
import { formatCount } from '../text/format';
import { PRINT_ROWS_MAX, printing } from './printing';
import { useSize } from './useSize';

/** Rows drawn beyond each edge, so that a quick scroll does not show white. */
const OVERSCAN = 8;
/** A time without its day or its offset: 14:03:22.117. */
const PLAIN_TIME_CHARS = 12;

export interface RowTarget {
  /** Where the row stands among all rows there ever were. */
  at: number;
}

interface Props {
  label: string;
  class: string;
  /** How the page's keys find it: ui/usePageKeys.ts. */
  keysName: string;
  columns: readonly Column[];
  sorting?: Sorting;
  onSort?: (by: string) => void;
  count: number;
  /** Where row 0 stands among all rows there ever were; when it moves, a held view stays on its rows. */
  origin?: number;
  rowHeight: number;
  /** How wide the first column has to be, in figures. */
  firstColumnChars?: number;
  /** The same of the column of times. */
  timeChars: number;
  /** Stay at the end as rows come. */
  follow?: boolean;
  onFollow?: (follow: boolean) => void;
  /** A row that is to come into view, once for each object. */
  target?: RowTarget | null;
  /** The End key: asks for the end itself, not for that of what is shown. */
  onEnd?: () => void;
  /** The first and the last row in view, when they change. */
  onView?: (first: number, last: number) => void;
  /** The row that the arrow keys stand on, or -1. */
  active: number;
  rowId: (index: number) => string | undefined;
  onMove: (index: number) => void;
  onOpen: (index: number) => void;
  row: (index: number) => ComponentChildren;
}

/** A table of any length with about as many rows in the document as fit on screen, each of one height. */
export function VirtualTable(props: Props) {
  const { count, origin = 0, rowHeight, follow = false, onFollow, target = null, active } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const head = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, origin });
  const size = useSize(scroller);
  const geometryKnown = useRef('');
  const wasPrinting = useRef(false);
  const reached = useRef<RowTarget | null>(null);
  const whole = printing.value;

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element || whole) {
      wasPrinting.current = whole;
      return;
    }
    if (wasPrinting.current) element.scrollTop = view.top;
    wasPrinting.current = false;
    geometryKnown.current = geometryOf(element);
    if (follow) element.scrollTop = element.scrollHeight;
    else if (origin !== view.origin) {
      const top = Math.max(0, view.top - (origin - view.origin) * rowHeight);
      element.scrollTop = top;
      setView({ top, origin });
    }
    if (target && target !== reached.current) bringIntoView(element, target.at - origin);
    reached.current = target;
  });

  /** The scroll positions at which a row is the first, and the last, in view. */
  const edgesOf = (element: HTMLElement, index: number) => {
    const above = index * rowHeight;
    const room = element.clientHeight - (head.current?.offsetHeight ?? 0);
    return { above, lowest: above + rowHeight - room };
  };
  const bringIntoView = (element: HTMLElement, index: number) => {
    const { above, lowest } = edgesOf(element, index);
    const isInView = element.scrollTop <= above && element.scrollTop >= lowest;
    if (isInView && follow) return;
    // At the end, where only the last row needs to stand, the table would begin to follow.
    const end = element.scrollHeight - element.clientHeight - (index < count - 1 ? rowHeight : 0);
    element.scrollTop = Math.min(isInView ? element.scrollTop : (above + lowest) / 2, end);
    setView({ top: element.scrollTop, origin });
    onFollow?.(false);
  };

  const onScroll = () => {
    const element = scroller.current;
    // On paper there is no scrolling.
    if (!element || printing.peek()) return;
    // Rows or window of another height: nobody scrolled, and what follows goes on following.
    if (follow && geometryKnown.current !== geometryOf(element)) return;
    const top = element.scrollTop;
    setView({ top, origin });
    const below = element.scrollHeight - top - element.clientHeight;
    onFollow?.(below < rowHeight / 2);
    const first = Math.floor(top / rowHeight);
    props.onView?.(first, first + Math.ceil(element.clientHeight / rowHeight));
  };

  const visible = Math.ceil(size.height / rowHeight);
  const end = Math.max(0, count - visible);
  const held = Math.floor(view.top / rowHeight) - (origin - view.origin);
  const top = follow ? end : Math.min(held, end);
  // Of a table that follows its end the newest rows are printed, of another one the first.
  const first = whole
    ? onFollow
      ? Math.max(0, count - PRINT_ROWS_MAX)
      : 0
    : Math.max(0, top - OVERSCAN);
  const last = Math.min(count, first + (whole ? PRINT_ROWS_MAX : visible + 2 * OVERSCAN));
  const indices = Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
  const geometry = whole
    ? {}
    : { height: `${count * rowHeight}px`, paddingTop: `${first * rowHeight}px` };

  const reveal = (index: number) => {
    const element = scroller.current;
    if (!element) return;
    const { above, lowest } = edgesOf(element, index);
    if (element.scrollTop > above) element.scrollTop = above;
    else if (element.scrollTop < lowest) element.scrollTop = lowest;
  };
  const move = (step: 1 | -1) => {
    const from = active >= 0 ? active + step : step > 0 ? Math.max(0, top) : top + visible - 1;
    const index = Math.min(count - 1, Math.max(0, from));
    if (index < 0) return;
    props.onMove(index);
    reveal(index);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target !== scroller.current) return;
    if (event.key === 'ArrowDown') move(1);
    else if (event.key === 'ArrowUp') move(-1);
    else if (event.key === 'Enter' && active >= 0) props.onOpen(active);
    else if (event.key === 'End') props.onEnd?.();
    else return;
    if (event.key !== 'End') event.preventDefault();
  };

  return (
    <>
      {whole && last - first < count && (
        <p class="print-note">
          {formatCount(last - first)} of {formatCount(count)} rows are printed; an export has all.
        </p>
      )}
      <div
        class={`table ${props.class}`}
        role="grid"
        aria-label={props.label}
        aria-rowcount={count + 1}
        aria-activedescendant={active >= first && active < last ? props.rowId(active) : undefined}
        tabIndex={0}
        data-dated={props.timeChars > PLAIN_TIME_CHARS}
        data-keys={props.keysName}
        ref={scroller}
        onScroll={onScroll}
        onKeyDown={onKeyDown}
        style={{
          '--row-height': `${rowHeight}px`,
          '--first-column': `${props.firstColumnChars ?? 0}ch`,
          '--time-column': `${props.timeChars}ch`,
        }}
        onWheel={(event) => event.deltaY < 0 && count > visible && onFollow?.(false)}
      >
        <div role="rowgroup" class="table-head" ref={head}>
          <div role="row" class="row" aria-rowindex={1}>
            {props.columns.map((column) => (
              <ColumnHead
                key={column.label}
                column={column}
                sorting={props.sorting}
                onSort={props.onSort}
              />
            ))}
          </div>
        </div>
        <div role="rowgroup" class="table-body" style={geometry}>
          {indices.map(props.row)}
        </div>
      </div>
    </>
  );
}

function geometryOf({ scrollHeight, clientHeight }: HTMLElement): string {
  return `${scrollHeight} ${clientHeight}`;
}

interface ColumnHeadProps {
  column: Column;
  sorting: Sorting | undefined;
  onSort: ((by: string) => void) | undefined;
}

/** The name of a column; a button where the table can be ordered by it. */
function ColumnHead({ column: { label, word, sort }, sorting, onSort }: ColumnHeadProps) {
  const description = useDescription();
  const title = word ? description.word(word) : undefined;
  if (!sort || !onSort)
    return (
      <span role="columnheader" class="cell" title={title}>
        {label}
      </span>
    );
  const order = sorting?.by !== sort ? 'none' : sorting.descending ? 'descending' : 'ascending';
  return (
    <span role="columnheader" class="cell" aria-sort={order} title={title}>
      <button type="button" class="sort" data-order={order} onClick={() => onSort(sort)}>
        {label}
      </button>
    </span>
  );
}

/** The columns of a table. */
interface Column {
  label: string;
  /** What it shows, by its name in the API's description: a schema, or SCHEMA.PROPERTY. */
  word?: string;
  /** What the table can be ordered by, in the words of `Sorting`. */
  sort?: string;
}

interface Sorting {
  by: string;
  descending: boolean;
}
