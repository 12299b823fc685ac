import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RateAnswer } from '../api/types';
import { listener, status } from '../testing/messages';
import { HISTORY_SECONDS, RateHistory } from './rateHistory';
import { listenerKey, nextRates } from './rates';

const END = Date.parse('2026-01-01T00:00:10.000000Z') / 1000;
const answer: RateAnswer = {
  step_s: 1,
  end: '2026-01-01T00:00:10.000000Z',
  services: [
    {
      service: 'udp-upper',
      messages: [5, 6, 7],
      received_bytes: [50, 60, 70],
      sent_bytes: [5, 6, 7],
      refused: [0, 0, 0],
      unanswered: [0, 0, 0],
    },
  ],
};

function known(history: RateHistory): [number, number][] {
  const { times, points } = history.table(END);
  return (points[0] ?? []).flatMap((point, i) =>
    point ? [[(times[i] ?? 0) - END, point.messages] as [number, number]] : [],
  );
}

test('the server’s history ends with the last full second', () => {
  const history = new RateHistory();
  history.take(answer);
  assert.deepEqual(known(history), [
    [-3, 5],
    [-2, 6],
    [-1, 7],
  ]);
  assert.equal(history.table(END).times.length, HISTORY_SECONDS);
});

test('status events go on from there, and a late one leaves no hole', () => {
  const history = new RateHistory();
  history.take(answer);
  for (const [second, count] of [
    [10, 0],
    [11, 3],
    [13, 11],
  ] as const)
    history.note(status(second, [listener(count)]));
  assert.deepEqual(known(history).slice(-3), [
    [0, 3],
    [1, 4],
    [2, 4],
  ]);
});

test('a lost connection and another run leave a hole, never a wrong rate', () => {
  const history = new RateHistory();
  history.take(answer);
  history.note(status(10, [listener(0)]));
  history.note(status(40, [listener(900)]));
  const restarted = status(12, [listener(1)], { started_at: '2026-01-01T00:00:11.000000Z' });
  history.note(status(11, [listener(50)]));
  history.note(restarted);
  assert.equal(known(history).length, 3);
});

test('both directions count as bytes, and listeners of one service together', () => {
  const history = new RateHistory();
  const two = (count: number) => [listener(count), listener(count, { address: '[::1]:1' })];
  history.note(status(1, two(0)));
  history.note(status(2, two(5)));
  assert.deepEqual(history.table(END).points[0]?.at(-1), { messages: 10, bytes: 200 });
});

test('of the second in which the page was opened only the server tells', () => {
  const history = new RateHistory();
  const at = (now: string, count: number) =>
    history.note(status(0, [listener(count)], { now: `2026-01-01T00:00:${now}Z` }));
  history.take(answer);
  at('10.400000', 50); // fifty came before it
  at('10.500000', 50); // the tick's own comes soon after
  at('11.400000', 50);
  assert.deepEqual(
    known(history).map(([second]) => second),
    [-3, -2, -1],
  );
  at('12.400000', 53);
  assert.deepEqual(known(history).at(-1), [1, 3]);
  const [service] = answer.services;
  assert.ok(service);
  history.take({
    ...answer,
    end: '2026-01-01T00:00:11.000000Z',
    services: [{ ...service, messages: [50], received_bytes: [500], sent_bytes: [500] }],
  });
  assert.deepEqual(known(history).slice(-2), [
    [0, 50],
    [1, 3],
  ]);
});

test('before anything is known the axis ends now', () => {
  const { times, points } = new RateHistory().table(END + 0.5);
  assert.equal(times.at(-1), END);
  assert.deepEqual(points, []);
});

test('a card and the chart say the same of a service and second', () => {
  const history = new RateHistory();
  const [before, after] = [status(1, [listener(0)]), status(2, [listener(7)])];
  history.note(before);
  history.note(after);
  const card = nextRates(new Map(), before, after).get(listenerKey(listener(0)));
  assert.deepEqual(history.table(END).points[0]?.at(-1), card);
  assert.deepEqual(card, { messages: 7, bytes: 140 });
});
