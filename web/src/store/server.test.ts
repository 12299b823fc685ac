import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiProblem } from '../api/problem';
import type { ServerEvent } from '../api/sse';
import type { Client, List, Message, Status } from '../api/types';
import { client, listener, messages, status } from '../testing/messages';
import { Server, type ServerDeps } from './server';

function listOf<T>(items: T[]): List<T> {
  return { items, page: { limit: 200, has_more: false, next: null } };
}

/** As the server pages: the newest first, the next page below the cursor. */
function page(all: Message[], query: Record<string, string | number>): List<Message> {
  if (query.after !== undefined) return pageBehind(all, query);
  const until = Date.parse(String(query.until ?? '9999-01-01'));
  const below = all.filter(
    ({ seq, received_at }) =>
      seq < Number(query.cursor ?? Number.POSITIVE_INFINITY) && Date.parse(received_at) < until,
  );
  const items = below.slice(-Number(query.limit)).reverse();
  const next = items.length < below.length ? String(items.at(-1)?.seq) : null;
  return { items, page: { limit: Number(query.limit), has_more: next !== null, next } };
}

/** The same behind a message, oldest first. */
function pageBehind(all: Message[], query: Record<string, string | number>): List<Message> {
  const behind = all.filter(({ seq }) => seq > Number(query.after));
  const items = behind.slice(0, Number(query.limit));
  return { items, page: { limit: items.length, has_more: false, next: null } };
}

/** A server whose API answers from `stored`, through a filter with `shown`, and which draws at once. */
function setUp(stored: { messages?: Message[]; shown?: Message[]; clients?: Client[] }) {
  const asked: Record<string, string | number>[] = [];
  const deps: ServerDeps = {
    api: {
      messages: async (query) => {
        asked.push(query);
        return page(stored.shown ?? stored.messages ?? [], query);
      },
      message: async (seq) => {
        const found = stored.messages?.find((one) => one.seq === seq);
        if (!found) throw new ApiProblem(410, 'This message is no longer held.');
        return found;
      },
      clients: async () => listOf(stored.clients ?? []),
      rates: async () => ({ step_s: 1, end: '2026-01-01T00:00:00.000000Z', services: [] }),
    },
    schedule: (commit) => commit(),
    pause: () => new Promise((resolve) => setImmediate(resolve)),
    clock: () => 1000,
  };
  return { server: new Server(deps), asked, deps };
}

function event(type: string, data: unknown, id = ''): ServerEvent {
  return { id, type, data: JSON.stringify(data) };
}

