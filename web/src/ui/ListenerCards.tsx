import type { Listener } from '../api/types';
import { useServer } from '../store/context';
import { listenerKey, RATE_WORDS, type RatePoint } from '../store/rates';
import { formatBytes, formatCompact, formatCount, formatRate } from '../text/format';
import { CardFaults } from './CardFaults';
import { ServiceTag } from './ServiceTag';
import { Stat } from './Stat';

export function ListenerCards() {
  const server = useServer();
  const listeners = server.status.value?.listeners;
  return (
    <section class="cards" aria-label="Listeners" tabIndex={0}>
      {listeners?.map((listener) => {
        const key = listenerKey(listener);
        return (
          <ListenerCard key={key} listener={listener} rate={server.rates.value.get(key) ?? null} />
        );
      })}
      {listeners?.length === 0 && <p class="empty">No server is switched on.</p>}
      {/* Before the first status: the places of the three usual servers, so that nothing jumps. */}
      {!listeners &&
        [1, 2, 3].map((n) => <div key={n} class="card card-waiting" aria-hidden="true" />)}
    </section>
  );
}

interface ListenerCardProps {
  listener: Listener;
  /** Null while it is not known. */
  rate: RatePoint | null;
}

function ListenerCard({ listener, rate: latest }: ListenerCardProps) {
  const udp = listener.transport === 'udp';
  return (
    <article class="card" data-service={listener.service} aria-label={listener.service}>
      <header class="card-head">
        <ServiceTag service={listener.service} />
        <code class="address" title={listener.address}>
          {listener.address}
        </code>
      </header>
      <p class="card-rates">
        <span>
          <span class="card-rate">{latest ? formatRate(latest.messages) : '–'}</span>
          <span class="unit">msg/s</span>
        </span>
        <span class="card-bytes" title={RATE_WORDS.bytes}>
          {latest ? `${formatBytes(latest.bytes)}/s` : '–'}
          <span class="unit">in+out</span>
        </span>
      </p>
      <dl class="card-stats">
        <Stat
          label="Received"
          word="Listener.received"
          value={formatCompact(listener.received.messages)}
          detail={formatBytes(listener.received.bytes)}
        />
        {udp ? (
          <Stat label="Drops" word="Listener.kernel_drops" {...warning(listener.kernel_drops)} />
        ) : (
          <Stat
            label="Open"
            word="Listener.open_clients"
            value={formatCount(listener.open_clients)}
          />
        )}
        {udp ? (
          <Stat label="Refused" word="Refused" {...warning(listener.refused)} />
        ) : (
          <Stat
            label="Rejected"
            word="Listener.rejected_connections"
            {...warning(listener.rejected_connections)}
          />
        )}
        <Stat label="Unanswered" word="Unanswered" {...warning(listener.unanswered)} />
      </dl>
      {udp && <CardFaults service={listener.service} />}
    </article>
  );
}

/** A counter that should be zero. */
function warning(count: number): { value: string; tone: 'warn' | undefined } {
  return { value: formatCompact(count), tone: count ? 'warn' : undefined };
}
