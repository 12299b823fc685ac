import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoreStatus } from '../api/types';
import { listener, status } from '../testing/messages';
import { heldMessages, openConnections } from './figures';

function logOf(oldest_seq: number, newest_seq: number) {
  return { ...status(0, []).log, oldest_seq, newest_seq };
}

function storeOf(oldest_seq: number, newest_seq: number): StoreStatus {
  return {
    path: 'messages.db',
    state: 'recording',
    oldest_seq,
    newest_seq,
    messages: newest_seq + 1 - oldest_seq,
    file_bytes: 0,
    wal_bytes: 0,
    lost: 0,
    gaps: 0,
    error: null,
  };
}

test('the messages held are those of memory and file together', () => {
  assert.equal(heldMessages(status(0, [], { log: logOf(1, 0) })), 0);
  assert.equal(heldMessages(status(0, [], { log: logOf(400, 439), store: null })), 40);
  assert.equal(heldMessages(status(0, [], { log: logOf(400, 439), store: storeOf(11, 430) })), 429);
});

test('after a clear none is held', () => {
  const log = logOf(440, 439);
  assert.equal(heldMessages(status(0, [], { log })), 0);
  assert.equal(heldMessages(status(0, [], { log, store: storeOf(440, 439) })), 0);
});

test('an address that UDP was heard from is no open connection', () => {
  const tcp = listener(0, { service: 'tcp-chat', transport: 'tcp', open_clients: 2 });
  const unix = listener(0, { service: 'tcp-chat', transport: 'unix', open_clients: 1 });
  assert.equal(openConnections(status(0, [listener(5, { open_clients: 30 }), tcp, unix])), 3);
});
