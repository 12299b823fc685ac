import { HISTORY_POINTS, type RatePoint } from '../store/rates';

const WIDTH = 240;
const HEIGHT = 40;

interface Props {
  points: readonly (RatePoint | null)[];
}

/** Messages a second over the last minute, its newest point at the right edge; decoration beside the figure. */
export function Sparkline({ points }: Props) {
  const values = points.map((point) => point?.messages ?? null);
  const top = Math.max(1, ...values.map((value) => value ?? 0));
  const step = WIDTH / (HISTORY_POINTS - 1);
  const place = (value: number, index: number) => ({
    x: WIDTH - (values.length - 1 - index) * step,
    y: HEIGHT - 2 - (value / top) * (HEIGHT - 6),
  });
  const runs = knownRuns(values).map((run) => run.map(([value, index]) => place(value, index)));
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {runs.map((run) => {
        const line = run.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L');
        const area = `M${run[0]?.x.toFixed(1)} ${HEIGHT}L${line}L${run.at(-1)?.x.toFixed(1)} ${HEIGHT}Z`;
        return (
          <g key={run[0]?.x}>
            <path class="spark-area" d={area} />
            <path class="spark-line" d={`M${line}`} />
          </g>
        );
      })}
    </svg>
  );
}

/** Stretches without a hole: where nothing was known no line is drawn. */
function knownRuns(values: readonly (number | null)[]): [number, number][][] {
  const runs: [number, number][][] = [];
  let open = false;
  values.forEach((value, index) => {
    if (value === null) open = false;
    else if (open) runs.at(-1)?.push([value, index]);
    else {
      runs.push([[value, index]]);
      open = true;
    }
  });
  return runs;
}
