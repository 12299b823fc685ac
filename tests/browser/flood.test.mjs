import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logRow, openDashboard, startGateway } from './support/dashboard.mjs';
import { flood, udpClient } from './support/traffic.mjs';

const MESSAGES = 20_000;

test('a flood is a sample with exact gaps in a document that stays small', async (t) => {
  const gateway = await startGateway(t);
  const { page, complaints } = await openDashboard(t, gateway);
  const client = await udpClient(t, gateway.addresses.udpUpper);
  await flood(client, MESSAGES, (n) => `flood ${n}`);
  const last = await udpClient(t, gateway.addresses.udpUpper);
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
  const gateway = await startGateway(t);
  const { page } = await openDashboard(t, gateway);
  const client = await udpClient(t, gateway.addresses.udpUpper);
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
