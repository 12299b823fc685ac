import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client } from '../testing/messages';
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
