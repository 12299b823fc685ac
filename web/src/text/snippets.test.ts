import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { snippet, targetOf } from './snippets';

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const udp = targetOf('udp-upper', '127.0.0.1:12000', 'here');

test('a shell prints exactly the bytes of the message', () => {
  const printf = snippet('nc', udp, EVERY_BYTE).replace(/ \| nc .*$/s, '');
  const printed = execFileSync('sh', ['-c', printf]);
  assert.deepEqual([...printed], [...EVERY_BYTE]);
});

test('each tool is told protocol, host and port', () => {
  const tcp6 = targetOf('tcp-chat', '[::1]:1060', 'here');
  const unix = targetOf('tcp-upper', "unix:/tmp/it's", 'here');
  const bytes = new TextEncoder().encode('Hi');
  assert.equal(snippet('nc', udp, bytes), "printf 'Hi' | nc -u -w 1 127.0.0.1 12000");
  assert.equal(snippet('nc', tcp6, bytes), "printf 'Hi' | nc -w 1 ::1 1060");
  assert.equal(snippet('nc', unix, bytes), "printf 'Hi' | nc -w 1 -U '/tmp/it'\\''s'");
  assert.match(snippet('socat', udp, bytes), /- UDP:127\.0\.0\.1:12000$/);
  assert.match(snippet('socat', tcp6, bytes), /- 'TCP:\[::1\]:1060'$/);
  assert.match(snippet('python', tcp6, bytes), /AF_INET6, socket\.SOCK_STREAM/);
  assert.match(snippet('c', udp, bytes), /socket\(AF_INET, SOCK_DGRAM, 0\)/);
});

test('a digit after an escape is a digit, and there are no trigraphs', () => {
  const text = snippet('c', udp, new TextEncoder().encode('\x017??=\n'));
  assert.match(text, /"\\0017\\077\\077=\\012"/);
});

test('a wildcard address is reached at the host the page came from', () => {
  assert.deepEqual(targetOf('udp-upper', '0.0.0.0:7000', 'lens.local').at, {
    host: 'lens.local',
    port: 7000,
  });
});