function statusEvent(logId: string, newest: number, run = logId): ServerEvent {
  const base: Status = status(1, [listener(newest)]);
  const started_at = run === logId ? base.started_at : '2026-01-01T00:00:01.000000Z';
  return event('status', {
    ...base,
    run,
    started_at,
    log: { ...base.log, id: logId, newest_seq: newest },
  });
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const kinds = (server: Server) =>
  server.log.rows.map((row) => (row.kind === 'message' ? row.message.seq : row.kind));

test('opening the page shows the past before what comes live', async () => {
  const { server, asked } = setUp({ messages: messages(1, 300), clients: [client(1)] });
  server.onState({ name: 'live' });
  server.onEvents([
    statusEvent('a', 300),
    event('messages', { items: messages(301, 301) }, 'a:301'),
  ]);
  await settled();
  assert.deepEqual(asked, [{ limit: 200 }]);
  assert.equal(kinds(server)[0], 101);
  assert.equal(kinds(server).at(-1), 301);
  assert.equal(server.clients.list().length, 1);
  assert.equal(server.heardAt.value, 1000);
});

test('a restarted server is noticed once, whichever event tells it first', async () => {
  const names = ['gap', 'status', 'messages'] as const;
  for (const first of names) {
    const stored = { messages: messages(1, 3), clients: [client(1), client(2)] };
    const { server } = setUp(stored);
    server.onState({ name: 'live' });
    server.onEvents([statusEvent('old', 3)]);
    await settled();
    stored.messages = messages(1, 2);
    stored.clients = [client(1)];
    const news = {
      gap: event('gap', { from: 1, to: 1, reason: 'restarted' }, 'new:1'),
      status: statusEvent('new', 1),
      messages: event('messages', { items: messages(2, 2) }, 'new:2'),
    };
    server.onState({ name: 'reconnecting', problem: 'gone' });
    server.onState({ name: 'live' });
    const rest = names.filter((name) => name !== first);
    server.onEvents([first, ...rest].map((name) => news[name]));
    await settled();
    assert.deepEqual(kinds(server), [1, 2, 3, 'note', 1, 2], `${first} first`);
    assert.equal(server.clients.list().length, 1);
  }
});

test('a restart on the same log has its row, and clients of the run before are gone', async () => {
  const stored = { messages: messages(1, 3), clients: [client(1), client(2)] };
  const { server } = setUp(stored);
  server.onState({ name: 'live' });
  server.onEvents([statusEvent('log', 3, 'first')]);
  await settled();
  stored.clients = [];
  server.onState({ name: 'live' });
  server.onEvents([
    event('messages', { items: messages(4, 4) }, 'second:4'),
    statusEvent('log', 4, 'second'),
    event('messages', { items: messages(5, 5) }, 'second:5'),
  ]);
  await settled();
  const { rows } = server.log;
  assert.equal(rows.filter(({ kind }) => kind === 'note').length, 1);
  assert.deepEqual(
    rows.flatMap((row) => (row.kind === 'message' ? [row.message.seq] : [])),
    [1, 2, 3, 4, 5],
  );
  for (const seq of [1, 2, 3, 4, 5]) assert.equal(server.log.find(seq)?.seq, seq);
  assert.equal(server.clients.list().length, 0);
});

test('a stream that carried nothing yet goes on from the last status', () => {
  const { server } = setUp({});
  assert.equal(server.resumeId(), '');
  server.onEvents([statusEvent('a', 12)]);
  assert.equal(server.resumeId(), 'a:12');
});

test('without a connection no rate is claimed', () => {
  const { server } = setUp({});
  server.onEvents([
    event('status', status(1, [listener(1)])),
    event('status', status(2, [listener(9)])),
  ]);
  assert.equal([...server.rates.value.values()][0]?.messages, 8);
  server.onState({ name: 'reconnecting', problem: 'gone' });
  assert.equal([...server.rates.value.values()][0], null);
});

test('an API that fails leaves what the stream brings', async () => {
  const { server } = setUp({});
  server.onEvents([statusEvent('a', 0), event('messages', { items: messages(1, 1) }, 'a:1')]);
  await settled();
  assert.deepEqual(kinds(server), [1]);
});

test('ages are told on the clock of the server', () => {
  const { server } = setUp({});
  server.onEvents([event('status', status(1, []))]);
  const serverNow = Date.parse('2026-01-01T00:00:01Z');
  assert.equal(1000 + server.clockAheadMs.value, serverNow);
});

test('scrolling back loads page after page to the first message', async () => {
  const { server, asked } = setUp({ messages: messages(1, 1100) });
  server.onEvents([statusEvent('a', 1100)]);
  await settled();
  assert.equal(kinds(server)[0], 901);
  await server.loadOlder();
  assert.equal(kinds(server)[0], 401);
  await server.loadOlder();
  assert.equal(kinds(server).length, 1100);
  const requests = asked.length;
  await server.loadOlder();
  assert.equal(asked.length, requests);
});

test('messages that the server no longer holds are a gap before the first one', async () => {
  const { server } = setUp({ messages: messages(50, 60) });
  server.onEvents([statusEvent('a', 60)]);
  await settled();
  assert.deepEqual(kinds(server).slice(0, 2), ['gap', 50]);
});

test('another filter begins an empty log and asks the server for what matches', async () => {
  const { server, asked } = setUp({ messages: messages(1, 3) });
  server.onEvents([statusEvent('a', 3)]);
  await settled();
  server.setFilter({ text: 'x' });
  assert.equal(server.log.rows.length, 0);
  assert.equal(server.searching.value, true);
  server.onEvents([statusEvent('a', 3)]);
  await settled();
  assert.deepEqual(asked.at(-1), { text: 'x', limit: 200 });
  assert.equal(server.searching.value, false);
});

test('through a filter the server is asked which of the news match', async () => {
  const stored = { messages: messages(1, 3) };
  const { server, asked } = setUp(stored);
  server.setFilter({ text: 'x' });
  server.onEvents([statusEvent('a', 3)]);
  await settled();
  stored.messages = messages(1, 5);
  server.onEvents([event('messages', { items: messages(4, 9) }, 'a:9')]);
  for (let turn = 0; turn < 5; turn += 1) await settled();
  assert.deepEqual(kinds(server), [1, 2, 3, 4, 5]);
  assert.deepEqual(asked.at(-1), { text: 'x', after: 3, limit: 200 });
  server.onEvents([event('gap', { from: 10, to: 19, reason: 'sampled' }, 'a:19')]);
  for (let turn = 0; turn < 5; turn += 1) await settled();
  assert.deepEqual(asked.at(-1), { text: 'x', after: 9, limit: 200 });
  assert.deepEqual(kinds(server), [1, 2, 3, 4, 5]);
});

test('a log that was full while it was read begins anew at the end', async () => {
  const { server } = setUp({ messages: messages(1, 30) });
  server.onEvents([statusEvent('a', 30)]);
  await settled();
  server.hold(true);
  server.log.detached = true;
  server.onEvents([event('messages', { items: messages(31, 31) }, 'a:31')]);
  assert.equal(kinds(server).at(-1), 30);
  server.hold(false);
  await settled();
  assert.equal(kinds(server).length, 30);
  assert.equal(server.log.detached, false);
});

test('without a connection nothing that is shown grows older by itself', () => {
  const { server } = setUp({});
  server.onState({ name: 'live' });
  server.onEvents([statusEvent('a', 1)]);
  const ahead = server.clockAheadMs.value;
  assert.equal(server.knownUntil(5000), 5000 + ahead);
  server.onState({ name: 'reconnecting', problem: 'gone' });
  assert.equal(server.knownUntil(9000), 1000 + ahead);
});

/** One a millisecond. */
function messagesInTime(from: number, to: number): Message[] {
  const start = Date.parse('2026-01-01T00:00:00Z');
  return messages(from, to).map((one) => ({
    ...one,
    received_at: new Date(start + one.seq).toISOString(),
  }));
}

const wanted = () => true;
/** The row at a place that is counted from the log's origin. */
const rowAt = ({ log }: Server, at: number | null) =>
  at === null ? null : log.rows[at - log.origin];

test('a message that is not loaded is shown among its neighbours, apart from the newest', async () => {
  const stored = { messages: messagesInTime(1, 1500) };
  const { server } = setUp(stored);
  server.onEvents([statusEvent('a', 1500)]);
  await settled();
  const at = await server.reach({ kind: 'message', seq: 900 }, wanted);
  const row = rowAt(server, at);
  assert.equal(row?.kind === 'message' && row.message.seq, 900);
  assert.deepEqual([kinds(server)[0], kinds(server).at(-1)], [401, 950]);
  assert.equal(new Set(kinds(server)).size, 550);
  assert.equal(server.log.detached, true);

  server.hold(true);
  await server.loadOlder();
  assert.equal(kinds(server)[0], 1);
  server.onEvents([event('messages', { items: messagesInTime(1501, 1501) }, 'a:1501')]);
  assert.equal(kinds(server).at(-1), 950);
  assert.equal(server.log.freshSince(0), 1);

  stored.messages = messagesInTime(1, 1501);
  server.hold(false);
  await settled();
  assert.deepEqual([kinds(server)[0], kinds(server).at(-1)], [1302, 1501]);
  server.onEvents([event('messages', { items: messagesInTime(1502, 1502) }, 'a:1502')]);
  assert.equal(kinds(server).at(-1), 1502);
});

test('a message that is loaded is where it is, and nothing is asked for', async () => {
  const { server, asked } = setUp({ messages: messagesInTime(1, 300) });
  server.onEvents([statusEvent('a', 300)]);
  await settled();
  const row = rowAt(server, await server.reach({ kind: 'message', seq: 150 }, wanted));
  assert.equal(row?.kind === 'message' && row.message.seq, 150);
  assert.equal(asked.length, 1);
  assert.equal(server.log.detached, false);
});

test('a message that is gone, of another run, or not wanted any more leaves the log live', async () => {
  const { server } = setUp({ messages: messagesInTime(100, 1500) });
  server.onEvents([statusEvent('a', 1500)]);
  await settled();
  const before = kinds(server);
  assert.equal(await server.reach({ kind: 'message', seq: 50 }, wanted), null);
  assert.equal(await server.reach({ kind: 'message', seq: 200, run: 'b' }, wanted), null);
  assert.equal(await server.reach({ kind: 'message', seq: 200 }, () => false), null);
  assert.deepEqual(kinds(server), before);
  assert.equal(server.log.detached, false);
});

test('a message that the filter leaves out leads to where it would be', async () => {
  const all = messagesInTime(1, 1501);
  const { server, asked } = setUp({
    messages: all,
    shown: all.filter(({ seq }) => seq % 2 === 0),
  });
  server.setFilter({ text: 'even' });
  server.onEvents([statusEvent('a', 1501)]);
  await settled();
  assert.equal(await server.reach({ kind: 'message', seq: 1501 }, wanted), null, 'at the end');
  assert.equal(server.log.detached, false);
  const row = rowAt(server, await server.reach({ kind: 'message', seq: 901 }, wanted));
  assert.equal(row?.kind === 'message' && row.message.seq, 902);
  assert.ok(kinds(server).includes(900));
  assert.ok(asked.every(({ text }) => text === 'even'));
});

test('behind a message pages are asked for until there are some, short as they may be', async () => {
  const all = messagesInTime(1, 1500);
  const { server, deps } = setUp({ messages: all });
  server.onEvents([statusEvent('a', 1500)]);
  await settled();
  const { messages: whole } = deps.api;
  deps.api.messages = async (query) => {
    const after = query.after ?? /^a(\d+)$/.exec(String(query.cursor))?.[1];
    if (after === undefined) return whole(query);
    const items = all.slice(Number(after), Number(after) + 20);
    return { items, page: { limit: 20, has_more: true, next: `a${items.at(-1)?.seq}` } };
  };
  await server.reach({ kind: 'message', seq: 900 }, wanted);
  assert.equal(kinds(server).at(-1), 959);
});

test('an answer that comes after the log was loaded elsewhere is ignored', async () => {
  const { server } = setUp({ messages: messagesInTime(1, 3000) });
  server.onEvents([statusEvent('a', 3000)]);
  await settled();
  await server.reach({ kind: 'message', seq: 900 }, wanted);
  const older = server.loadOlder();
  server.hold(false);
  await older;
  await settled();
  assert.deepEqual([kinds(server)[0], kinds(server).at(-1)], [2801, 3000]);
});
