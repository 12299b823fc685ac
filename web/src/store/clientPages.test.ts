import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '../api/types';
import { client } from '../testing/messages';
import { nextOrder } from './clientOrder';
import { ClientPages } from './clientPages';
import { ClientTable } from './clients';

/** A server with so many open and so many closed clients; its cursor is how many were given. */
function setUp(open: number, closed: number) {
  const all = Array.from({ length: open + closed }, (_, n) =>
    client(n + 1, n < open ? {} : { state: 'closed', close_reason: 'exit' }),
  );
  const asked: Record<string, string | number>[] = [];
  const table = new ClientTable(2000);
  const pages = new ClientPages(table, {
    clients: async (query) => {
      asked.push(query);
      return page(all, query);
    },
  });
  return { table, pages, asked };
}

function page(all: Client[], { state, cursor = 0, limit }: Record<string, string | number>) {
  const wanted = all.filter((c) => state === 'all' || c.state === state).reverse();
  const end = Number(cursor) + Number(limit);
  const next = end < wanted.length ? String(end) : null;
  const items = wanted.slice(Number(cursor), end);
  return { items, page: { limit: Number(limit), has_more: next !== null, next } };
}

test('a few clients are there at once, the closed ones too', async () => {
  const { table, pages } = setUp(3, 4);
  await pages.restart();
  assert.equal(table.list().length, 7);
  assert.equal(table.whole, true);
});

test('of many the first page is there, and the next ones when they are asked for', async () => {
  const { table, pages } = setUp(1200, 300);
  await pages.restart();
  assert.equal(table.list().length, 500);
  assert.equal(table.whole, false);
  await Promise.all([pages.more(), pages.more()]);
  assert.equal(table.list().length, 1000);
  await pages.more();
  assert.equal(table.list().length, 1500);
  assert.equal(table.whole, true);
});

test('messages from before a lost connection are shown again after it', async () => {
  const { table, pages } = setUp(1200, 300);
  await pages.restart();
  await pages.more();
  await pages.restart();
  assert.equal(table.list().length, 1000);
});

test('an order of the server is asked of it, another holds among all that can be held', async () => {
  const { table, pages, asked } = setUp(900, 0);
  await pages.setView({ filter: 'open', order: nextOrder(null, 'messages') });
  assert.deepEqual(asked, [{ state: 'open', sort: '-messages', limit: 500 }]);
  await pages.setView({ filter: 'open', order: nextOrder(null, 'address') });
  assert.equal(table.list().length, 900);
  assert.equal(table.isRanked, false);
});

test('more clients than the table holds: it says that it is not all', async () => {
  const { table, pages } = setUp(3000, 0);
  await pages.setView({ filter: 'all', order: nextOrder(null, 'rtt') });
  assert.ok(table.list().length <= 2000);
  assert.equal(table.whole, false);
  assert.equal(pages.hasMore(), false);
});
