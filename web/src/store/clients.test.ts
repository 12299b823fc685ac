import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client } from '../testing/messages';
import { nextOrder } from './clientOrder';
import { ClientTable } from './clients';

const ids = (table: ClientTable) => table.list('all').map(({ id }) => id);

test('open clients stand first, the newest on top', () => {
  const table = new ClientTable();
  table.merge([client(1), client(2), client(3, { state: 'closed' }), client(4)]);
  assert.deepEqual(ids(table), [4, 2, 1, 3]);
  assert.deepEqual(
    table.list('closed').map(({ id }) => id),
    [3],
  );
});

test('a slow answer does not undo what the stream said', () => {
  const table = new ClientTable();
  table.merge([client(1, { state: 'closed', close_reason: 'exit' })]);
  table.merge([client(1, { received: { messages: 9, bytes: 9 } })]);
  assert.equal(table.list('all')[0]?.close_reason, 'exit');
});

test('the table is bounded, open clients stay longest', () => {
  const table = new ClientTable(10);
  table.merge([client(1)]);
  for (let id = 2; id < 40; id += 1) table.merge([client(id, { state: 'closed' })]);
  assert.ok(ids(table).length <= 10);
  assert.ok(ids(table).includes(1));
  assert.ok(ids(table).includes(39));
});

test('any column orders the table, twice the other way round', () => {
  const table = new ClientTable();
  table.merge([client(1, { rtt_us: null }), client(2, { rtt_us: 900 }), client(3, { rtt_us: 50 })]);
  const byRtt = nextOrder(null, 'rtt');
  const order = (by: typeof byRtt) => table.list('all', by).map(({ id }) => id);
  assert.deepEqual(order(byRtt), [2, 3, 1]);
  assert.deepEqual(order(nextOrder(byRtt, 'rtt')), [1, 3, 2]);
});

test('addresses are ordered by their numbers', () => {
  const table = new ClientTable();
  table.merge([client(1, { address: '10.0.0.10:5' }), client(2, { address: '10.0.0.9:40000' })]);
  const order = nextOrder(null, 'address');
  assert.deepEqual(
    table.list('all', order).map(({ id }) => id),
    [2, 1],
  );
});
