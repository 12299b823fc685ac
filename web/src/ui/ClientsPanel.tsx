import { useState } from 'preact/hooks';
import { type ClientOrder, isClientKey, nextOrder } from '../store/clientOrder';
import type { ClientFilter } from '../store/clients';
import { useGateway, useView } from '../store/context';
import { formatCount } from '../text/format';
import { ClientRow, clientRowId } from './ClientRow';
import { Panel } from './Panel';
import { Segments } from './Segments';
import { useNarrow } from './useMedia';
import { VirtualTable } from './VirtualTable';

const COLUMNS = [
  { label: 'Service', sort: 'service' },
  { label: 'Client', sort: 'address' },
  { label: 'Local address', sort: 'local' },
  { label: 'Since', sort: 'opened' },
  { label: 'Last seen', sort: 'seen' },
  { label: 'Messages', sort: 'messages' },
  { label: 'Bytes', sort: 'bytes' },
  { label: 'RTT', sort: 'rtt' },
  { label: 'State', sort: 'state' },
];

export function ClientsPanel() {
  const gateway = useGateway();
  const view = useView();
  const narrow = useNarrow();
  const [filter, setFilter] = useState<ClientFilter>('all');
  const [order, setOrder] = useState<ClientOrder | null>(null);
  const [activeId, setActiveId] = useState<number | null>(null);
  void gateway.clientsVersion.value;
  const clients = gateway.clients.list(filter, order);
  const counts = gateway.status.value?.clients;
  const filters = [
    { value: 'all', label: 'All' },
    { value: 'open', label: 'Open', note: counts && formatCount(counts.open) },
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
      tools={
        <Segments label="Which clients" options={filters} value={filter} onChange={setFilter} />
      }
    >
      <VirtualTable
        label={order ? 'Clients' : 'Clients, open ones first'}
        class="clients"
        keysName="clients"
        columns={COLUMNS}
        {...(order && { sorting: order })}
        onSort={(by) => isClientKey(by) && setOrder(nextOrder(order, by))}
        count={clients.length}
        rowHeight={narrow ? 52 : 28}
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
