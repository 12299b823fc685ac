import { useEffect } from 'preact/hooks';
import { tokenWanted } from '../api/authorized';
import { useDescription, useGateway } from '../store/context';
import type { Choices, Vocabulary } from '../text/filterText';

/** The names that a filter may use now: those that the gateway gives. */
export function useFilterWords(): { vocabulary: () => Vocabulary; choices: () => Choices } {
  const gateway = useGateway();
  const description = useDescription();
  useEffect(() => void description.load(), [description, tokenWanted.value]);
  const names = { services: description.services.value, outcomes: description.outcomes.value };
  const clients = () => gateway.clients.known();
  return {
    vocabulary: () => ({
      ...names,
      clientId: (address) => clients().find((client) => client.address === address)?.id ?? null,
      portOwner: (port) =>
        clients().some(({ id }) => String(id) === port)
          ? null
          : (clients().find(({ address }) => address.endsWith(`:${port}`))?.address ?? null),
      // "5m ago" is meant on the clock that wrote the times of the log.
      now: new Date(Date.now() + gateway.clockAheadMs.value),
    }),
    choices: () => ({ ...names, clients: clients() }),
  };
}
