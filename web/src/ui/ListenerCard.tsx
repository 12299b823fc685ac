import type { Listener } from '../api/types';
import type { RatePoint } from '../store/rates';
import { formatBytes, formatCompact, formatCount, formatRate } from '../text/format';
import { ServiceTag } from './ServiceTag';
import { Stat } from './Stat';

interface Props {
  listener: Listener;
  /** Null while it is not known. */
  rate: RatePoint | null;
}

export function ListenerCard({ listener, rate: latest }: Props) {
  const udp = listener.transport === 'udp';
  const refused = listener.refused + listener.rejected_connections;
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
        <span class="card-bytes">{latest ? `${formatBytes(latest.bytes)}/s` : '–'}</span>
      </p>
      <dl class="card-stats">
        <Stat
          label="Received"
          value={formatCount(listener.received.messages)}
          detail={formatBytes(listener.received.bytes)}
        />
        <Stat label={udp ? 'Clients' : 'Open'} value={formatCount(listener.open_clients)} />
        <Stat label="Refused" value={formatCompact(refused)} tone={refused ? 'warn' : undefined} />
        {udp && (
          <Stat
            label="Drops"
            value={formatCompact(listener.kernel_drops)}
            tone={listener.kernel_drops ? 'warn' : undefined}
          />
        )}
        {!udp && <Stat label="Accepted" value={formatCompact(listener.connections)} />}
      </dl>
    </article>
  );
}
