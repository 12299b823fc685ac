import assert from 'node:assert/strict';
import { test } from 'node:test';
import description from '../../../src/api/openapi.json';
import type { Filter } from '../store/filter';
import { FILTER_KEYS } from '../store/filter';
import { suggest } from './filterSuggest';
import { pasted, readFilter, writeFilter } from './filterText';
import type { Vocabulary } from './filterValues';

const words: Vocabulary = {
  services: ['udp-upper', 'tcp-chat'],
  outcomes: ['replied', 'peer_gone'],
  faults: ['any', 'none', 'loss', 'delay'],
  portOwner: (port) => (port === '1600' ? '127.0.0.1:1600' : null),
  utc: true,
  now: new Date('2026-01-01T12:00:00Z'),
};
const read = (line: string) => readFilter(line, words);
const problemOf = (line: string) => {
  const result = read(line);
  return 'problem' in result ? result.problem : 'none';
};
const { parameters } = description.components;
/** Those of GET /messages that are filters, which the page's own paging is not. */
const messageParameters = description.paths['/api/v1/messages'].get.parameters
  .flatMap((one) => ('$ref' in one && one.$ref ? [one.$ref.split('/').at(-1) ?? ''] : []))
  .map((name) => parameters[name as keyof typeof parameters] as { name: string; example?: unknown })
  .filter(({ name }) => name !== 'limit' && name !== 'cursor');

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

test('an impossible filter is refused with what would be possible', () => {
  const problems: Record<string, RegExp> = {
    'service:x': /^service: udp-upper, tcp-chat$/,
    'service:': /^service: /,
    'hex:abc': /pairs/,
    'min_size:-1': /bytes/,
    'client:1.2.3': /client/,
    'since:yesterday': /14:30/,
    'text:a b': /twice/,
    'outcome:lost': /replied/,
    'fault:lost': /^fault: any, none, loss, delay$/,
  };
  for (const [line, expected] of Object.entries(problems)) {
    const result = read(line);
    assert.match('problem' in result ? result.problem : 'none', expected, line);
  }
});

