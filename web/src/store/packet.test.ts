import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listener, message, payload } from '../testing/messages';
import { FIRST_PACKET, fieldOfParam, packetOf, packetProblem, packetSeries } from './packet';

const timing = { from_port: 0, timeout_ms: 1000 };
const to = '127.0.0.1:9';

test('a packet names its payload by its encoding and nothing else', () => {
  const request = (changes: object) =>
    packetSeries({ ...FIRST_PACKET, to, ...changes }, []).request;
  assert.deepEqual(request({ payload: 'hi' }), { to, text: 'hi', ...timing });
  assert.deepEqual(request({ payload: 'A\\xff' }), { to, base64: 'Qf8=', ...timing });
  assert.deepEqual(request({ payload: '00 ff', encoding: 'hex' }), { to, hex: '00 ff', ...timing });
});

test('a listener is named by its service while there is only one of it', () => {
  const one = listener(0);
  const packet = { ...FIRST_PACKET, to: one.address };
  const twin = { ...one, address: '[::1]:12000' };
  assert.ok('listener' in packetSeries(packet, [one]).request);
  assert.deepEqual(packetSeries(packet, [one, twin]).request, {
    to: one.address,
    text: FIRST_PACKET.payload,
    ...timing,
  });
});

test('errors stand at the field they name, all others at the form', () => {
  assert.equal(fieldOfParam('timeout_ms'), 'timeoutMs');
  assert.equal(fieldOfParam('listener'), 'to');
  assert.equal(fieldOfParam('something'), 'form');
  assert.equal(packetProblem({ ...FIRST_PACKET, count: '0' })?.field, 'count');
  assert.equal(packetProblem({ ...FIRST_PACKET, intervalMs: 'x' })?.field, 'intervalMs');
  assert.equal(packetProblem({ ...FIRST_PACKET, payload: '\\z' })?.field, 'payload');
  assert.equal(packetProblem(FIRST_PACKET), null);
});

test('a message can be sent again, whatever its bytes', () => {
  assert.equal(packetOf(message(1, 'a\n\\')).payload, 'a\\n\\\\');
  const binary = { ...message(1), received: payload(Uint8Array.of(0, 255)) };
  assert.deepEqual([packetOf(binary).encoding, packetOf(binary).payload], ['hex', '00 ff']);
});
