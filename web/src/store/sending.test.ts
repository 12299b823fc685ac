import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiProblem } from '../api/problem';
import type { DatagramResult } from '../api/types';
import { payload } from '../testing/messages';
import { Sending, summarize } from './sending';

function result(rtt_us: number | null): DatagramResult {
  const reply = rtt_us === null ? null : payload('HI');
  const timed_out = rtt_us === null;
  const reply_from = rtt_us === null ? null : 'b:2';
  return { from: 'a:1', to: 'b:2', sent: payload('hi'), reply, reply_from, rtt_us, timed_out };
}

const series = (count: number) => ({
  request: { listener: 'udp-upper', text: 'hi', from_port: 0, timeout_ms: 50 },
  count,
  intervalMs: 7,
});

test('a run sends as many as asked, with a pause between, and counts what was lost', async () => {
  const pauses: number[] = [];
  const ports: number[] = [];
  const answers = [result(10), result(null), result(30)];
  let now = 0;
  const sending = new Sending({
    api: {
      sendDatagram: async ({ from_port }) => {
        ports.push(from_port);
        now += 2;
        return answers.shift() ?? result(1);
      },
    },
    pause: async (ms) => {
      pauses.push(ms);
      now += ms;
    },
    now: () => now,
  });
  await sending.send(series(3));
  assert.deepEqual(sending.run.value, {
    count: 3,
    sent: 3,
    rtts: [10, 30],
    stopped: false,
    everyMs: 7,
    limit: null,
  });
  assert.deepEqual(pauses, [5, 5]);
  assert.deepEqual(ports, [0, 1, 1]);
  assert.equal(sending.attempts.value[1]?.result.timed_out, true);
  assert.equal(sending.busy.value, false);
});

test('a run can be stopped, and an error ends it at its field', async () => {
  const stopping: Sending = new Sending({
    api: { sendDatagram: async () => result(5) },
    pause: async () => stopping.stop(),
    now: () => 0,
  });
  await stopping.send(series(100));
  assert.equal(stopping.run.value?.sent, 1);

  const failing = new Sending({
    api: {
      sendDatagram: async () => {
        throw new ApiProblem(409, 'in use', 'from_port');
      },
    },
    pause: async () => {},
    now: () => 0,
  });
  await failing.send(series(3));
  assert.deepEqual(failing.problem.value, { field: 'fromPort', message: 'in use' });
});

test('a run waits where there were too many, and sends all it promised', async () => {
  let asked = 0;
  const pauses: number[] = [];
  const sending = new Sending({
    api: {
      sendDatagram: async () => {
        asked += 1;
        if (asked % 2 === 0) throw new ApiProblem(429, 'too many', 'to', '10 a second', 1);
        return result(1);
      },
    },
    pause: async (ms) => void pauses.push(ms),
    now: () => 0,
  });
  await sending.send({ ...series(3), intervalMs: 0 });
  assert.equal(sending.run.value?.sent, 3);
  assert.equal(sending.problem.value, null);
  assert.equal(
    pauses.reduce((sum, ms) => sum + ms, 0),
    2000,
    'as long as the server said',
  );
  assert.equal(sending.run.value?.limit, 'too many (allowed: 10 a second)');
});

test('where there is never room the run ends with the server’s words', async () => {
  let asked = 0;
  const sending = new Sending({
    api: {
      sendDatagram: async () => {
        asked += 1;
        throw new ApiProblem(429, 'too many at once', null, null, 5);
      },
    },
    pause: async () => {},
    now: () => 0,
  });
  await sending.send(series(3));
  assert.equal(asked, 10);
  assert.deepEqual(sending.problem.value, { field: 'form', message: 'too many at once' });
  assert.equal(sending.busy.value, false);
});

test('the summary names round trips that were measured', () => {
  const rtts = Array.from({ length: 200 }, (_, i) => 200 - i);
  assert.deepEqual(summarize(rtts), { min: 1, median: 100, p99: 198 });
  assert.deepEqual(summarize([7]), { min: 7, median: 7, p99: 7 });
  assert.equal(summarize([]), null);
});
