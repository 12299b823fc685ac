import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fault } from '../api/types';
import { faultChip, faultCurl, faultSentence, faultsOf } from './faults';

const CLIENT = '127.0.0.1:1600';
const KUROSE: Fault = {
  rule: 'kurose',
  text: 'loss 4/11 seed 7',
  effect: 'loss',
  side: 'sent',
  n: 5,
  draw: 0.2847,
};
const of = (effect: string, text: string, members: Partial<Fault> = {}) =>
  ({ rule: 'r', text, effect, side: 'sent', n: 1, ...members }) as Fault;

test('a chip says in a word what was done', () => {
  const chips: [Fault, string][] = [
    [KUROSE, 'lost · kurose'],
    [of('delay', 'delay 27ms', { us: 27_000 }), '+27 ms'],
    [of('delay', 'delay 27ms', { us: 1_500_000 }), '+1.5 s'],
    [of('rate', 'rate 8kbit/s', { us: 16_123 }), '+16.1 ms'],
    [of('rate', 'rate 8kbit/s', { us: 12 }), '+12 µs'],
    [of('duplicate', 'duplicate', { copies: 1 }), '2×'],
    [of('reorder', 'reorder', { after: 1 }), '⇄'],
    [of('corrupt', 'corrupt', { changes: [{ at: 4, was: '4f', is: 'cf' }] }), '≠ 1 bit'],
    [of('truncate', 'truncate 8', { from: 16, to: 8 }), '✂ 8 B'],
    [of('queue_full', 'rate 8kbit/s queue 1000'), 'queue full · r'],
    [of('of a newer server', 'x'), 'of a newer server · r'],
    [{ more: 3 }, '+3 more'],
  ];
  for (const [fault, chip] of chips) assert.equal(faultChip(fault), chip);
});

test('a loss says which message it was and why it was hit', () => {
  assert.equal(
    faultSentence(KUROSE, CLIENT),
    'The reply was made and thrown away by rule kurose (loss 4/11 seed 7). It was message 5 from 127.0.0.1; the draw 0.285 is below 0.364.',
  );
  const received = of('loss', 'loss on received', { side: 'received', n: 2 });
  assert.equal(
    faultSentence(received, '[::1]:1600'),
    'The message was thrown away by rule r (loss on received) before the service saw it. It was message 2 from ::1.',
  );
});

test('whose messages were numbered, and the share, are read from the rule', () => {
  const ends = (text: string, ending: string, draw?: number) =>
    assert.ok(
      faultSentence(of('loss', text, draw === undefined ? {} : { draw }), CLIENT).endsWith(ending),
      faultSentence(of('loss', text, draw === undefined ? {} : { draw }), CLIENT),
    );
  ends('loss every 3 per client', 'It was message 1 from 127.0.0.1:1600.');
  ends('loss every 3 per listener', 'It was message 1 of the listener.');
  ends('loss 30% contains "per listener" seed 1', 'the draw 0.100 is below 0.300.', 0.1);
  ends('loss 1.5% contains "9/10" seed 1', 'the draw 0.010 is below 0.015.', 0.01);
  ends('loss burst 5% 3 seed 1', 'from 127.0.0.1; the draw 0.010 was a hit.', 0.01);
  ends('loss 50% client 10.0.0.0/8 seed 1', 'the draw 0.100 is below 0.500.', 0.1);
});

test('each effect says what it changed, and for how long it held', () => {
  const first = (fault: Fault) => faultSentence(fault, CLIENT).split(' It was ')[0];
  const two = [
    { at: 1, was: '45', is: '47' },
    { at: 7, was: '4f', is: '4e' },
  ];
  const sentences: [Fault, string][] = [
    [
      of('delay', 'delay 27ms', { us: 27_000 }),
      'The reply was held for 27 ms by rule r (delay 27ms).',
    ],
    [
      of('rate', 'rate 8kbit/s', { us: 16_000 }),
      'The reply waited 16 ms for its turn at rule r (rate 8kbit/s).',
    ],
    [
      of('duplicate', 'duplicate 2', { copies: 2 }),
      'The reply was sent 2 more times by rule r (duplicate 2).',
    ],
    [
      of('duplicate', 'd', { copies: 1, side: 'received' }),
      'The message was answered 1 more time by rule r (d).',
    ],
    [
      of('reorder', 'reorder', { after: 1 }),
      'The reply was held by rule r (reorder) until 1 later one of its client had passed.',
    ],
    [
      of('reorder', 'reorder', { after: 0 }),
      'The reply was held by rule r (reorder) until its time was over, and none passed it.',
    ],
    [
      of('corrupt', 'corrupt 2', { changes: two }),
      '2 bits of the reply were flipped by rule r (corrupt 2): byte 1 from 45 to 47, byte 7 from 4f to 4e.',
    ],
    [
      of('truncate', 'truncate 1', { from: 16, to: 1 }),
      'The reply was cut from 16 to 1 byte by rule r (truncate 1).',
    ],
    [
      of('overflow', 'delay 1s'),
      'The reply was lost: rule r (delay 1s) had to hold it, and --hold-size had no room.',
    ],
    [
      of('queue_full', 'rate 8bit/s'),
      'The reply was lost: the queue of rule r (rate 8bit/s) was full.',
    ],
    [
      of('stopped', 'delay 1s'),
      'The reply was held by rule r (delay 1s) when socklens stopped, and was not sent.',
    ],
    [{ more: 1 }, '1 further entry had no room.'],
  ];
  for (const [fault, sentence] of sentences) assert.equal(first(fault), sentence);
});

test('more bits than are told are not given a number', () => {
  const eight = Array.from({ length: 8 }, (_, at) => ({ at, was: '00', is: '01' }));
  assert.equal(faultChip(of('corrupt', 'corrupt 9', { changes: eight })), '≠ 8+ bits');
  assert.equal(faultChip(of('corrupt', 'corrupt 8', { changes: eight })), '≠ 8 bits');
});

test('each side has its own, and what had no room stands with the reply', () => {
  const received = of('corrupt', 'corrupt', { side: 'received' });
  const all = [received, KUROSE, { more: 2 }];
  assert.deepEqual(faultsOf('received', all), [received]);
  assert.deepEqual(faultsOf('sent', all), [KUROSE, { more: 2 }]);
});

test('the command adds the rule as it was, and runs as it stands', () => {
  const quoted = { ...KUROSE, text: `loss contains "it's" seed 7` };
  assert.equal(
    faultCurl(quoted, 'udp-upper', { origin: 'http://127.0.0.1:8080', token: true }),
    `curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"listener":"udp-upper","rule":"loss contains \\"it'\\''s\\" seed 7","name":"kurose"}' http://127.0.0.1:8080/api/v1/faults`,
  );
});
