import { useMemo, useState } from 'preact/hooks';
import { useGateway } from '../store/context';
import { chartMetric, chartRange, resolvedTheme, size } from '../store/preferences';
import type { RateTable } from '../store/rateHistory';
import { formatBytes, formatRate, formatRateTick, formatTimeToSecond } from '../text/format';
import { Panel } from './Panel';
import { RatePlot, type Span } from './RatePlot';
import { Segments } from './Segments';
import { ServiceTag } from './ServiceTag';

const METRICS = [
  { value: 'messages', label: 'Messages' },
  { value: 'bytes', label: 'Bytes' },
] as const;
const RANGES = [
  { value: '1', label: '1 min' },
  { value: '5', label: '5 min' },
  { value: '15', label: '15 min' },
] as const;
const TICKS = {
  messages: formatRateTick,
  bytes: (value: number) => formatBytes(value),
};
const FORMATS = {
  messages: (value: number) => formatRate(value),
  bytes: (value: number) => `${formatBytes(value)}/s`,
};

/** What went through each service, second by second. */
export function RatePanel() {
  const gateway = useGateway();
  const [zoom, setZoom] = useState<Span | null>(null);
  const [point, setPoint] = useState<number | null>(null);
  const version = gateway.historyVersion.value;
  const table = useMemo(() => gateway.history.table(), [gateway, version]);
  const metric = chartMetric.value;
  const range = chartRange.value;
  const newest = table.times.at(-1) ?? 0;
  const span = useMemo(
    () => zoom ?? { min: beginning(table, Number(range) * 60), max: newest },
    [zoom, newest, range, table],
  );
  const format = FORMATS[metric];
  return (
    <Panel
      class="rate-panel"
      title="Traffic"
      tools={
        <div class="rate-tools">
          {zoom && (
            <button type="button" class="button" onClick={() => setZoom(null)}>
              Reset zoom
            </button>
          )}
          <Segments
            label="What is counted"
            options={METRICS}
            value={metric}
            onChange={(next) => {
              chartMetric.value = next;
            }}
          />
          <Segments
            label="How far back"
            options={RANGES}
            value={range}
            onChange={(next) => {
              chartRange.value = next;
              setZoom(null);
            }}
          />
        </div>
      }
    >
      <Readout table={table} index={point} read={(at) => at && format(at[metric])} />
      <RatePlot
        label={`${metric} a second of each service over the last ${range} minutes`}
        table={table}
        metric={metric}
        tick={TICKS[metric]}
        span={span}
        look={`${resolvedTheme.value} ${size.value}`}
        typeSize={size.value === 'projector' ? 16 : 11}
        onPoint={setPoint}
        onZoom={setZoom}
      />
    </Panel>
  );
}

const SHORTEST_S = 60;

/** So far back as something is known, and not farther than was asked for. */
function beginning({ times, points }: RateTable, seconds: number): number {
  const newest = times.at(-1) ?? 0;
  const first = times.findIndex((_, i) => points.some((line) => line[i] !== null));
  const known = times[first] ?? newest;
  return Math.max(newest - seconds, Math.min(known, newest - SHORTEST_S));
}

interface ReadoutProps {
  table: RateTable;
  index: number | null;
  read: (point: RateTable['points'][number][number]) => string | null;
}

/** The figures under the pointer. */
function Readout({ table, index, read }: ReadoutProps) {
  const time = index === null ? undefined : table.times[index];
  if (index === null || time === undefined) return null;
  return (
    <p class="readout" aria-hidden="true">
      <span>{formatTimeToSecond(new Date(time * 1000).toISOString())}</span>
      {table.services.map((service, n) => (
        <span key={service} class="readout-value">
          <ServiceTag service={service} />
          {read(table.points[n]?.[index] ?? null) ?? '–'}
        </span>
      ))}
    </p>
  );
}
