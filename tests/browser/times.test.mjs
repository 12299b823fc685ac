// Every time on the page tells its instant, whatever the zone, the day and the clock's changes are.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  logRow,
  openPage,
  serveDashboard,
  startServer,
  waitForState,
} from './support/dashboard.mjs';
import { udpClient } from './support/traffic.mjs';

/** This machine's clock shows another time, and goes on from there. */
function letClockShow(ms) {
  const ahead = ms - Date.now();
  return {
    content: `{
      const Real = Date;
      globalThis.Date = class extends Real {
        constructor(...given) {
          if (given.length === 0) super(Real.now() + ${ahead});
          else super(...given);
        }
        static now() {
          return Real.now() + ${ahead};
        }
      };
    }`,
  };
}

const payload = (text) => ({
  size: text.length,
  stored_size: text.length,
  truncated: false,
  text,
  base64: Buffer.from(text).toString('base64'),
});

function messageAt(at, seq) {
  return {
    seq,
    service: 'udp-upper',
    client: { id: 1, address: '127.0.0.1:1600' },
    listener: '127.0.0.1:12000',
    received_at: at,
    replied_at: at.replace(/\d\dZ$/, '99Z'),
    service_us: 9,
    received: payload(at),
    line_end: 'none',
    sent: payload(at),
    outcome: 'replied',
  };
}

/** The log holds messages of these times; where it is asked for a single one, that has its run. */
async function serveMessages(page, server, times) {
  const { run } = await (await fetch(`${server.url}api/v1/status`)).json();
  const items = times.map((at, n) => messageAt(at, n + 1));
  await page.route(/\/api\/v1\/messages\?/, (route) =>
    route.fulfill({
      json: { items: items.toReversed(), page: { limit: 200, has_more: false, next: null } },
    }),
  );
  await page.route(/\/api\/v1\/messages\/\d+/, (route) => {
    const [, seq] = /messages\/(\d+)/.exec(route.request().url());
    return route.fulfill({ json: { ...items[seq - 1], run } });
  });
}

/** What a reader takes from a time: what it leaves out is today's and the named zone's. */
function instantOf(shown, { day, offset }) {
  const words = /^(?:(\d{4}-\d\d-\d\d) )?(\d\d:\d\d:\d\d\.\d{3})(?: ([+-]\d\d:\d\d))?$/.exec(shown);
  assert.ok(words, `'${shown}' is a time`);
  return Date.parse(`${words[1] ?? day}T${words[2]}${words[3] ?? offset}`);
}

const zoneButton = (page) => page.getByRole('button', { name: 'Times in UTC' });

/** The zone that the page names, as an offset. */
async function namedOffset(page) {
  const label = (await zoneButton(page).textContent()).replace(/^Times in /, '');
  assert.match(label, /^UTC([+-]\d\d:\d\d)?$/);
  return label.slice('UTC'.length) || '+00:00';
}

async function assertTimes(page, times, now) {
  const offset = await namedOffset(page);
  const minutes =
    (offset[0] === '-' ? -1 : 1) * (offset.slice(1, 3) * 60 + Number(offset.slice(4)));
  const day = new Date(now + minutes * 60_000).toISOString().slice(0, 10);
  await page
    .locator('.log .cell-time')
    .nth(times.length - 1)
    .waitFor();
  const cells = page.locator('.log .cell-time');
  const shown = await cells.allTextContents();
  assert.deepEqual(
    shown.map((text) => new Date(instantOf(text, { day, offset })).toISOString()),
    times.map((at) => at.replace(/\d{3}Z$/, 'Z')),
    shown.join(' | '),
  );
  const cut = await cells.evaluateAll((all) =>
    all.filter((cell) => cell.scrollWidth > cell.clientWidth).map((cell) => cell.textContent),
  );
  assert.deepEqual(cut, [], 'no time is cut');
}

