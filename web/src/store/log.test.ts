import assert from 'node:assert/strict';
import { test } from 'node:test';
import { message, messages } from '../testing/messages';
import { type LogRow, MessageLog } from './log';

function outline(rows: readonly LogRow[]): string[] {
  return rows.map((row) => {
    if (row.kind === 'message') return String(row.message.seq);
    return row.kind === 'gap' ? `${row.gap.from}-${row.gap.to} ${row.gap.reason}` : row.note;
  });
}

test('messages and gaps stand in the order they came', () => {
  const log = new MessageLog();
  log.append(messages(1, 2));
  log.appendGap({ from: 3, to: 9, reason: 'evicted' });
  log.append(messages(10, 10));
  assert.deepEqual(outline(log.rows), ['1', '2', '3-9 evicted', '10']);
  assert.equal(log.arrived, 10);
});

test('gaps that touch become one, with exact counts', () => {
  const log = new MessageLog();
  log.appendGap({ from: 1, to: 10, reason: 'sampled', matched: 4 });
  log.appendGap({ from: 11, to: 20, reason: 'sampled', matched: 5 });
  log.appendGap({ from: 22, to: 30, reason: 'sampled' });
  assert.deepEqual(outline(log.rows), ['1-20 sampled', '22-30 sampled']);
  const first = log.rows[0];
  assert.equal(first?.kind === 'gap' && first.gap.matched, 9);
  assert.equal(log.arrived, 18);
});

test('a gap of nothing is no row', () => {
  const log = new MessageLog();
  log.appendGap({ from: 5, to: 4, reason: 'sampled' });
  log.appendGap({ from: 5, to: 9, reason: 'sampled', matched: 0 });
  assert.deepEqual(log.rows, []);
});

test('history comes before what the stream brought, and nothing twice', () => {
  const log = new MessageLog();
  log.append(messages(5, 6));
  log.insertHistory(messages(1, 6));
  assert.deepEqual(outline(log.rows), ['1', '2', '3', '4', '5', '6']);
  assert.equal(log.origin, -4);
  assert.equal(log.arrived, 2);
});

test('after a restart the same numbers are other messages', () => {
  const log = new MessageLog();
  log.append(messages(1, 2));
  log.beginEpoch(0);
  log.append(messages(2, 2));
  log.insertHistory(messages(1, 2));
  assert.deepEqual(outline(log.rows), ['1', '2', 'restarted', '1', '2']);
  assert.equal(new Set(log.rows.map((row) => row.key)).size, 5);
});

test('a full log lets the oldest go and says how far its rows moved', () => {
  const log = new MessageLog({ rows: 100, characters: 1e9 });
  log.append(messages(1, 100));
  log.append(messages(101, 101));
  assert.equal(log.rows.length, 90);
  assert.equal(log.origin, 11);
  assert.equal(outline(log.rows)[0], '12');
});

test('a few large messages fill it as well as many small ones', () => {
  const log = new MessageLog({ rows: 1000, characters: 100_000 });
  for (let seq = 1; seq <= 100; seq += 1) log.append([message(seq, 'x'.repeat(3000))]);
  assert.ok(log.rows.length < 10 && log.rows.length > 3, `${log.rows.length} rows`);
  assert.equal(outline(log.rows).at(-1), '100');
});

test('a message that was loaded already is neither shown twice nor counted in a gap', () => {
  const log = new MessageLog();
  log.insertHistory(messages(1, 5));
  log.append(messages(4, 6));
  log.clear();
  log.insertHistory(messages(1, 5));
  log.appendGap({ from: 4, to: 10, reason: 'sampled', matched: 7 });
  assert.deepEqual(outline(log.rows), ['1', '2', '3', '4', '5', '6-10 sampled']);
  const gap = log.rows.at(-1);
  assert.equal(gap?.kind === 'gap' && gap.gap.matched, 5);
  assert.equal(log.arrived, 6);
});

test('a full log that is read keeps what is looked at and counts on', () => {
  const log = new MessageLog({ rows: 10, characters: 1e9 });
  log.append(messages(1, 10));
  log.held = true;
  log.append(messages(11, 13));
  assert.equal(outline(log.rows).join(), '1,2,3,4,5,6,7,8,9,10');
  assert.equal(log.detached, true);
  assert.equal(log.arrived, 13);
});

test('older pages go in front, and a full log then lets its newest go', () => {
  const log = new MessageLog({ rows: 10, characters: 1e9 });
  log.append(messages(21, 26));
  log.held = true;
  assert.equal(log.insertHistory(messages(13, 20)), 8);
  assert.equal(outline(log.rows)[0], '13');
  assert.ok(log.detached && log.rows.length < 10);
  log.insertFirstGap('evicted');
  assert.equal(outline(log.rows)[0], '1-12 evicted');
});

test('a message is found by its number, in this epoch only', () => {
  const log = new MessageLog();
  log.append(messages(1, 3));
  log.beginEpoch(0);
  log.append(messages(2, 2));
  log.appendGap({ from: 3, to: 7, reason: 'sampled' });
  log.append(messages(8, 9));
  assert.equal(log.indexOf(9), 7);
  assert.equal(log.indexOf(2), 4);
  assert.equal(log.find(5), null);
  assert.equal(log.find(1), null);
});

test('a message that is missing has its place at the first row that is not before it', () => {
  const log = new MessageLog();
  log.append(messages(1, 3));
  log.beginEpoch(0);
  log.append([2, 4, 8].map((seq) => message(seq)));
  log.appendGap({ from: 9, to: 12, reason: 'sampled' });
  const place = (seq: number) => outline(log.rows)[log.indexNear(seq)];
  assert.deepEqual([1, 4, 5, 10, 99].map(place), ['2', '4', '8', '9-12 sampled', '9-12 sampled']);
});

test('a log that begins at older messages leaves out what comes', () => {
  const log = new MessageLog();
  log.append(messages(90, 100));
  log.beginAt(messages(5, 7));
  log.insertHistory(messages(3, 6));
  log.append(messages(101, 102));
  assert.deepEqual(outline(log.rows), ['3', '4', '5', '6', '7']);
  assert.equal(log.arrived, 13);
});
