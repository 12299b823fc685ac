import { useServer, useView } from '../store/context';
import { isEmptyFilter } from '../store/filter';
import type { Server } from '../store/server';

export function EmptyLog() {
  const server = useServer();
  const filtered = !isEmptyFilter(useView().filter.value);
  if (server.searching.value) return null;
  return (
    <div class="empty log-empty">
      <p>{filtered ? 'No message matches the filter.' : nothingYet(server)}</p>
      <p>
        {filtered
          ? 'What matches from now on is shown here.'
          : 'Send one from the form, or run a client against one of the addresses above.'}
      </p>
    </div>
  );
}

function nothingYet({ status }: Server): string {
  return status.value?.log.cleared ? 'No message since the log was cleared.' : 'No message yet.';
}