/** Zone, and its nights in which a clock changes; in one of them the page is open. */
const ZONES = [
  ['Europe/Berlin', ['2026-03-29T01:00:00Z', '2026-10-25T01:00:00Z']],
  ['America/St_Johns', ['2026-03-08T05:30:00Z', '2026-11-01T04:30:00Z']],
  ['Australia/Lord_Howe', ['2026-04-04T15:00:00Z', '2026-10-03T15:30:00Z']],
];

/** Every half hour from a day before the change to a few hours after it. */
function timesAround(change) {
  const at = Date.parse(change);
  const steps = [-60, -50, -26, -25, -24, -4, -3, -2, -1, 0, 1, 2, 3, 4];
  return steps.map((step) =>
    new Date(at + step * 1_800_000 + 1330).toISOString().replace(/Z$/, '042Z'),
  );
}

for (const [timezoneId, changes] of ZONES)
  for (const change of changes)
    test(`in ${timezoneId} every time around ${change} tells its instant`, async (t) => {
      const server = await startServer(t);
      const times = timesAround(change);
      const now = Date.parse(change) + 3 * 3_600_000;
      const { page, complaints } = await openPage(t, server, {
        timezoneId,
        init: letClockShow(now),
      });
      await serveMessages(page, server, times);
      await page.reload();
      await waitForState(page, 'live');
      await assertTimes(page, times, now);

      await page.locator('.log .row[data-seq="6"] .cell-time').click();
      const received = page.locator('.detail .fact', { hasText: 'Received' }).locator('time');
      await received.waitFor();
      const [date, clock, offset] = (await received.textContent()).split(' ');
      assert.equal(Date.parse(`${date}T${clock}${offset}`), Date.parse(times[5]));
      assert.match(clock, /\.330042$/);
      await page.keyboard.press('Escape');

      await page.keyboard.press('u');
      assert.equal(await zoneButton(page).getAttribute('aria-pressed'), 'true');
      assert.equal(await namedOffset(page), '+00:00');
      await assertTimes(page, times, now);
      await page.reload();
      await waitForState(page, 'live');
      assert.equal(await namedOffset(page), '+00:00', 'the choice is kept');
      await assertTimes(page, times, now);
      assert.deepEqual(complaints, []);
    });

test('a time of another day is whole on a phone and beside an open message', async (t) => {
  const server = await startServer(t);
  const times = timesAround('2026-10-25T01:00:00Z');
  for (const width of [390, 1280, 1440]) {
    const { page } = await openPage(t, server, {
      timezoneId: 'Europe/Berlin',
      viewport: { width, height: 900 },
      init: letClockShow(Date.parse('2026-11-27T12:00:00Z')),
    });
    await serveMessages(page, server, times);
    await page.goto(`${server.url}#show=message:3`);
    await page.reload();
    await waitForState(page, 'live');
    const cells = page.locator('.log .cell-time');
    await cells.nth(times.length - 1).waitFor();
    for (const cell of await cells.all()) {
      assert.match(await cell.textContent(), /^2026-10-2\d \d\d:\d\d:\d\d\.\d{3}( \+02:00)?$/);
      assert.ok(await cell.evaluate((one) => one.scrollWidth <= one.clientWidth), `at ${width} px`);
    }
    assert.equal(await page.evaluate(() => document.body.scrollWidth <= innerWidth), true);
  }
});

test('a time of today is a time of day alone until midnight passes', async (t) => {
  const { server, page } = await serveDashboard(t, { timezoneId: 'Asia/Kathmandu' });
  assert.equal(await namedOffset(page), '+05:45');
  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask('now');
  const time = logRow(page, 'NOW').locator('.cell-time');
  await time.waitFor();
  // What ran over midnight meanwhile shows its day.
  assert.match(await time.textContent(), /\d\d:\d\d:\d\d\.\d{3}$/);
  await page.evaluate(() => {
    const real = Date.now.bind(Date);
    Date.now = () => real() + 86_400_000;
  });
  await time.getByText(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/).waitFor();
});
