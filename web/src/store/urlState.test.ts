import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readUrlState, type UrlState, writeUrlState } from './urlState';

test('an address tells what the page showed', () => {
  const state: UrlState = {
    filter: { service: 'udp-upper', text: 'a&b=c #d' },
    detail: { kind: 'message', seq: 17 },
    showsApi: true,
  };
  assert.deepEqual(readUrlState(writeUrlState(state)), state);
  assert.equal(writeUrlState({ filter: {}, detail: null, showsApi: false }), '');
});

test('an address leads to the fault rules, which belong to no run', () => {
  const hash = writeUrlState({ filter: {}, detail: { kind: 'faults' }, showsApi: false });
  assert.equal(hash, '#show=faults');
  assert.deepEqual(readUrlState(`${hash}&run=28431771`).detail, { kind: 'faults' });
});

test('invalid parts of the URL are left out', () => {
  const state = readUrlState('#show=message:x&client=&nonsense=1&min_size=5');
  assert.deepEqual(state, { filter: { min_size: '5' }, detail: null, showsApi: false });
});

test('a link says which run gave out the number it names', () => {
  const run = '2843177113adc916da8cd1294c712208';
  const hash = writeUrlState({
    filter: {},
    detail: { kind: 'message', seq: 5, run },
    showsApi: false,
  });
  assert.equal(hash, '#show=message%3A5&run=28431771');
  assert.deepEqual(readUrlState(hash).detail, { kind: 'message', seq: 5, run: '28431771' });
  assert.deepEqual(readUrlState('#show=client:5&run=x').detail, { kind: 'client', id: 5 });
});