test('a client may be told by its address, a time by how long ago it was', () => {
  assert.deepEqual(read('client:127.0.0.1:1600 since:5m'), {
    filter: { address: '127.0.0.1:1600', since: '2026-01-01T11:55:00.000Z' },
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
    { since: '2025-12-31T00:00:00.000001Z', until: '2026-01-01T14:30:05Z' },
    { text: '-outcome' },
    { text: '127.0.0.1:1600' },
    { text: '68 65' },
    { text: 'size=5' },
    { text: 'a\\nb' },
    { text: 'two\r\nlines\tand\u0000\u007f' },
    { text: ':x' },
    { min_size: '5', max_size: '5' },
    { min_sent: '1k', max_sent: '2M', outcome_not: 'replied,peer_gone', address_not: '::1' },
  ];
  for (const filter of filters) {
    const line = writeFilter(filter, words);
    assert.deepEqual(read(line), { filter }, line);
  }
});

test('suggestions are for what the caret stands in', () => {
  const choices = {
    services: words.services,
    outcomes: words.outcomes,
    faults: words.faults,
    clients: [{ id: 7, address: '127.0.0.1:1600', service: 'udp-upper' }],
  };
  const inserts = (line: string, caret = line.length) =>
    suggest(line, caret, choices).map(({ insert }) => insert);
  assert.deepEqual(inserts('serv'), ['service:']);
  assert.deepEqual(inserts('service:t hello', 9), ['service:tcp-chat']);
  assert.deepEqual(inserts('client:1600'), ['client:7']);
  assert.deepEqual(inserts('-o'), ['-outcome:']);
  assert.deepEqual(inserts('-outcome:replied,p'), ['-outcome:replied,peer_gone']);
  assert.deepEqual(inserts('fault:l'), ['fault:loss', 'fault:delay']);
  assert.deepEqual(inserts('address:1'), ['address:127.0.0.1']);
  for (const { name } of messageParameters)
    if (!name.endsWith('_not')) assert.ok(inserts('').includes(`${name}:`), name);
  assert.deepEqual(inserts('hello'), []);
});

test('while the server’s names are not known, any will do', () => {
  const unknown = { ...words, services: [], outcomes: [], faults: [] };
  assert.deepEqual(readFilter('outcome:new_one', unknown), { filter: { outcome: 'new_one' } });
  assert.equal(problemOf('outcome:new_one'), 'outcome: replied, peer_gone');
  assert.ok('problem' in readFilter('service:,', unknown));
});

test('the keys are those of the API', () => {
  const names = messageParameters.map(({ name }) => name);
  assert.deepEqual([...names].sort(), [...FILTER_KEYS].sort());
});

/** Each letter left out, doubled or exchanged with the next; other signs than a colon. */
function misspelled(key: string): string[] {
  const edits = Array.from(key, (letter, n) => [
    key.slice(0, n) + key.slice(n + 1),
    key.slice(0, n) + letter + key.slice(n),
    key.slice(0, n) + key.charAt(n + 1) + letter + key.slice(n + 2),
  ]);
  const names = [
    ...edits.flat(),
    `${key}s`,
    `${key}x`,
    key.replace('_', '-'),
    key.replace('_', ''),
  ];
  const lines = names.filter((name) => name.length > 1).map((name) => `${name}:`);
  return [...lines, `${key}=`, `${key}<`, `${key}>=`, `${key} :`, `${key} : `, `${key}: `];
}

test('each key of the API is taken in any case, and no misspelling is searched as text', () => {
  for (const { name, example } of messageParameters) {
    const value = String(Array.isArray(example) ? example[0] : example);
    for (const key of [name, name.toUpperCase()]) {
      const result = read(`${key}:${value}`);
      assert.ok('filter' in result && name in result.filter, `${key}:${value}`);
    }
    for (const sign of ['', '-', '!'])
      for (const wrong of misspelled(name)) {
        const result = read(`${sign}${wrong}${value}`);
        const asText = 'filter' in result && 'text' in result.filter && name !== 'text';
        const nothing = 'filter' in result && Object.keys(result.filter).length === 0;
        assert.ok(!asText && !nothing, `${sign}${wrong}${value}`);
      }
  }
});

test('a name that is no key is an error with what may have been meant, never text', () => {
  const problems: Record<string, RegExp> = {
    'servce:udp-upper': /did you mean service:/,
    'min-size:5': /did you mean min_size:/,
    '-ip:127.0.0.1': /did you mean -address:/,
    'status:replied': /did you mean outcome:/,
    'nokey:5': /there are service, client/,
    'line_end:none': /hex:0a/,
    'seq:5': /#show=message:5 .*after:/,
    'client:1600': /did you mean port:1600\?/,
    '-since:5m': /Use until:/,
    '-size:5': /cannot be left out/,
    'outcome=replied': /did you mean outcome:replied\?/,
    'size>5': /did you mean size:5/,
    '127.0.0.1:1600': /did you mean address:127.0.0.1:1600\?/,
    '[::1]:1600': /did you mean address:/,
    '-hello': /text cannot be left out/,
    '68 65 6c': /did you mean hex:68 65 6c\?/,
    'hello\\n': /in quotes/,
    'size:5 min_size:3': /min_size stands twice/,
  };
  for (const [line, expected] of Object.entries(problems))
    assert.match(problemOf(line), expected, line);
});

test('words written as the refusal advises are text', () => {
  for (const line of [
    'nokey:5',
    'seq:5',
    'outcome=replied',
    '-hello',
    '127.0.0.1',
    '68 65',
    '::1',
  ]) {
    const [, advice] = /As text: (".*")$/.exec(problemOf(line)) ?? [];
    assert.deepEqual(read(advice ?? ''), { filter: { text: line } });
  }
});

test('an exclusion is written with its sign, and read back', () => {
  const contrary = { filter: { outcome_not: 'replied,peer_gone' } };
  assert.deepEqual(read('-outcome:replied !outcome:peer_gone'), contrary);
  assert.deepEqual(read('outcome_not:replied,peer_gone'), contrary);
  assert.equal(writeFilter(contrary.filter, words), '-outcome:replied,peer_gone');
});

test('a size is exact, or a range', () => {
  assert.deepEqual(read('size:5'), { filter: { min_size: '5', max_size: '5' } });
  assert.deepEqual(read('sent:1..4k'), { filter: { min_sent: '1', max_sent: '4k' } });
  assert.deepEqual(read('received:..1,024'), { filter: { max_received: '1024' } });
  for (const line of ['size:', 'size:..', 'size:5x', 'size:1..2..3', 'size:-5'])
    assert.match(problemOf(line), /^size: a number of bytes or a range/, line);
});

test('hex copied from the page is read as hex', () => {
  assert.deepEqual(read('hex:68 65 6c'), { filter: { hex: '68656c' } });
  assert.deepEqual(read('HEX:"68 65" service:tcp-chat'), {
    filter: { hex: '6865', service: 'tcp-chat' },
  });
});

test('outcomes, times and texts are read as the page writes them', () => {
  assert.deepEqual(read('outcome:"peer gone"'), { filter: { outcome: 'peer_gone' } });
  for (const at of ['14:03:22.117', '2026-01-01 14:03:22.117', '2026-01-01 15:03:22.117 +01:00'])
    assert.deepEqual(read(`since:${at}`), { filter: { since: '2026-01-01T14:03:22.117Z' } });
  assert.equal(pasted('plain\n'), null);
  assert.deepEqual(read(pasted('two\nlines "x"') ?? ''), { filter: { text: 'two\nlines "x"' } });
});

test('a time stays as it was typed, by the clock that is shown', () => {
  const clocks = [words, { ...words, utc: false }];
  for (const clock of clocks)
    for (const line of ['since:15:00', 'until:09:05:07', 'since:2025-06-01T02:30:00.5']) {
      const result = readFilter(line, { ...words, ...clock });
      assert.equal('filter' in result && writeFilter(result.filter, clock), line);
    }
  const offset = new Date(2026, 0, 1, 15).toISOString().replace('.000', '');
  assert.deepEqual(readFilter('since:15:00', { ...words, utc: false }), {
    filter: { since: offset },
  });
  // Each hour of days on which clocks change, in whatever zone this runs.
  for (const day of ['2025-10-25', '2025-10-26', '2025-11-02', '2026-01-01'])
    for (let hour = 0; hour < 24; hour += 1)
      for (const clock of clocks) {
        const since = `${day}T${String(hour).padStart(2, '0')}:30:00Z`;
        const line = writeFilter({ since }, clock);
        assert.deepEqual(readFilter(line, clock), { filter: { since } }, line);
      }
  for (const wrong of ['25:00', '2026-02-31', '15', '12:60', 'tomorrow', '5', '+01:00', 'UTC'])
    assert.match(problemOf(`since:${wrong}`), /14:30/, wrong);
});

test('unfinished filters are told from wrong ones', () => {
  const isOpen = (line: string) => {
    const result = read(line);
    return 'problem' in result && result.unfinished;
  };
  for (const line of [
    'outcome:',
    'outcome:rep',
    'fault:lo',
    'outcome:replied,',
    'since:1',
    'hex:6',
    'size:',
  ])
    assert.ok(isOpen(line), line);
  for (const line of ['outcome:x', 'nokey:', 'service:udp-upper,y']) assert.ok(!isOpen(line), line);
});

test('sizes have units, times have several, and outcomes add up', () => {
  assert.deepEqual(read('min_size:1k'), { filter: { min_size: '1k' } });
  assert.deepEqual(read('since:1h30m'), { filter: { since: '2026-01-01T10:30:00.000Z' } });
  assert.deepEqual(read('outcome:replied outcome:peer_gone'), {
    filter: { outcome: 'replied,peer_gone' },
  });
});

test('words that stand together are one phrase, with their blanks', () => {
  assert.deepEqual(read('hello  student'), { filter: { text: 'hello  student' } });
});
