import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Filter } from '../store/filter';
import { readFilter, suggest, type Vocabulary, writeFilter } from './filterText';

const words: Vocabulary = {
  services: ['udp-upper', 'tcp-chat'],
  outcomes: ['replied', 'peer_gone'],
  clientId: (address) => (address === '127.0.0.1:1600' ? 7 : null),
  portOwner: (port) => (port === '1600' ? '127.0.0.1:1600' : null),
  now: new Date('2026-01-01T12:00:00Z'),
};
const read = (line: string) => readFilter(line, words);

test('names are the API’s, and words without one are text', () => {
  assert.deepEqual(read('service:udp-upper hello min_size:10 world'), {
    filter: { service: 'udp-upper', min_size: '10', text: 'hello world' },
  });
  assert.deepEqual(read('service:udp-upper,tcp-chat'), {
    filter: { service: 'udp-upper,tcp-chat' },
  });
  assert.deepEqual(read('  '), { filter: {} });
});

test('quotes keep spaces, and a word may have a colon', () => {
  assert.deepEqual(read('text:"a \\"b\\" \\\\ c"'), { filter: { text: 'a "b" \\ c' } });
  assert.deepEqual(read('"service:x"'), { filter: { text: 'service:x' } });
  assert.deepEqual(read('"Host: example"'), { filter: { text: 'Host: example' } });
});

test('what cannot be is said with what could be', () => {
  const problems: Record<string, RegExp> = {
    'service:x': /^service: udp-upper, tcp-chat$/,
    'service:': /^service: /,
    'hex:abc': /pairs/,
    'min_size:-1': /bytes/,
    'client:1.2.3.4:5': /client/,
    'since:yesterday': /14:30/,
    'text:a b': /twice/,
    'outcome:lost': /replied/,
  };
  for (const [line, expected] of Object.entries(problems)) {
    const result = read(line);
    assert.match('problem' in result ? result.problem : 'none', expected, line);
  }
});

test('a client may be told by its address, a time by how long ago it was', () => {
  assert.deepEqual(read('client:127.0.0.1:1600 since:5m'), {
    filter: { client: '7', since: '2026-01-01T11:55:00.000Z' },
  });
});

test('a filter that was written is read as the same', () => {
  const filters: Filter[] = [
    { service: 'tcp-chat', text: 'hello world', hex: '00ff' },
    { text: 'a  b' },
    { text: '"quoted" \\ x' },
    { text: 'service:x', client: '3' },
    { text: ' ' },
    { since: '2026-01-01T00:00:00Z', text: 'b' },
  ];
  for (const filter of filters) assert.deepEqual(read(writeFilter(filter)), { filter });
});

test('suggestions are for what the caret stands in', () => {
  const choices = {
    services: words.services,
    outcomes: words.outcomes,
    clients: [{ id: 7, address: '127.0.0.1:1600', service: 'udp-upper' }],
  };
  const inserts = (line: string, caret = line.length) =>
    suggest(line, caret, choices).map(({ insert }) => insert);
  assert.deepEqual(inserts('se'), ['service:']);
  assert.deepEqual(inserts('service:t hello', 9), ['service:tcp-chat']);
  assert.deepEqual(inserts('client:1600'), ['client:7']);
  assert.equal(inserts('').length, 8);
  assert.deepEqual(inserts('hello'), []);
});

test('while the gateway’s names are not known, any will do', () => {
  const unknown = { ...words, services: [], outcomes: [] };
  assert.deepEqual(readFilter('outcome:new_one', unknown), { filter: { outcome: 'new_one' } });
  assert.deepEqual(read('outcome:new_one'), { problem: 'outcome: replied, peer_gone' });
  assert.deepEqual(readFilter('service:,', unknown), { problem: 'service: ' });
});

test('a name that is no key is an error with what may have been meant, never text', () => {
  const problems: Record<string, RegExp> = {
    'SERVICE:udp-upper': /no SERVICE: did you mean service:/,
    'servce:udp-upper': /did you mean service:/,
    'size:5': /did you mean min_size:/,
    'max_size:5': /did you mean min_size:/,
    'line_end:none': /there are service, client/,
    'seq:5': /no seq: /,
    'client:1600': /did you mean client:127.0.0.1:1600\?/,
    '!outcome:replied': /no !outcome/,
    '-outcome:replied': /no -outcome/,
    'port:': /no port: /,
  };
  for (const [line, expected] of Object.entries(problems)) {
    const result = read(line);
    assert.match('problem' in result ? result.problem : 'none', expected, line);
  }
});

test('what the page copies as hex it takes as hex', () => {
  assert.deepEqual(read('hex:68 65 6c'), { filter: { hex: '68656c' } });
  assert.deepEqual(read('hex:68 65 6c service:tcp-chat'), {
    filter: { hex: '68656c', service: 'tcp-chat' },
  });
});

test('sizes have units, times have several, and outcomes add up', () => {
  assert.deepEqual(read('min_size:1k'), { filter: { min_size: '1024' } });
  assert.deepEqual(read('since:1h30m'), { filter: { since: '2026-01-01T10:30:00.000Z' } });
  assert.deepEqual(read('outcome:replied outcome:peer_gone'), {
    filter: { outcome: 'replied,peer_gone' },
  });
});
