import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatAge,
  formatAgo,
  formatBytes,
  formatCompact,
  formatMemory,
  formatMicros,
  formatRate,
  formatWords,
} from './format';

test('counts stay exact until they need a unit', () => {
  assert.equal(formatCompact(0), '0');
  assert.equal(formatCompact(9999), '9,999');
  assert.equal(formatCompact(10_000), '10.0k');
  assert.equal(formatCompact(999_949), '1.0M');
  assert.equal(formatCompact(123_456_789), '123M');
});

test('sizes are in bytes, then in decimal units', () => {
  assert.equal(formatBytes(999), '999 B');
  assert.equal(formatBytes(1000), '1.0 kB');
  assert.equal(formatBytes(65_507), '65.5 kB');
  assert.equal(formatBytes(999_950), '1.0 MB');
});

test('a slow rate keeps its decimal', () => {
  assert.equal(formatRate(0), '0');
  assert.equal(formatRate(0.33), '0.3');
  assert.equal(formatRate(9.99), '10');
  assert.equal(formatRate(200_000), '200k');
});

test('durations choose their unit', () => {
  assert.equal(formatMicros(9), '9 µs');
  assert.equal(formatMicros(1234), '1.23 ms');
  assert.equal(formatMicros(250_000), '250.0 ms');
  assert.equal(formatMicros(2_500_000), '2.50 s');
});

test('ages name the two units that matter', () => {
  assert.equal(formatAge(-1), '0 s');
  assert.equal(formatAge(59.9), '59 s');
  assert.equal(formatAge(61), '1 min 01 s');
  assert.equal(formatAge(3661), '1 h 01 min');
  assert.equal(formatAge(90_000), '1 d 1 h');
});

test('a column of ages stays in one unit', () => {
  assert.deepEqual([1, 2, 119, 7200, 200_000].map(formatAgo), [
    'now',
    '2 s ago',
    '1 min ago',
    '2 h ago',
    '2 d ago',
  ]);
});

test('memory is in powers of two', () => {
  assert.equal(formatMemory(64 * 1024 * 1024), '64.0 MiB');
});

test('names from the API read as words', () => {
  assert.equal(formatWords('refused_own_listener'), 'refused own listener');
});
