/**
 * Whether a container's network hides who really talks to the gateway. Docker and its kind translate
 * addresses: behind them every peer comes from the network's own gateway, 172.17.0.1 for instance.
 */
import type { Client } from '../api/types';

/** One peer may well be alone: only when it says so much is it worth a word. */
const HANDFUL = 5;

/**
 * Gateways of the networks that docker, podman and slirp4netns make unless told otherwise: the first
 * address of 172.16.0.0/12, of podman's 10.88.0.0/16 and of docker's blocks within 192.168.0.0/16.
 */
function isContainerGateway([a, b, c, d]: readonly number[]): boolean {
  if (a === undefined || b === undefined || c === undefined) return false;
  if (a === 172) return b >= 16 && b < 32 && d === 1;
  if (a === 192) return b === 168 && c % 16 === 0 && d === 1;
  return a === 10 && ((b === 88 && c === 0 && d === 1) || (b === 0 && c === 2 && d === 2));
}

/** The one address that all peers show, where that is a container network's gateway; else null. */
export function translatedAddress(clients: readonly Client[]): string | null {
  const peers = clients.filter(({ transport }) => transport !== 'unix');
  const [first] = peers;
  const host = first && hostOf(first.address);
  if (!first || !host || peers.some(({ address }) => hostOf(address) !== host)) return null;
  const local = hostOf(first.local_address);
  const remote = host.split('.').map(Number);
  if (local === host || !isContainerGateway(remote)) return null;
  const messages = peers.reduce((sum, { received }) => sum + received.messages, 0);
  return peers.length >= 2 || messages > HANDFUL ? host : null;
}

function hostOf(address: string): string {
  // A socket for both families names an IPv4 peer [::ffff:1.2.3.4].
  return address
    .slice(0, address.lastIndexOf(':'))
    .replace(/^\[|\]$/g, '')
    .replace(/^::ffff:/, '');
}
