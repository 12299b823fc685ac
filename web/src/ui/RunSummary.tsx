import { type Run, summarize } from '../store/sending';
import { formatCount, formatMicros } from '../text/format';

/** How a run of several datagrams went. One datagram speaks for itself. */
export function RunSummary({ run }: { run: Run | null }) {
  if (!run || run.count === 1) return null;
  const lost = run.sent - run.rtts.length;
  const summary = summarize(run.rtts);
  return (
    <>
      <dl class="run">
        <div>
          <dt>Sent</dt>
          <dd>
            {formatCount(run.sent)} of {formatCount(run.count)}
          </dd>
        </div>
        <div>
          <dt>Lost</dt>
          <dd data-tone={lost > 0 ? 'warn' : undefined}>{formatCount(lost)}</dd>
        </div>
        <div title="From one datagram to the next, in the mean">
          <dt>Every</dt>
          <dd>{run.everyMs === null ? '–' : formatMicros(Math.round(run.everyMs * 1000))}</dd>
        </div>
        {(['min', 'median', 'p99'] as const).map((name) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{summary ? formatMicros(summary[name]) : '–'}</dd>
          </div>
        ))}
      </dl>
      {run.limit && (
        <p class="run-limit" role="status">
          Slowed down by socklens: {run.limit}
        </p>
      )}
    </>
  );
}
