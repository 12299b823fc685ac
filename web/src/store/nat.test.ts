import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client } from '../testing/messages';
import { translatedAddress } from './nat';

const from = (address: string, changes = {}) =>
  client(1, { address, local_address: '172.17.0.2:1060', ...changes });

test('several peers that all show a container network’s gateway are told', () => {
  for (const host of ['172.17.0.1', '172.31.0.1', '192.168.16.1', '10.88.0.1', '10.0.2.2'])
    assert.equal(translatedAddress([from(`${host}:4000`), from(`${host}:4001`)]), host);
  const mapped = [from('[::ffff:172.17.0.1]:4000'), from('172.17.0.1:4001')];
  assert.equal(translatedAddress(mapped), '172.17.0.1');
});

test('a single peer is told once it has said more than a handful', () => {
  const said = (messages: number) => [from('172.17.0.1:1', { received: { messages, bytes: 9 } })];
  assert.equal(translatedAddress(said(5)), null);
  assert.equal(translatedAddress(said(6)), '172.17.0.1');
});

test('true source addresses are not doubted', () => {
  assert.equal(translatedAddress([]), null);
  const two = (a: string, b: string) => translatedAddress([from(a), from(b)]);
  assert.equal(two('127.0.0.1:1', '127.0.0.1:2'), null, 'loopback');
  assert.equal(two('172.17.0.1:1', '172.17.0.5:2'), null, 'another container');
  assert.equal(two('192.168.1.1:1', '192.168.1.1:2'), null, 'a router at home');
  assert.equal(two('172.17.0.5:1', '172.17.0.5:2'), null, 'one that is no gateway');
  assert.equal(two('8.8.8.1:1', '8.8.8.1:2'), null, 'a public address');
  assert.equal(two('[fe80::1]:1', '[fe80::1]:2'), null);
});

test('on the host itself its bridge’s address is a true one', () => {
  const own = { local_address: '172.17.0.1:1060' };
  assert.equal(translatedAddress([from('172.17.0.1:1', own), from('172.17.0.1:2', own)]), null);
});

test('unix sockets do not count, for or against', () => {
  const unix = from('unix:', { transport: 'unix' });
  assert.equal(translatedAddress([unix, unix]), null);
  const peers = [from('172.17.0.1:1'), unix, from('172.17.0.1:2')];
  assert.equal(translatedAddress(peers), '172.17.0.1');
});
