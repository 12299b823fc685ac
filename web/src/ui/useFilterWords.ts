import { useGateway } from '../store/context';
import type { Choices, Vocabulary } from '../text/filterText';

const SERVICES = ['udp-upper', 'tcp-upper', 'tcp-chat'];

/** The names that a filter may use now. */
export function useFilterWords(): { vocabulary: () => Vocabulary; choices: () => Choices } {
  const gateway = useGateway();
  const listeners = gateway.status.value?.listeners ?? [];
  const services = [...new Set([...SERVICES, ...listeners.map(({ service }) => service)])];
  const clients = () => gateway.clients.list('all');
  return {
    vocabulary: () => ({
      services,
      clientId: (address) => clients().find((client) => client.address === address)?.id ?? null,
      now: new Date(),
    }),
    choices: () => ({ services, clients: clients() }),
  };
}
