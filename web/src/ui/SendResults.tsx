import { useState } from 'preact/hooks';
import { useServer, useView } from '../store/context';
import { findExchange } from '../store/exchange';
import type { Attempt, Run } from '../store/sending';
import { formatBytes, formatMicros } from '../text/format';
import { PayloadText } from './PayloadText';
import { Time } from './Time';

interface Props {
  attempts: readonly Attempt[];
  run: Run | null;
  /** Addresses whose exchanges the log holds. */
  inLog: ReadonlySet<string>;
}

/** What was sent from the form, newest first. A run is announced at its end, in one sentence. */
export function SendResults({ attempts, run, inLog }: Props) {
  return (
    <>
      <p class="sr-only" role="status">
        {announcement(attempts[0], run)}
      </p>
      {attempts.length === 0 && (
        <p class="empty results-empty">What you send is listed here with its reply.</p>
      )}
      <ol class="results" aria-label="Sent from here, newest first">
        {attempts.map((attempt) => (
          <SendResult key={attempt.id} attempt={attempt} linked={inLog.has(attempt.result.to)} />
        ))}
      </ol>
    </>
  );
}

function announcement(newest: Attempt | undefined, run: Run | null): string {
  if (!newest || !run) return '';
  if (run.count === 1) return sentence(newest);
  if (run.sent < run.count && !run.stopped) return '';
  return `${run.sent} sent, ${run.sent - run.rtts.length} lost`;
}

function sentence({ result, timeoutMs }: Attempt): string {
  if (result.timed_out) return `No reply within ${timeoutMs} milliseconds`;
  return result.rtt_us === null ? 'Sent' : `Reply after ${formatMicros(result.rtt_us)}`;
}

interface SendResultProps {
  attempt: Attempt;
  /** True once its message is in the log. */
  linked: boolean;
}

function SendResult({ attempt, linked }: SendResultProps) {
  const { at, timeoutMs, result } = attempt;
  return (
    <li class="result" data-lost={result.timed_out}>
      <p class="result-head">
        <Time at={at.toISOString()} />
        <span class="result-rtt">
          {result.rtt_us === null ? 'no reply' : formatMicros(result.rtt_us)}
        </span>
      </p>
      <p class="result-line">
        <span class="result-arrow" aria-hidden="true">
          →
        </span>
        <span class="sr-only">sent</span>
        <PayloadText payload={result.sent} />
        <span class="result-size">{formatBytes(result.sent.size)}</span>
      </p>
      {result.reply ? (
        <p class="result-line">
          <span class="result-arrow" aria-hidden="true">
            ←
          </span>
          <span class="sr-only">received</span>
          <PayloadText payload={result.reply} />
          <span class="result-size">{formatBytes(result.reply.size)}</span>
        </p>
      ) : (
        <p class="result-line result-none">nothing came within {timeoutMs} ms</p>
      )}
      <p class="result-path address">
        {result.from} → {result.to}
        {linked && <ExchangeLink attempt={attempt} />}
      </p>
    </li>
  );
}

/** Leads from a sent datagram to its message in the log. */
function ExchangeLink({ attempt }: { attempt: Attempt }) {
  const server = useServer();
  const view = useView();
  const [missing, setMissing] = useState(false);
  const show = async () => {
    const seq = await findExchange(server.log, attempt.result);
    if (seq !== null) view.show({ kind: 'message', seq });
    setMissing(seq === null);
  };
  return (
    <button type="button" class="link result-link" onClick={show}>
      {missing ? 'not found in the log' : 'in the log'}
    </button>
  );
}
