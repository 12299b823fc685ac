import type { Client, Pending } from '../api/types';
import { now, useServer } from '../store/context';
import { timeZone } from '../store/preferences';
import { formatAgo, formatBytes, formatCompact, formatMicros } from '../text/format';
import { formatMoment } from '../text/time';
import { ClientState } from './ClientState';
import { FilterLink } from './FilterLink';
import { ServiceTag } from './ServiceTag';
import { TestMark } from './TestMark';
import { Time } from './Time';

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
  return `${formatBytes(size)} wait for a line end since ${formatMoment(since, timeZone.value)}`;
}

export function ClientRow({ client, index, active, selected, onOpen }: Props) {
  const server = useServer();
  const { received, sent } = client;
  const unseenMs = server.knownUntil(now.value) - Date.parse(client.last_seen_at);
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
        <Time at={client.opened_at} digits={0} />
      </span>
      <span
        role="gridcell"
        class="cell cell-seen"
        title={formatMoment(client.last_seen_at, timeZone.value)}
      >
        {formatAgo(unseenMs / 1000)}
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
        {client.test ? (
          <TestMark client={client} />
        ) : client.pending ? (
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
