import { useGateway, useView } from '../store/context';
import { isEmptyFilter } from '../store/filter';
import type { Gateway } from '../store/gateway';

export function EmptyLog() {
  const gateway = useGateway();
  const filtered = !isEmptyFilter(useView().filter.value);
  if (gateway.searching.value) return null;
  return (
    <div class="empty log-empty">
      <p>{filtered ? 'No message matches the filter.' : nothingYet(gateway)}</p>
      <p>
        {filtered
          ? 'What matches from now on is shown here.'
          : 'Send one from the form, or run a client against one of the addresses above.'}
      </p>
    </div>
  );
}

function nothingYet({ status }: Gateway): string {
  return status.value?.log.cleared ? 'No message since the log was cleared.' : 'No message yet.';
}
