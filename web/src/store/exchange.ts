/** Finds the exchange of the log that a test datagram became. */
import { api } from '../api/client';
import { ApiProblem } from '../api/problem';
import type { DatagramResult } from '../api/types';
import type { MessageLog } from './log';

export async function findExchange(log: MessageLog, sent: DatagramResult): Promise<number | null> {
  for (let i = log.rows.length - 1; i >= log.epochIndex; i -= 1) {
    const row = log.rows[i];
    if (row?.kind !== 'message') continue;
    const { message } = row;
    const same = message.client.address === sent.from && message.listener === sent.to;
    if (same && message.received.base64 === sent.sent.base64) return message.seq;
  }
  try {
    return await askFor(sent);
  } catch (error) {
    if (error instanceof ApiProblem) return null;
    throw error;
  }
}

/** The filter hides it, or it is long ago. */
async function askFor(sent: DatagramResult): Promise<number | null> {
  const clients = await api.clients({ address: sent.from, sort: '-last_seen', limit: 10 });
  const client = clients.items.find(({ listener }) => listener === sent.to);
  if (!client) return null;
  const { items } = await api.messages({ client: client.id, limit: 100 });
  return items.find(({ received }) => received.base64 === sent.sent.base64)?.seq ?? null;
}
