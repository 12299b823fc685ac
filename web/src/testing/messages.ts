/** Made-up API objects for unit tests. */
import type { Client, Listener, Message, Payload, Status } from '../api/types';

export function payload(content: string | Uint8Array): Payload {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return {
    size: bytes.length,
    stored_size: bytes.length,
    truncated: false,
    text: typeof content === 'string' ? content : null,
    base64: btoa(String.fromCharCode(...bytes)),
  };
}

export function message(seq: number, text = `message ${seq}`): Message {
  return {
    seq,
    service: 'udp-upper',
    client: { id: 1, address: '127.0.0.1:1600' },
    listener: '127.0.0.1:12000',
    received_at: '2026-01-01T00:00:00.000000Z',
    replied_at: '2026-01-01T00:00:00.000009Z',
    service_us: 9,
    received: payload(text),
    line_end: 'none',
    sent: payload(text.toUpperCase()),
    outcome: 'replied',
  };
}

export function messages(from: number, to: number): Message[] {
  return Array.from({ length: to - from + 1 }, (_, index) => message(from + index));
}

export function client(id: number, changes: Partial<Client> = {}): Client {
  return {
    id,
    service: 'tcp-chat',
    transport: 'tcp',
    listener: '127.0.0.1:1060',
    address: `127.0.0.1:${40_000 + id}`,
    local_address: '127.0.0.1:1060',
    state: 'open',
    opened_at: '2026-01-01T00:00:00.000000Z',
    last_seen_at: '2026-01-01T00:00:00.000000Z',
    closed_at: null,
    closed_by: null,
    close_reason: null,
    test: false,
    received: { messages: 1, bytes: 2 },
    sent: { messages: 1, bytes: 21 },
    refused: 0,
    unanswered: 0,
    pending: null,
    rtt_us: 40,
    ...changes,
  };
}

export function listener(received: number, changes: Partial<Listener> = {}): Listener {
  return {
    service: 'udp-upper',
    transport: 'udp',
    address: '127.0.0.1:12000',
    received: { messages: received, bytes: received * 10 },
    sent: { messages: received, bytes: received * 10 },
    refused: 0,
    unanswered: 0,
    connections: 0,
    rejected_connections: 0,
    kernel_drops: 0,
    open_clients: 1,
    ...changes,
  };
}

export function status(
  second: number,
  listeners: Listener[],
  changes: Partial<Status> = {},
): Status {
  return {
    version: '0.1.0',
    run: '0123456789abcdef0123456789abcdef',
    started_at: '2026-01-01T00:00:00.000000Z',
    now: `2026-01-01T00:00:${String(second).padStart(2, '0')}.000000Z`,
    uptime_s: second,
    listeners,
    clients: { open: 0, closed: 0 },
    log: {
      id: 'log1',
      oldest_seq: 1,
      newest_seq: 0,
      messages: 0,
      bytes: 0,
      capacity_bytes: 1000,
      evicted: 0,
      cleared: 0,
    },
    store: null,
    http: { connections: 1, streams: 1, streams_max: 64 },
    ...changes,
  };
}
