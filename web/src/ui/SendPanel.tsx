import { useSending, useServer } from '../store/context';
import { packetProblem } from '../store/packet';
import { type Run, summarize } from '../store/sending';
import { formatCount, formatMicros } from '../text/format';
import { Panel } from './Panel';
import { SavedPackets } from './SavedPackets';
import { SendForm } from './SendForm';
import { SendResults } from './SendResults';

export function SendPanel() {
  const sending = useSending();
  const listeners = useServer().udpListeners;
  const packet = sending.packet.value;
  return (
    <Panel class="send-panel" title="Send a datagram">
      <SavedPackets
        packet={packet}
        onLoad={(loaded) => {
          sending.packet.value = loaded;
        }}
      />
      <SendForm
        packet={packet}
        listeners={listeners}
        busy={sending.busy.value}
        problem={packetProblem(packet) ?? sending.problem.value}
        onChange={(changes) => {
          sending.packet.value = { ...packet, ...changes };
        }}
        onSend={() => sending.submit(listeners)}
        onStop={() => sending.stop()}
      />
      <RunSummary run={sending.run.value} />
      <SendResults
        attempts={sending.attempts.value}
        run={sending.run.value}
        inLog={new Set(listeners.map(({ address }) => address))}
      />
    </Panel>
  );
}

/** The summary of a run of several datagrams. */
function RunSummary({ run }: { run: Run | null }) {
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
