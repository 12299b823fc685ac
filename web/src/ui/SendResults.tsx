import type { Attempt, Run } from '../store/sending';
import { formatMicros } from '../text/format';
import { SendResult } from './SendResult';

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
