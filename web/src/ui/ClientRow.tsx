import type { Client } from '../api/types';
import { now, useGateway } from '../store/context';
import {
  formatAgo,
  formatBytes,
  formatCount,
  formatMicros,
  formatTimeToSecond,
  formatWords,
} from '../text/format';
import { ServiceTag } from './ServiceTag';

interface Props {
  client: Client;
  index: number;
}

export function ClientRow({ client, index }: Props) {
  const gateway = useGateway();
  const { received } = client;
  return (
    <div
      role="row"
      class="row"
      aria-rowindex={index + 2}
      data-client={client.id}
      data-state={client.state}
    >
      <span role="cell" class="cell cell-service">
        <ServiceTag service={client.service} />
      </span>
      <code role="cell" class="cell cell-client address">
        {client.address}
      </code>
      <code role="cell" class="cell cell-local address">
        {client.local_address}
      </code>
      <time role="cell" class="cell cell-since" dateTime={client.opened_at}>
        {formatTimeToSecond(client.opened_at)}
      </time>
      <time role="cell" class="cell cell-seen" dateTime={client.last_seen_at}>
        {lastSeen(client, now.value + gateway.clockAheadMs.value)}
      </time>
      <span role="cell" class="cell cell-messages">
        {formatCount(received.messages)}
      </span>
      <span role="cell" class="cell cell-size">
        {formatBytes(received.bytes)}
      </span>
      <span role="cell" class="cell cell-took">
        {client.rtt_us === null ? '–' : formatMicros(client.rtt_us)}
      </span>
      <span role="cell" class="cell cell-state">
        <ClientState client={client} />
      </span>
    </div>
  );
}

/** An age while it still grows; for a closed client the moment, which stays true. */
function lastSeen(client: Client, gatewayNow: number): string {
  if (client.state === 'closed') return formatTimeToSecond(client.last_seen_at);
  return formatAgo((gatewayNow - Date.parse(client.last_seen_at)) / 1000);
}

function ClientState({ client }: { client: Client }) {
  if (client.state === 'open')
    return (
      <span class="state" data-state="open">
        open
      </span>
    );
  const reason = client.close_reason && formatWords(client.close_reason);
  return (
    <span class="state" data-state="closed">
      {reason ?? 'closed'}
      {client.closed_by && <span class="state-by"> by {client.closed_by}</span>}
    </span>
  );
}
