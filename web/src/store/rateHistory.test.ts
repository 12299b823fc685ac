import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listener, status } from '../testing/messages';
import { HISTORY_SECONDS, RateHistory } from './rateHistory';

const END = Date.parse('2026-01-01T00:00:10.000000Z') / 1000;
const answer = {
  step_s: 1,
  end: '2026-01-01T00:00:10.000000Z',
  services: [{ service: 'udp-upper', messages: [5, 6, 7], bytes: [50, 60, 70] }],
};

function known(history: RateHistory): [number, number][] {
  const { times, points } = history.table();
  return (points[0] ?? []).flatMap((point, i) =>
    point ? [[(times[i] ?? 0) - END, point.messages] as [number, number]] : [],
  );
}

test('the gateway’s history ends with the last full second', () => {
  const history = new RateHistory();
  history.take(answer);
  assert.deepEqual(known(history), [
    [-3, 5],
    [-2, 6],
    [-1, 7],
  ]);
  assert.equal(history.table().times.length, HISTORY_SECONDS);
});

test('status events go on from there, and a late one leaves no hole', () => {
  const history = new RateHistory();
  history.take(answer);
  history.note(status(10, [listener(0)]), status(11, [listener(3)]));
  history.note(status(11, [listener(3)]), status(13, [listener(11)]));
  assert.deepEqual(known(history).slice(-3), [
    [0, 3],
    [1, 4],
    [2, 4],
  ]);
});

test('a lost connection and another run leave a hole, never a wrong rate', () => {
  const history = new RateHistory();
  history.take(answer);
  history.note(status(10, [listener(0)]), status(40, [listener(900)]));
  const restarted = status(12, [listener(1)], { started_at: '2026-01-01T00:00:11.000000Z' });
  history.note(status(11, [listener(50)]), restarted);
  assert.equal(known(history).length, 3);
});

test('both directions count as bytes, and listeners of one service together', () => {
  const history = new RateHistory();
  const two = (count: number) => [listener(count), listener(count, { address: '[::1]:1' })];
  history.note(status(1, two(0)), status(2, two(5)));
  assert.deepEqual(history.table().points[0]?.at(-1), { messages: 10, bytes: 200 });
});
