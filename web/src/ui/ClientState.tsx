import type { Client } from '../api/types';
import { now, useDescription, useServer } from '../store/context';
import { formatAgo, formatWords } from '../text/format';

/** A connection is open or has ended; of an address that sends datagrams one knows only when it last did. */
export function ClientState({ client }: { client: Client }) {
  const server = useServer();
  const description = useDescription();
  if (client.state === 'open')
    return (
      <span
        class="state"
        data-state={client.transport === 'udp' ? 'heard' : 'open'}
        title={description.valueWord('ClientState', 'open')}
      >
        {client.transport === 'udp' ? heard(client, server.knownUntil(now.value)) : 'open'}
      </span>
    );
  const { close_reason: reason, closed_by: by } = client;
  const title = [
    reason && description.valueWord('CloseReason', reason),
    by && description.valueWord('ClosedBy', by),
  ];
  return (
    <span class="state" data-state="closed" title={title.filter(Boolean).join(' · ')}>
      {reason ? formatWords(reason) : 'closed'}
      {by && <span class="state-by"> by {by}</span>}
    </span>
  );
}

function heard(client: Client, serverNow: number): string {
  return `seen ${formatAgo((serverNow - Date.parse(client.last_seen_at)) / 1000)}`;
}
