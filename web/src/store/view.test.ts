import assert from 'node:assert/strict';
import { test } from 'node:test';
import { View } from './view';

function setUp(hash: string) {
  const address = { now: hash };
  const go = (to: string) => {
    address.now = to;
  };
  const view = new View({ hash: () => address.now, push: go, replace: go });
  const visit = (to: string) => {
    go(to);
    view.read();
  };
  return { view, visit };
}

test('an address that leads to a message says so until the log is there', () => {
  const { view, visit } = setUp('#show=message:7');
  const linked = () => view.linked.value?.seq;
  assert.equal(linked(), 7);
  view.pin('0123456789abcdef');
  assert.equal(linked(), 7);
  view.arrive();
  assert.equal(linked(), undefined);
  visit('#show=message:8&text=x');
  assert.equal(linked(), 8);
  visit('#show=client:8');
  assert.equal(linked(), undefined);
});

test('two events of one change of the address are one link', () => {
  const { view } = setUp('#show=message:7');
  const first = view.linked.value;
  view.read();
  assert.equal(view.linked.value, first);
});

test('a message chosen on the page is no link, and ends one', () => {
  const { view, visit } = setUp('');
  view.show({ kind: 'message', seq: 7 });
  assert.equal(view.linked.value, null);
  visit('#show=message:8');
  view.show({ kind: 'message', seq: 9 });
  assert.equal(view.linked.value, null);
  visit('#show=message:8');
  view.setFilter({ text: 'x' });
  assert.deepEqual([view.linked.value, view.detail.value?.kind], [null, 'message']);
});
