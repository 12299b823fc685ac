import { useState } from 'preact/hooks';
import type { ClientFilter } from '../store/clients';
import { useGateway } from '../store/context';
import { formatCount } from '../text/format';
import { ClientRow } from './ClientRow';
import { Panel } from './Panel';
import { Segments } from './Segments';
import { useNarrow } from './useNarrow';
import { VirtualTable } from './VirtualTable';

const COLUMNS = [
  'Service',
  'Client',
  'Local address',
  'Since',
  'Last seen',
  'Messages',
  'Bytes',
  'RTT',
  'State',
];

export function ClientsPanel() {
  const gateway = useGateway();
  const narrow = useNarrow();
  const [filter, setFilter] = useState<ClientFilter>('all');
  void gateway.clientsVersion.value;
  const clients = gateway.clients.list(filter);
  const counts = gateway.status.value?.clients;
  const filters = [
    { value: 'all', label: 'All' },
    { value: 'open', label: 'Open', note: counts && formatCount(counts.open) },
    { value: 'closed', label: 'Closed', note: counts && formatCount(counts.closed) },
  ] as const;
  return (
    <Panel
      class="clients-panel"
      title="Clients"
      tools={
        <Segments label="Which clients" options={filters} value={filter} onChange={setFilter} />
      }
    >
      <VirtualTable
        label="Clients, open ones first"
        class="clients"
        columns={COLUMNS}
        count={clients.length}
        rowHeight={narrow ? 52 : 28}
        row={(index) => {
          const client = clients[index];
          return client && <ClientRow key={client.id} client={client} index={index} />;
        }}
      />
      {clients.length === 0 && (
        <p class="empty log-empty">No client{filter === 'all' ? ' yet' : ' here'}.</p>
      )}
    </Panel>
  );
}
