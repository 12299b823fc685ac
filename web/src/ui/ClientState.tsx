import type { Client } from '../api/types';
import { formatWords } from '../text/format';

export function ClientState({ client }: { client: Client }) {
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
