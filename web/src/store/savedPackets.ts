/** Packets kept in this browser: those that were given a name, and the last ones sent. */
import { signal } from '@preact/signals';
import { FIRST_PACKET, type Packet } from './packet';
import { readStored, writeStored } from './preferences';

const RECENT = 20;
const NAME = 'packets';

export interface SavedPacket {
  name: string;
  packet: Packet;
}

interface StoredPackets {
  saved: readonly SavedPacket[];
  recent: readonly Packet[];
}

export const savedPackets = signal<StoredPackets>(sound(readStored(NAME)));

function put(next: StoredPackets): void {
  savedPackets.value = next;
  writeStored(NAME, next);
}

export function savePacket(name: string, packet: Packet): void {
  const others = savedPackets.value.saved.filter((entry) => entry.name !== name);
  const saved = [...others, { name, packet }].sort((a, b) => a.name.localeCompare(b.name));
  put({ ...savedPackets.value, saved });
}

export function deletePacket(name: string): void {
  put({
    ...savedPackets.value,
    saved: savedPackets.value.saved.filter((entry) => entry.name !== name),
  });
}

export function rememberPacket(packet: Packet): void {
  const text = JSON.stringify(packet);
  const others = savedPackets.value.recent.filter((entry) => JSON.stringify(entry) !== text);
  put({ ...savedPackets.value, recent: [packet, ...others].slice(0, RECENT) });
}

/** Stored data may be of another version of the page or edited by hand: invalid parts are left out. */
function sound(stored: unknown): StoredPackets {
  const { saved, recent } = (stored ?? {}) as Record<string, unknown>;
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
  return {
    saved: list(saved).flatMap((entry) => {
      const { name, packet } = (entry ?? {}) as Record<string, unknown>;
      return typeof name === 'string' ? [{ name, packet: soundPacket(packet) }] : [];
    }),
    recent: list(recent).map(soundPacket),
  };
}

function soundPacket(stored: unknown): Packet {
  const packet = { ...FIRST_PACKET };
  const { encoding, ...texts } = (stored ?? {}) as Record<string, unknown>;
  if (encoding === 'hex' || encoding === 'base64') packet.encoding = encoding;
  for (const key of ['to', 'payload', 'fromPort', 'timeoutMs', 'count', 'intervalMs'] as const)
    if (typeof texts[key] === 'string') packet[key] = texts[key];
  return packet;
}
