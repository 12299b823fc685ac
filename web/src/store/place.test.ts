import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Place, readPlace, writePlace } from './place';

test('an address tells what the page showed', () => {
  const place: Place = {
    filter: { service: 'udp-upper', text: 'a&b=c #d' },
    detail: { kind: 'message', seq: 17 },
    showsApi: true,
  };
  assert.deepEqual(readPlace(writePlace(place)), place);
  assert.equal(writePlace({ filter: {}, detail: null, showsApi: false }), '');
});

test('what an address says wrongly is left out', () => {
  const place = readPlace('#show=message:x&client=&nonsense=1&min_size=5');
  assert.deepEqual(place, { filter: { min_size: '5' }, detail: null, showsApi: false });
});

test('a link says which run gave out the number it names', () => {
  const run = '2843177113adc916da8cd1294c712208';
  const hash = writePlace({
    filter: {},
    detail: { kind: 'message', seq: 5, run },
    showsApi: false,
  });
  assert.equal(hash, '#show=message%3A5&run=28431771');
  assert.deepEqual(readPlace(hash).detail, { kind: 'message', seq: 5, run: '28431771' });
  assert.deepEqual(readPlace('#show=client:5&run=x').detail, { kind: 'client', id: 5 });
});
