import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayOf, formatClock, formatMoment, timeChars, timeParts, type Zone } from './time';

const HOUR_MS = 3_600_000;

/** Runs in a zone of the tz database. */
function inTimeZone(name: string, run: () => void): void {
  const before = process.env.TZ;
  process.env.TZ = name;
  try {
    run();
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
}

/** The instant that a reader takes from what is shown. */
function instantOf(shown: string, today: string): number {
  const [, date, clock, offset] =
    /^(?:(\d{4}-\d\d-\d\d) )?(\d\d:\d\d:\d\d)(?: ([+-]\d\d:\d\d))?$/.exec(shown) ?? [];
  const [day, usual] = today.split(' ');
  return Date.parse(`${date ?? day}T${clock}${offset ?? usual}`);
}

test('every time that is shown tells its instant, over midnight and changes of the clock', () => {
  const zones = ['Europe/Berlin', 'Australia/Lord_Howe', 'America/St_Johns'];
  const nights = [
    '2026-03-08',
    '2026-03-29',
    '2026-04-04',
    '2026-10-03',
    '2026-10-25',
    '2026-11-01',
  ];
  for (const name of zones)
    inTimeZone(name, () => {
      for (const zone of ['local', 'utc'] as Zone[])
        for (const night of nights) {
          const now = Date.parse(`${night}T12:00:00Z`);
          const today = dayOf(now, zone);
          for (let at = now - 30 * HOUR_MS; at <= now + HOUR_MS; at += HOUR_MS / 2) {
            const rfc3339 = new Date(at).toISOString();
            const shown = formatClock(rfc3339, zone, today);
            assert.equal(instantOf(shown, today), at, `${name} ${zone}: ${shown} for ${rfc3339}`);
            const width = timeChars([rfc3339, new Date(now).toISOString()], zone, today, 0);
            assert.ok(shown.length <= width, `${shown} in ${width} characters`);
          }
        }
    });
});

test('today and the offset of now need no words', () => {
  const at = '2026-01-01T12:00:05.123987Z';
  const today = dayOf(Date.parse(at), 'utc');
  const parts = { date: '', clock: '12:00:05', fraction: '.123', offset: '' };
  assert.deepEqual(timeParts(at, 'utc', today, 3), parts);
  assert.equal(timeParts('2026-01-01T12:00:05Z', 'utc', today, 3)?.fraction, '.000');
  assert.equal(timeParts('not a time', 'utc', today, 3), null);
  assert.equal(timeChars([at, at], 'utc', today, 3), '12:00:05.123'.length);
});

test('a moment keeps every digit, and says its offset', () => {
  const at = '2026-07-01T22:30:05.123987Z';
  inTimeZone('Europe/Berlin', () => {
    assert.equal(formatMoment(at, 'local'), '2026-07-02 00:30:05.123987 +02:00');
    assert.equal(formatMoment(at, 'utc'), '2026-07-01 22:30:05.123987 UTC');
  });
  inTimeZone('America/St_Johns', () =>
    assert.equal(formatMoment(at, 'local'), '2026-07-01 20:00:05.123987 -02:30'),
  );
  assert.equal(formatMoment('not a time', 'utc'), 'not a time');
});

test('the width holds the offset of a summer between two winters', () => {
  inTimeZone('Europe/Berlin', () => {
    const today = dayOf(Date.parse('2026-12-01T12:00:00Z'), 'local');
    const span = ['2026-01-01T12:00:00Z', '2026-12-01T11:00:00Z'] as const;
    const summer = formatClock('2026-07-01T12:00:00Z', 'local', today);
    assert.equal(summer, '2026-07-01 14:00:00 +02:00');
    assert.equal(timeChars(span, 'local', today, 0), summer.length);
  });
});
