import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logRow, serveDashboard } from './support/dashboard.mjs';
import { steadyFlood, udpClient } from './support/traffic.mjs';

/** The page is to bear this for as long as anybody likes; here it is for a moment. */
const PER_SECOND = 20_000;
const SECONDS = Number(process.env.FLOOD_SECONDS ?? 2);

/** Counts the frames that the page draws, and how far they are apart. */
function watchFrames(page) {
  return page.evaluate(() => {
    window.frameGaps = [];
    let last = performance.now();
    const frame = (now) => {
      window.frameGaps.push(now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
}

/** Told, not asserted: how fast frames come is the machine's affair as well. */
async function tellFrames(t, page) {
  const frames = (await page.evaluate(() => window.frameGaps)).sort((a, b) => a - b);
  const at = (part) => frames[Math.floor(part * (frames.length - 1))].toFixed(0);
  const apart = `median ${at(0.5)} ms, p95 ${at(0.95)} ms, most ${at(1)} ms apart`;
  t.diagnostic(`${frames.length} frames, ${apart}`);
}

async function receivedBy(server) {
  const { listeners } = await (await fetch(`${server.url}api/v1/status`)).json();
  return listeners.find(({ service }) => service === 'udp-upper').received.messages;
}

test('a flood is a sample with exact gaps in a document that stays small', async (t) => {
  const { server, page, complaints } = await serveDashboard(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  await watchFrames(page);
  const began = performance.now();
  await steadyFlood(client, PER_SECOND, SECONDS, (n) => `flood ${n}`);
  const seconds = (performance.now() - began) / 1000;
  await tellFrames(t, page);
  const received = await receivedBy(server);
  t.diagnostic(`${Math.round(received / seconds)} datagrams a second for ${seconds.toFixed(1)} s`);
  const last = await udpClient(t, server.addresses.udpUpper);
  await last.ask('the last one');
  await logRow(page, 'the last one').waitFor();
  assert.ok((await page.locator('.log .table-body .row').count()) < 60);

  const known = await page.evaluate(() => {
    const table = document.querySelector('.log');
    return { atEnd: table.scrollHeight - table.scrollTop - table.clientHeight < 2 };
  });
  assert.ok(known.atEnd, 'the newest row is in view');
  assert.deepEqual(complaints, []);
});

test('scrolling away keeps the place and counts what is new; End follows again', async (t) => {
  const { server, page } = await serveDashboard(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  for (let n = 1; n <= 100; n += 1) await client.ask(`early ${n}.`);
  await logRow(page, 'early 100.').waitFor();

  const table = page.locator('.log');
  await table.hover();
  await page.mouse.wheel(0, -1200);
  await page.locator('.log-resume').waitFor();
  const top = await table.evaluate((element) => element.scrollTop);
  for (let n = 1; n <= 40; n += 1) await client.ask(`late ${n}.`);
  await page.getByRole('button', { name: /^40 new/ }).waitFor();
  assert.equal(await table.evaluate((element) => element.scrollTop), top);

  await table.focus();
  await page.keyboard.press('End');
  await logRow(page, 'late 40.').waitFor();
  await page.locator('.log-resume').waitFor({ state: 'detached' });
});
