import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PageState, pageTitle } from './title';

const PLAIN: PageState = {
  host: '127.0.0.1:8080',
  open: null,
  filter: '',
  showsApi: false,
  paused: false,
  fresh: 0,
};

test('the title says what is open, the filter and whether the log stands still', () => {
  const cases: [Partial<PageState>, string][] = [
    [{}, 'socklens 127.0.0.1:8080'],
    [{ open: { kind: 'message', seq: 12 } }, 'Message 12 · socklens 127.0.0.1:8080'],
    [
      { open: { kind: 'client', id: 3 }, filter: 'outcome:replied', paused: true, fresh: 7 },
      '(7) Client 3 · outcome:replied · paused · socklens 127.0.0.1:8080',
    ],
    [{ showsApi: true, filter: 'x', paused: true, fresh: 7 }, 'API · socklens 127.0.0.1:8080'],
  ];
  for (const [state, title] of cases) assert.equal(pageTitle({ ...PLAIN, ...state }), title);
});

test('a long filter is cut between characters', () => {
  const title = pageTitle({ ...PLAIN, filter: '😀'.repeat(100) });
  assert.equal(title, `${'😀'.repeat(60)}… · socklens 127.0.0.1:8080`);
});
