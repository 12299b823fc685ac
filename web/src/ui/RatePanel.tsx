import { useMemo, useState } from 'preact/hooks';
import { now, useServer } from '../store/context';
import { chartMetric, chartRange, resolvedTheme, timeZone } from '../store/preferences';
import type { RateTable } from '../store/rateHistory';
import { RATE_WORDS, type RatePoint } from '../store/rates';
import { today } from '../store/times';
import { formatBytes, formatRate, formatRateTick } from '../text/format';
import { formatClock } from '../text/time';
import { Panel } from './Panel';
import { pixels } from './pageSize';
import type { Span } from './plotKeys';
import { RatePlot } from './RatePlot';
import { Segments } from './Segments';
import { ServiceTag } from './ServiceTag';

const METRICS = [
  { value: 'messages', label: 'Messages', title: RATE_WORDS.messages },
  { value: 'bytes', label: 'Bytes', note: 'in + out', title: RATE_WORDS.bytes },
] as const;
const RANGES = [
  { value: '1', label: '1' },
  { value: '5', label: '5' },
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
  const server = useServer();
  const [zoom, setZoom] = useState<Span | null>(null);
  const [point, setPoint] = useState<number | null>(null);
  const version = server.historyVersion.value;
  const second = Math.floor(server.knownUntil(now.value) / 1000);
  const table = useMemo(() => server.history.table(second), [server, version, second]);
  const metric = chartMetric.value;
  const range = chartRange.value;
  const newest = table.times.at(-1) ?? 0;
  const span = useMemo(
    () => zoom ?? { min: newest - Number(range) * 60, max: newest },
    [zoom, newest, range],
  );
  const readings = readAt(table, point, (at) => FORMATS[metric](at[metric]));
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
            label="Minutes back"
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
      <RateReadout readings={readings} />
      <RatePlot
        label={`${metric} a second of each service over the last ${range} minutes`}
        table={table}
        metric={metric}
        tick={TICKS[metric]}
        span={span}
        look={`${resolvedTheme.value} ${pixels(1.1)} ${timeZone.value}`}
        typeSize={pixels(1.1)}
        reading={readings.map(({ name, value }) => `${name} ${value}`.trim()).join(', ')}
        onPoint={setPoint}
        onZoom={setZoom}
      />
    </Panel>
  );
}

/** The time of a point and what each service carried then. */
function readAt(
  { times, services, points }: RateTable,
  index: number | null,
  read: (point: RatePoint) => string,
): Reading[] {
  const time = index === null ? undefined : times[index];
  if (index === null || time === undefined) return [];
  const clock = formatClock(new Date(time * 1000).toISOString(), timeZone.value, today.value);
  return [
    { name: '', value: clock },
    ...services.map((name, n) => {
      const point = points[n]?.[index];
      return { name, value: point ? read(point) : '–' };
    }),
  ];
}

interface Reading {
  /** A service; empty for the time. */
  name: string;
  value: string;
}

/** The figures of the point that the pointer or the arrow keys stand on. */
function RateReadout({ readings }: { readings: readonly Reading[] }) {
  if (readings.length === 0) return null;
  return (
    <p class="readout" aria-hidden="true">
      {readings.map(({ name, value }) => (
        <span key={name} class="readout-value">
          {name && <ServiceTag service={name} />}
          {value}
        </span>
      ))}
    </p>
  );
}
