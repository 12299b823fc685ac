import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectOf, fatesWords, withSeed } from './fates';

test('fates are said in words', () => {
  assert.equal(fatesWords('....xx....', 'first'), '2 of the first 10 are hit: 5, 6');
  assert.equal(fatesWords('x.', 'next'), '1 of the next 2 is hit: 1');
  assert.equal(fatesWords('..', 'next'), '0 of the next 2 are hit');
  assert.equal(fatesWords('x'.repeat(20), 'next'), '20 of the next 20 are hit');
});

test('a rule without a seed gets that of its preview, one that has its own keeps it', () => {
  assert.equal(withSeed(' loss 30% name a ', 'loss 30% seed 17'), 'loss 30% name a seed 17');
  assert.equal(withSeed('loss seed 5 30%', 'loss 30% seed 5'), 'loss seed 5 30%');
  assert.equal(withSeed('loss every 3', 'loss every 3'), 'loss every 3');
  const content = 'loss 30% contains "a seed 5"';
  assert.equal(withSeed(content, `${content} seed 17`), `${content} seed 17`);
});

test('the effect is the first word', () => {
  assert.equal(effectOf('  loss 30%'), 'loss');
  assert.equal(effectOf(''), '');
});
