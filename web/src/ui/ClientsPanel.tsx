import { useState } from 'preact/hooks';
import type { Client } from '../api/types';
import { isClientKey, nextOrder } from '../store/clientOrder';
import { useServer, useView } from '../store/context';
import { translatedAddress } from '../store/nat';
import { hintSeen } from '../store/preferences';
import type { Server } from '../store/server';
import { formatCount } from '../text/format';
import { ClientRow, clientRowId } from './ClientRow';
import { Panel } from './Panel';
import { rowHeight } from './pageSize';
import { Segments } from './Segments';
import { useTimeChars } from './useTimeChars';
import { VirtualTable } from './VirtualTable';

const COLUMNS = [
  { label: 'Service', sort: 'service', word: 'Service' },
  { label: 'Client', sort: 'address', word: 'Client.address' },
  { label: 'Local address', sort: 'local', word: 'Client.local_address' },
  { label: 'Since', sort: 'opened', word: 'Client.opened_at' },
  { label: 'Last seen', sort: 'seen', word: 'Client.last_seen_at' },
  { label: 'Messages', sort: 'messages', word: 'Traffic.messages' },
  { label: 'Bytes', sort: 'bytes', word: 'Traffic.bytes' },
  { label: 'RTT', sort: 'rtt', word: 'Client.rtt_us' },
  { label: 'State', sort: 'state', word: 'Client.state' },
];

/** The next page is requested this many rows before the last. */
const MORE_WITHIN_ROWS = 60;

export function ClientsPanel() {
  const server = useServer();
  const view = useView();
  const { filter, order } = server.clientView.value;
  const [activeId, setActiveId] = useState<number | null>(null);
  void server.clientsVersion.value;
  const clients = server.clients.list();
  const timeChars = useTimeChars(openedBetween(clients), 0);
  const counts = server.status.value?.clients;
  const filters = [
    { value: 'all', label: 'All' },
    { value: 'open', label: 'Current', note: counts && formatCount(counts.open) },
    { value: 'closed', label: 'Closed', note: counts && formatCount(counts.closed) },
  ] as const;
  const detail = view.detail.value;
  const open = (index: number) => {
    const client = clients[index];
    if (client) view.show({ kind: 'client', id: client.id });
  };
  const onMove = (index: number) => {
    setActiveId(clients[index]?.id ?? null);
    if (detail?.kind === 'client') open(index);
  };
  return (
    <Panel
      class="clients-panel"
      title="Clients"
      note={extent(server, clients.length)}
      tools={
        <Segments
          label="Which clients"
          options={filters}
          value={filter}
          onChange={(next) => server.showClients({ filter: next, order })}
        />
      }
    >
      <NatHint />
      <VirtualTable
        label={order ? 'Clients' : 'Clients, current ones first'}
        class="clients"
        keysName="clients"
        columns={COLUMNS}
        {...(order && { sorting: order })}
        onSort={(by) =>
          isClientKey(by) && server.showClients({ filter, order: nextOrder(order, by) })
        }
        onView={(_first, last) => {
          if (last > clients.length - MORE_WITHIN_ROWS) server.loadMoreClients();
        }}
        count={clients.length}
        rowHeight={rowHeight.value}
        timeChars={timeChars}
        active={clients.findIndex((client) => client.id === activeId)}
        rowId={(index) => {
          const client = clients[index];
          return client && clientRowId(client);
        }}
        onMove={onMove}
        onOpen={open}
        row={(index) => {
          const client = clients[index];
          return (
            client && (
              <ClientRow
                key={client.id}
                client={client}
                index={index}
                active={client.id === activeId}
                selected={detail?.kind === 'client' && detail.id === client.id}
                onOpen={() => {
                  setActiveId(client.id);
                  open(index);
                }}
              />
            )
          );
        }}
      />
      {clients.length === 0 && (
        <p class="empty log-empty">No client{filter === 'all' ? ' yet' : ' here'}.</p>
      )}
    </Panel>
  );
}

/** The API's times are all of one form: their order is that of their letters. */
function openedBetween(clients: readonly Client[]): [first: string, last: string] {
  let [first, last] = ['', ''];
  for (const { opened_at } of clients) {
    if (first === '' || opened_at < first) first = opened_at;
    if (opened_at > last) last = opened_at;
  }
  return [first, last];
}

/** How many of the clients are shown, if not all. */
function extent({ clients, clientView, status }: Server, shown: number): string {
  const counts = status.value?.clients;
  if (!counts || clients.whole || shown === 0) return '';
  const { filter } = clientView.value;
  const total = filter === 'all' ? counts.open + counts.closed : counts[filter];
  if (shown >= total) return '';
  const part = `${formatCount(shown)} of ${formatCount(total)}`;
  return clients.isRanked ? `the first ${part}` : `ordered among ${part}`;
}

/** Explains why all peers have one address. Once dismissed it does not return. */
function NatHint() {
  const server = useServer();
  void server.clientsVersion.value;
  const address = translatedAddress(server.clients.known());
  if (address === null || hintSeen.value === 'nat') return null;
  return (
    <aside class="hint" aria-label="About the addresses">
      <p>
        All peers show as <code>{address}</code>: a container's network stands in between, and its
        address translation hides who they are. Run the container with <code>--network=host</code>{' '}
        to see their own addresses.
      </p>
      <button
        type="button"
        class="button"
        onClick={() => {
          hintSeen.value = 'nat';
        }}
      >
        Understood
      </button>
    </aside>
  );
}
