import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { timeZone } from '../store/preferences';
import type { RateTable } from '../store/rateHistory';
import type { RatePoint } from '../store/rates';
import { today } from '../store/times';
import { timeParts } from '../text/time';
import { plotKey, SHORTEST_ZOOM_S, type Span } from './plotKeys';
import { useSize } from './useSize';

interface Props {
  label: string;
  table: RateTable;
  metric: keyof RatePoint;
  /** How the axis names a value. */
  tick: (value: number) => string;
  span: Span;
  /** Changes with the colours, the type and the time zone of the page. */
  look: string;
  /** Of the axes' type, in pixels. */
  typeSize: number;
  /** The point's figures in words, for those who do not see them. */
  reading: string;
  /** The point under the pointer or the arrow keys, or null. */
  onPoint: (index: number | null) => void;
  /** Null shows all again. */
  onZoom: (span: Span | null) => void;
}

/** The curves. uPlot draws on a canvas and writes no markup. */
export function RatePlot(props: Props) {
  const { table, metric, span, look } = props;
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const size = useSize(holder);
  const services = table.services.join();

  useEffect(() => {
    if (!holder.current) return;
    const made = new uPlot(
      options(holder.current, latest),
      plotData(latest.current),
      holder.current,
    );
    made.setScale('x', latest.current.span);
    plot.current = made;
    return () => {
      plot.current = null;
      made.destroy();
    };
  }, [services, look, metric]);
  useEffect(() => {
    plot.current?.setData(plotData({ table, metric }), false);
    plot.current?.setScale('x', span);
  }, [table, metric, span]);
  useEffect(() => {
    if (size.width > 0) plot.current?.setSize(size);
  }, [size]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (!plot.current || event.ctrlKey || event.altKey || event.metaKey) return;
    if (plotKey(plot.current, event, props)) event.preventDefault();
  };
  return (
    <div
      class="plot"
      role="slider"
      aria-label={props.label}
      aria-valuemin={span.min}
      aria-valuemax={span.max}
      aria-valuenow={plot.current?.cursor.idx ? table.times[plot.current.cursor.idx] : span.max}
      aria-valuetext={props.reading || 'no second chosen'}
      tabIndex={0}
      data-keys="chart"
      onKeyDown={onKeyDown}
      ref={holder}
    />
  );
}

function plotData({ table, metric }: Pick<Props, 'table' | 'metric'>): uPlot.AlignedData {
  const lines = table.points.map((line) => line.map((point) => point?.[metric] ?? null));
  return [table.times, ...lines];
}

function options(holder: HTMLElement, latest: { current: Props }): uPlot.Options {
  const style = getComputedStyle(holder);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const { typeSize } = latest.current;
  const axis = {
    stroke: colour('text-faint'),
    font: `${typeSize}px ${style.fontFamily}`,
    grid: { stroke: colour('line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: Math.max(holder.clientWidth, 1),
    height: Math.max(holder.clientHeight, 1),
    legend: { show: false },
    padding: [8, typeSize * 2.8, 0, 0], // half a label of the time axis
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 },
    },
    scales: { y: { range: (_u, _min, max) => [0, Math.max(1, (max ?? 0) * 1.08)] } },
    axes: [
      {
        ...axis,
        size: typeSize * 2.4,
        space: typeSize * 8,
        values: (_u, splits, _axis, _space, step) => splits.map((at) => clock(at, step)),
      },
      {
        ...axis,
        size: typeSize * 5.2,
        space: typeSize * 3,
        values: (_u, splits) => splits.map((value) => latest.current.tick(value)),
      },
    ],
    series: [
      {},
      ...latest.current.table.services.map((service) => ({
        label: service,
        stroke: colour(service) || colour('accent'),
        fill: `color-mix(in srgb, ${colour(service) || colour('accent')} 9%, transparent)`,
        width: 1.5,
        points: { show: false },
      })),
    ],
    hooks: {
      setCursor: [(u) => latest.current.onPoint(u.cursor.idx ?? null)],
      setSelect: [(u) => zoom(u, latest.current)],
    },
  };
}

/** 14:03, with the second where the steps are shorter than a minute. The day is that of the last minutes. */
function clock(seconds: number, step: number): string {
  const at = new Date(seconds * 1000).toISOString();
  const parts = timeParts(at, timeZone.value, today.value, 0);
  if (!parts) return '';
  const time = step < 60 ? parts.clock : parts.clock.replace(/:00$/, '');
  return `${time} ${parts.offset}`.trim();
}

function zoom(u: uPlot, { onZoom }: Props): void {
  const { left, width } = u.select;
  if (width <= 0) return;
  const min = u.posToVal(left, 'x');
  const max = u.posToVal(left + width, 'x');
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  if (max - min >= SHORTEST_ZOOM_S) onZoom({ min, max });
}
