import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client } from '../testing/messages';
import { nextOrder } from './clientOrder';
import { ClientTable } from './clients';

const ids = (table: ClientTable) => table.list().map(({ id }) => id);

test('open clients stand first, the newest on top', () => {
  const table = new ClientTable();
  table.merge([client(1), client(2), client(3, { state: 'closed' }), client(4)]);
  assert.deepEqual(ids(table), [4, 2, 1, 3]);
  table.setView({ filter: 'closed', order: null });
  assert.deepEqual(ids(table), [3]);
});

test('a slow answer does not undo what the stream said', () => {
  const table = new ClientTable();
  table.merge([client(1, { state: 'closed', close_reason: 'exit' })]);
  table.merge([client(1, { received: { messages: 9, bytes: 9 } })]);
  assert.equal(table.list()[0]?.close_reason, 'exit');
});

test('the table is bounded, open clients stay longest', () => {
  const table = new ClientTable(10);
  table.takePage([client(1)], true);
  for (let id = 2; id < 40; id += 1) table.merge([client(id, { state: 'closed' })]);
  assert.ok(ids(table).length <= 10);
  assert.ok(ids(table).includes(1));
  assert.ok(ids(table).includes(39));
  assert.equal(table.whole, false);
});

test('any column orders the table, twice the other way round', () => {
  const table = new ClientTable();
  table.takePage(
    [client(1, { rtt_us: null }), client(2, { rtt_us: 900 }), client(3, { rtt_us: 50 })],
    true,
  );
  const byRtt = nextOrder(null, 'rtt');
  table.setView({ filter: 'all', order: byRtt });
  assert.deepEqual(ids(table), [2, 3, 1]);
  table.setView({ filter: 'all', order: nextOrder(byRtt, 'rtt') });
  assert.deepEqual(ids(table), [1, 3, 2]);
});

test('addresses are ordered by their numbers', () => {
  const table = new ClientTable();
  table.merge([client(1, { address: '10.0.0.10:5' }), client(2, { address: '10.0.0.9:40000' })]);
  table.setView({ filter: 'all', order: nextOrder(null, 'address') });
  assert.deepEqual(ids(table), [2, 1]);
});

test('where more is to come, nothing is shown before which one may be missing', () => {
  const table = new ClientTable();
  const said = (id: number, messages: number) => client(id, { received: { messages, bytes: 0 } });
  table.setView({ filter: 'all', order: nextOrder(null, 'messages') });
  table.takePage([said(1, 90), said(2, 70)], false);
  table.merge([said(3, 80), said(4, 10)]);
  assert.deepEqual(ids(table), [1, 3, 2], 'client 4 may stand behind one that is not known');
  table.takePage([said(5, 60), said(4, 10)], true);
  assert.deepEqual(ids(table), [1, 3, 2, 5, 4]);
  assert.equal(table.whole, true);
});
