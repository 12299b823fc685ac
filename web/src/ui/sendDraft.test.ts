import assert from 'node:assert/strict';
import { test } from 'node:test';
import { draftRequest, fieldOfParam } from './sendDraft';

const draft = { target: { to: '127.0.0.1:9' }, payload: '00 ff', fromPort: 0, timeoutMs: 500 };

test('a draft names its payload by its encoding and nothing else', () => {
  const timing = { from_port: 0, timeout_ms: 500 };
  const to = '127.0.0.1:9';
  assert.deepEqual(draftRequest({ ...draft, encoding: 'text' }), { to, text: '00 ff', ...timing });
  assert.deepEqual(draftRequest({ ...draft, encoding: 'hex' }), { to, hex: '00 ff', ...timing });
});

test('errors stand at the field they name, all others at the form', () => {
  assert.equal(fieldOfParam('timeout_ms'), 'timeoutMs');
  assert.equal(fieldOfParam('listener'), 'target');
  assert.equal(fieldOfParam('something'), 'form');
  assert.equal(fieldOfParam(null), 'form');
});
