import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Place, readPlace, writePlace } from './place';

test('an address tells what the page showed', () => {
  const place: Place = {
    filter: { service: 'udp-upper', text: 'a&b=c #d' },
    detail: { kind: 'message', seq: 17 },
    reference: { at: 'listMessages' },
  };
  assert.deepEqual(readPlace(writePlace(place)), place);
  assert.equal(writePlace({ filter: {}, detail: null, reference: null }), '');
});

test('what an address says wrongly is left out', () => {
  const place = readPlace('#show=message:x&client=&nonsense=1&min_size=5');
  assert.deepEqual(place, { filter: { min_size: '5' }, detail: null, reference: null });
});
