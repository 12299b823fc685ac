import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { SharedStream } from './sharedStream';
import type { ServerEvent } from './sse';
import type { StreamHandlers } from './stream';

/** Tabs of one browser; `reading` are the streams that are open now. */
function setUp(t: TestContext, name: string) {
  const reading = new Set<StreamHandlers>();
  const tab = () => {
    const heard: string[] = [];
    const stream = new SharedStream(
      name,
      (handlers) => ({
        start: () => {
          reading.add(handlers);
          handlers.onState({ name: 'live' });
        },
        stop: () => reading.delete(handlers),
        retryNow: () => {},
      }),
      {
        onState: () => {},
        onEvents: (events) => heard.push(...events.map(({ id }) => id)),
        resumeId: () => heard.at(-1) ?? '',
      },
      () => true,
    );
    stream.start();
    t.after(() => stream.stop()); // an open channel would keep the process from its end
    return { stream, heard };
  };
  const tell = (id: string) => {
    const event: ServerEvent = { id, type: 'status', data: '{}' };
    for (const handlers of [...reading]) handlers.onEvents([event]);
  };
  return { reading, tab, tell };
}

async function become(condition: () => boolean, what: string) {
  for (let tries = 0; !condition(); tries += 1) {
    assert.ok(tries < 400, what);
    await pause(25);
  }
}

test('tabs that open together read one stream, and one that comes later joins it', async (t) => {
  const { reading, tab, tell } = setUp(t, 'together');
  const tabs = Array.from({ length: 12 }, () => tab());
  await become(() => reading.size > 0, 'somebody reads');
  // On a busy machine one may begin when another already reads, so it has to stay one.
  for (let n = 1, alone = 0; alone < 20; n += 1) {
    alone = reading.size === 1 ? alone + 1 : 0;
    tell(`early ${n}`);
    await pause(50);
    assert.ok(n < 200, 'only one goes on');
  }
  tell('log:7');
  const late = tab();
  await become(() => late.heard.includes('log:7'), 'the late one is told the status');
  for (const { heard } of tabs) await become(() => heard.includes('log:7'), 'each is told');
  await pause(400);
  assert.equal(reading.size, 1);
  for (const { stream } of [...tabs, late]) stream.stop();
  assert.equal(reading.size, 0);
});

test('where the reader says goodbye nobody waits for its silence', async (t) => {
  const { reading, tab } = setUp(t, 'goodbye');
  const first = tab();
  await become(() => reading.size === 1, 'the first reads');
  const second = tab();
  await pause(400);
  first.stream.stop();
  assert.equal(reading.size, 0);
  const began = performance.now();
  await become(() => reading.size === 1, 'the second reads');
  assert.ok(performance.now() - began < 4000);
  second.stream.stop();
});
