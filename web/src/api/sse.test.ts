import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SseParser } from './sse';

test('an event is whole only with its empty line, however the bytes are split', () => {
  const stream = 'id: log:7\nevent: messages\ndata: {"a":1}\n\n: heartbeat\n\nretry: 1000\n\n';
  for (let cut = 0; cut <= stream.length; cut += 1) {
    const parser = new SseParser();
    const events = [...parser.push(stream.slice(0, cut)), ...parser.push(stream.slice(cut))];
    assert.deepEqual(events, [{ id: 'log:7', type: 'messages', data: '{"a":1}' }]);
    assert.equal(parser.retryMs, 1000);
  }
});

test('CRLF line ends, also cut in two, are one line end', () => {
  const parser = new SseParser();
  assert.deepEqual(parser.push('data: a\r'), []);
  assert.deepEqual(parser.push('\ndata: b\r\n\r'), []);
  assert.deepEqual(parser.push('\n'), [{ id: '', type: 'message', data: 'a\nb' }]);
});

test('an id stays in force for the events after it', () => {
  const parser = new SseParser();
  const events = parser.push('id: x:1\ndata: a\n\ndata: b\n\n');
  assert.deepEqual(
    events.map((event) => event.id),
    ['x:1', 'x:1'],
  );
});
