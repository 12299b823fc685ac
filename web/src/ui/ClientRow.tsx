import type { Client, Pending } from '../api/types';
import { now, useGateway } from '../store/context';
import {
  formatAgo,
  formatBytes,
  formatCompact,
  formatMicros,
  formatTime,
  formatTimeToSecond,
} from '../text/format';
import { ClientState } from './ClientState';
import { FilterLink } from './FilterLink';
import { ServiceTag } from './ServiceTag';

interface Props {
  client: Client;
  index: number;
  active: boolean;
  selected: boolean;
  onOpen: () => void;
}

export function clientRowId(client: Client): string {
  return `client-${client.id}`;
}

function waitingTitle({ size, since }: Pending): string {
  return `${formatBytes(size)} wait for a line end since ${formatTime(since)}`;
}

export function ClientRow({ client, index, active, selected, onOpen }: Props) {
  const gateway = useGateway();
  const { received, sent } = client;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the table takes the keys for its rows
    <div
      role="row"
      class="row row-link"
      id={clientRowId(client)}
      aria-rowindex={index + 2}
      aria-selected={selected}
      data-active={active}
      onClick={onOpen}
      data-client={client.id}
      data-state={client.state}
    >
      <span role="gridcell" class="cell cell-service">
        <FilterLink filter={{ service: client.service }} title={`Only ${client.service}`}>
          <ServiceTag service={client.service} />
        </FilterLink>
      </span>
      <span role="gridcell" class="cell cell-client address" title={client.address}>
        {client.address}
      </span>
      <span role="gridcell" class="cell cell-local address" title={client.local_address}>
        {client.local_address}
      </span>
      <span role="gridcell" class="cell cell-since">
        {formatTimeToSecond(client.opened_at)}
      </span>
      <span role="gridcell" class="cell cell-seen">
        {lastSeen(client, gateway.knownUntil(now.value))}
      </span>
      <span role="gridcell" class="cell cell-messages">
        {formatCompact(received.messages)}
        <span class="cell-out"> / {formatCompact(sent.messages)}</span>
      </span>
      <span role="gridcell" class="cell cell-size">
        {formatBytes(received.bytes)}
        <span class="cell-out"> / {formatBytes(sent.bytes)}</span>
      </span>
      <span role="gridcell" class="cell cell-took">
        {client.rtt_us === null ? '–' : formatMicros(client.rtt_us)}
      </span>
      <span role="gridcell" class="cell cell-state">
        {client.pending ? (
          <span class="state-waiting" title={waitingTitle(client.pending)}>
            {formatBytes(client.pending.size)} wait
          </span>
        ) : (
          <ClientState client={client} />
        )}
      </span>
    </div>
  );
}

/** An age while it still grows; for a closed client the moment, which stays true. */
function lastSeen(client: Client, gatewayNow: number): string {
  if (client.state === 'closed') return formatTimeToSecond(client.last_seen_at);
  return formatAgo((gatewayNow - Date.parse(client.last_seen_at)) / 1000);
}
