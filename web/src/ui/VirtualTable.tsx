import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useSize } from './useSize';

/** Rows drawn beyond each edge, so that a quick scroll does not show white. */
const OVERSCAN = 8;

interface Props {
  label: string;
  class: string;
  columns: readonly string[];
  count: number;
  /** Where row 0 stands among all rows there ever were; when it moves, a held view stays on its rows. */
  origin?: number;
  rowHeight: number;
  /** How wide the first column has to be, in figures. */
  firstColumnChars?: number;
  /** Stay at the end as rows come. */
  follow?: boolean;
  onFollow?: (follow: boolean) => void;
  row: (index: number) => ComponentChildren;
  children?: ComponentChildren;
}

/** A table of any length with about as many rows in the document as fit on screen, each of one height. */
export function VirtualTable(props: Props) {
  const { count, origin = 0, rowHeight, follow = false, onFollow } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const head = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, origin });
  const size = useSize(scroller);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    if (follow) element.scrollTop = element.scrollHeight;
    else if (origin !== view.origin) {
      const top = Math.max(0, view.top - (origin - view.origin) * rowHeight);
      element.scrollTop = top;
      setView({ top, origin });
    }
  });

  const onScroll = () => {
    const element = scroller.current;
    if (!element) return;
    setView({ top: element.scrollTop, origin });
    const below = element.scrollHeight - element.scrollTop - element.clientHeight;
    onFollow?.(below < rowHeight / 2);
  };

  const visible = Math.ceil(size.height / rowHeight);
  const end = Math.max(0, count - visible);
  const held = Math.floor(view.top / rowHeight) - (origin - view.origin);
  const first = Math.max(0, (follow ? end : Math.min(held, end)) - OVERSCAN);
  const last = Math.min(count, first + visible + 2 * OVERSCAN);
  const indices = Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
  const geometry = { height: `${count * rowHeight}px`, paddingTop: `${first * rowHeight}px` };

  return (
    <div
      class={`table ${props.class}`}
      role="table"
      aria-label={props.label}
      aria-rowcount={count + 1}
      tabIndex={0}
      ref={scroller}
      onScroll={onScroll}
      style={{
        '--row-height': `${rowHeight}px`,
        '--first-column': `${props.firstColumnChars ?? 0}ch`,
      }}
      onWheel={(event) => event.deltaY < 0 && count > visible && onFollow?.(false)}
    >
      <div role="rowgroup" class="table-head" ref={head}>
        <div role="row" class="row" aria-rowindex={1}>
          {props.columns.map((name) => (
            <span key={name} role="columnheader" class="cell">
              {name}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" class="table-body" style={geometry}>
        {indices.map(props.row)}
      </div>
      {props.children}
    </div>
  );
}
