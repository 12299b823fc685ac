import { useEffect } from 'preact/hooks';
import { tokenWanted } from '../api/authorized';
import { useDescription, useServer } from '../store/context';
import { timeZone } from '../store/preferences';
import type { Choices } from '../text/filterSuggest';
import type { Vocabulary } from '../text/filterValues';

/** The names that a filter may use now: those that the server gives. */
export function useFilterWords(): { vocabulary: () => Vocabulary; choices: () => Choices } {
  const server = useServer();
  const description = useDescription();
  useEffect(() => void description.load(), [description, tokenWanted.value]);
  const names = {
    services: description.services.value,
    outcomes: description.outcomes.value,
    faults: description.faults.value,
  };
  const clients = () => server.clients.known();
  return {
    vocabulary: () => ({
      ...names,
      portOwner: (port) =>
        clients().some(({ id }) => String(id) === port)
          ? null
          : (clients().find(({ address }) => address.endsWith(`:${port}`))?.address ?? null),
      // "5m ago" is meant on the clock that wrote the times of the log.
      utc: timeZone.value === 'utc',
      now: new Date(Date.now() + server.clockAheadMs.value),
    }),
    choices: () => ({ ...names, clients: clients() }),
  };
}
