import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listener, status } from '../testing/messages';
import { forgetLatest, listenerKey, nextRates, type Rates } from './rates';

const KEY = listenerKey(listener(0));
const NONE: Rates = new Map();

test('a rate is the difference of two status events over the time between them', () => {
  const rates = nextRates(NONE, status(0, [listener(100)]), status(2, [listener(150)]));
  assert.deepEqual(rates.get(KEY), { messages: 25, bytes: 500 });
});

test('the first status gives no rate', () => {
  assert.equal(nextRates(NONE, null, status(0, [listener(100)])).get(KEY), null);
});

test('counters of another run of the server are not compared', () => {
  const restarted = status(2, [listener(5)], { started_at: '2026-01-01T00:00:01.000000Z' });
  const before = nextRates(NONE, status(0, [listener(90)]), status(1, [listener(100)]));
  assert.equal(nextRates(before, status(1, [listener(100)]), restarted).get(KEY), null);
});

test('a lost connection leaves no rate', () => {
  const rates = nextRates(NONE, status(0, [listener(1)]), status(1, [listener(5)]));
  assert.equal(forgetLatest(rates).get(KEY), null);
});
