import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { printing } from './printing';
import { useSize } from './useSize';

/** So many lines stand in the document as a whole, where the browser's own search finds them. */
const WHOLE_LINES = 128;
/** Lines drawn beyond each edge, so that a quick scroll does not show white. */
const OVERSCAN = 8;
/** Until it is measured. */
const FIRST_GUESS = { columnPx: 7, linePx: 19 };

interface Props<Line> {
  label: string;
  class: string;
  /** All lines, where one has room for so many columns. */
  lines: (columns: number) => readonly Line[];
  children: (line: Line) => ComponentChildren;
}

/**
 * A payload as lines. Of a long one only those in view are in the document, so that what it costs to
 * show does not grow with its size.
 */
export function PayloadLines<Line>({ label, class: name, lines, children }: Props<Line>) {
  const scroller = useRef<HTMLElement>(null);
  const probe = useRef<HTMLSpanElement>(null);
  const [{ columnPx, linePx }, setType] = useState(FIRST_GUESS);
  const [top, setTop] = useState(0);
  const { width, height } = useSize(scroller);
  useLayoutEffect(() => {
    const box = probe.current?.getBoundingClientRect();
    if (box && box.width > 0) setType({ columnPx: box.width, linePx: box.height });
  }, [width]);

  // Room for the padding and for a scroll bar, whether there is one or not.
  const columns = Math.max(8, Math.floor(width / columnPx) - 4);
  const all = useMemo(() => lines(columns), [lines, columns]);
  const long = all.length > WHOLE_LINES && !printing.value;
  const first = long ? Math.max(0, Math.floor(top / linePx) - OVERSCAN) : 0;
  const last = long ? first + Math.ceil(height / linePx) + 2 * OVERSCAN : all.length;
  return (
    <section
      class="side-body"
      data-long={long}
      aria-label={label}
      tabIndex={long ? 0 : -1}
      ref={scroller}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      <span class="line-probe" ref={probe} />
      <div
        class={name}
        style={
          long ? { height: `${all.length * linePx}px`, paddingTop: `${first * linePx}px` } : {}
        }
      >
        {all.slice(first, last).map((line, index) => (
          <bdi key={first + index} class="line">
            {children(line)}
          </bdi>
        ))}
      </div>
    </section>
  );
}
