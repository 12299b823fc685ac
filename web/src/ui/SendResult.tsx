import type { Attempt } from '../store/sending';
import { formatBytes, formatMicros } from '../text/format';
import { ExchangeLink } from './ExchangeLink';
import { PayloadText } from './PayloadText';
import { Time } from './Time';

interface Props {
  attempt: Attempt;
  /** Its exchange is in the log. */
  linked: boolean;
}

export function SendResult({ attempt, linked }: Props) {
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
