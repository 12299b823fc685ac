import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiProblem } from '../api/problem';
import type { Rule, Rules } from '../api/types';
import { Faults } from './faults';

const HELD = { messages: 0, bytes: 0, limit_bytes: 100, overflowed: 0 };
const rule = (name: string, enabled = true) => ({ name, enabled }) as Rule;
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A server with these rules; `answers` holds back what it says of them. */
function setUp(...items: Rule[]) {
  const server = { items, asked: 0, hold: false, answers: [] as (() => void)[] };
  const change = async (name: string, changes: { enabled?: boolean }) => {
    if (!server.items.some((one) => one.name === name)) throw new ApiProblem(404, 'no such rule');
    server.items = server.items.map((one) => (one.name === name ? { ...one, ...changes } : one));
    return rule(name);
  };
  const faults = new Faults({
    faults: () => {
      server.asked += 1;
      const answer: Rules = { items: server.items, held: HELD };
      if (!server.hold) return Promise.resolve(answer);
      return new Promise((resolve) => server.answers.push(() => resolve(answer)));
    },
    addFault: async () => rule('added'),
    changeFault: change,
    removeFault: async () => undefined,
  });
  return { faults, server };
}

test('it asks each second while a rule acts or somebody looks, else not', async () => {
  const { faults, server } = setUp(rule('loss', false));
  await faults.load();
  faults.tick(false);
  assert.equal(server.asked, 1);
  faults.tick(true);
  await settle();
  assert.equal(server.asked, 2);
  await faults.switch('loss', true);
  const before = server.asked;
  faults.tick(false);
  assert.equal(server.asked, before + 1);
  faults.tick(false);
  assert.equal(server.asked, before + 1, 'one at a time');
});

test('an answer from before a change does not undo it', async () => {
  const { faults, server } = setUp(rule('loss'));
  await faults.load();
  server.hold = true;
  const late = faults.load();
  server.hold = false;
  await faults.switch('loss', false);
  assert.deepEqual(faults.acting.value, []);
  for (const answer of server.answers) answer();
  await late;
  assert.deepEqual(faults.acting.value, []);
});

test('all off leaves every rule where it is', async () => {
  const { faults } = setUp(rule('a'), rule('b', false), rule('c'));
  await faults.load();
  assert.equal(await faults.allOff(), true);
  assert.deepEqual(
    faults.rules.value.map(({ name, enabled }) => [name, enabled]),
    [
      ['a', false],
      ['b', false],
      ['c', false],
    ],
  );
});

test('what the server refuses is said until the next change', async () => {
  const { faults } = setUp(rule('loss'));
  assert.equal(await faults.switch('gone', true), false);
  assert.equal(faults.problem.value?.message, 'no such rule');
  await faults.load();
  assert.equal(faults.problem.value?.message, 'no such rule');
  assert.equal(await faults.switch('loss', true), true);
  assert.equal(faults.problem.value, null);
});
