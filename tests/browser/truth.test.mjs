import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientRow, logRow, serveDashboard, waitForState } from './support/dashboard.mjs';
import { flood, udpClient } from './support/traffic.mjs';

test('a server that falls silent is no longer shown as live, and nothing is missed', async (t) => {
  const { server, page, complaints } = await serveDashboard(t, { reducedMotion: 'reduce' });
  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask('before');
  await logRow(page, 'BEFORE').waitFor();
  server.signal('SIGSTOP');
  await page.getByText(/shown as of \d+ s ago/).waitFor();
  await waitForState(page, 'reconnecting');
  assert.equal(await page.evaluate(() => document.getAnimations().length), 0, 'nothing moves');
  const unread = client.ask('while it was silent');
  server.signal('SIGCONT');
  await unread;
  await waitForState(page, 'live');
  await logRow(page, 'WHILE IT WAS SILENT').waitFor();
  assert.equal(await logRow(page, 'BEFORE').count(), 1);
  assert.equal(await page.locator('.row-gap').count(), 0);
  await page.locator('.stream-age').waitFor({ state: 'detached' });
  assert.deepEqual(complaints, []);
});

/** Lets the clock jump while the other one stands still, as they do for a laptop that sleeps. */
function letSleep() {
  const [clock, timer] = [Date.now.bind(Date), performance.now.bind(performance)];
  let slept = 0;
  let stoodAt = null;
  Date.now = () => clock() + slept;
  performance.now = () => stoodAt ?? timer();
  window.sleepOneHour = () => {
    stoodAt = timer();
    slept = 3_600_000;
  };
}

test('a page that slept with its connection says so, and goes on from where it was', async (t) => {
  const { server, page } = await serveDashboard(t, { init: letSleep });
  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask('before the sleep');
  await logRow(page, 'BEFORE THE SLEEP').waitFor();
  server.signal('SIGSTOP');
  await page.evaluate(() => window.sleepOneHour());
  await waitForState(page, 'reconnecting');
  await page.getByText('shown as of 1 h 00 min ago').waitFor();
  server.signal('SIGCONT');
  await waitForState(page, 'live');
  await client.ask('after the sleep');
  await logRow(page, 'AFTER THE SLEEP').waitFor();
  assert.equal(await logRow(page, 'BEFORE THE SLEEP').count(), 1);
  assert.equal(await page.locator('.row-gap').count(), 0);
});

/** This machine's clock is an hour ahead of the server's. */
function setClockAhead() {
  const Real = Date;
  globalThis.Date = class extends Real {
    constructor(...given) {
      if (given.length === 0) super(Real.now() + 3_600_000);
      else super(...given);
    }
    static now() {
      return Real.now() + 3_600_000;
    }
  };
}

test('a clock that differs is told, and ages are those of the server', async (t) => {
  const { server, page } = await serveDashboard(t, { init: setClockAhead });
  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask('what time is it');
  await page.locator('.stat', { hasText: 'Server' }).getByText('1 h 00 min behind').waitFor();
  const seen = clientRow(page, client.address).locator('.cell-seen');
  assert.match((await seen.textContent()) ?? '', /^(now|\d+ s ago)$/);
  await page.getByRole('combobox', { name: 'Filter messages' }).fill('since:5m');
  await page.keyboard.press('Enter');
  await logRow(page, 'WHAT TIME IS IT').waitFor();
});

/** Every row from the first to the last: what it accounts for, and what it says of a gap. */
async function accountOfRows(page) {
  const table = page.locator('.log');
  const seen = new Map();
  const count = Number(await table.getAttribute('aria-rowcount')) - 1;
  for (let at = 0; seen.size < count; at += 400) {
    await table.evaluate((element, top) => element.scrollTo(0, top), at);
    await page.waitForTimeout(50);
    const drawn = await page.locator('.log .table-body .row').evaluateAll((rows) =>
      rows.map((row) => {
        const range = row.querySelector('.gap-range')?.textContent.replaceAll(',', '');
        const [from, to] = range?.split(' – ') ?? [row.dataset.seq, row.dataset.seq];
        const said = range ? row.textContent : '';
        return [Number(row.getAttribute('aria-rowindex')), Number(from), Number(to), said];
      }),
    );
    for (const [index, ...row] of drawn) seen.set(index, row);
    assert.ok(at < count * 60, `${seen.size} of ${count} rows were drawn`);
  }
  return [...seen].sort(([a], [b]) => a - b).map(([, row]) => row);
}

test('of a flood every number is a row or in a gap that says why', async (t) => {
  const { server, page } = await serveDashboard(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask('the first');
  await logRow(page, 'THE FIRST').waitFor();
  await flood(client, 4000, (n) => `flood ${n}`);
  await client.ask('the last');
  await logRow(page, 'THE LAST').waitFor();
  const { log } = await (await fetch(`${server.url}api/v1/status`)).json();
  await page.getByRole('button', { name: 'Pause' }).click();
  const rows = await accountOfRows(page);
  let next = 1;
  for (const [from, to] of rows) {
    assert.equal(from, next, `a row begins with ${from}`);
    next = to + 1;
  }
  assert.equal(next, log.newest_seq + 1);
  const gaps = rows.map(([, , said]) => said).filter(Boolean);
  for (const said of gaps) assert.match(said, /messages? not shown.*too fast to show one by one/);
  t.diagnostic(`${rows.length} rows, ${gaps.length} of them gaps, for ${log.newest_seq} messages`);
});

/** How often what is announced to a screen reader changes. */
function watchAnnouncements() {
  window.announced = [];
  const region =
    '[aria-live]:not([aria-live="off"]), [role="status"], [role="alert"], [role="log"]';
  const note = ({ target }) => {
    const element = target instanceof Element ? target : target.parentElement;
    const said = element?.closest(region)?.textContent;
    if (said) window.announced.push(said);
  };
  addEventListener('DOMContentLoaded', () =>
    new MutationObserver((changes) => changes.forEach(note)).observe(document.body, {
      childList: true,
      characterData: true,
      subtree: true,
    }),
  );
}

test('traffic and a long run are announced by a sentence, not by chatter', async (t) => {
  const { server, page } = await serveDashboard(t, { init: watchAnnouncements });
  const client = await udpClient(t, server.addresses.udpUpper);
  await page.evaluate(() => window.announced.splice(0));
  for (let n = 0; n < 50; n += 1) await client.ask(`traffic ${n}`);
  await page.getByLabel('Count').fill('20');
  await page.getByLabel('Interval, ms').fill('20');
  await page.getByRole('button', { name: 'Send Ctrl' }).click();
  await page.locator('.run', { hasText: '20 of 20' }).waitFor();
  await page.getByRole('status').getByText('20 sent, 0 lost').waitFor({ state: 'attached' });
  const announced = await page.evaluate(() => window.announced);
  assert.ok(announced.length <= 3, announced.join(' | '));
});
