import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logRow, openDashboard, startGateway, waitForState } from './support/dashboard.mjs';
import { flood, tcpClient, udpClient } from './support/traffic.mjs';

const rowCount = (page) =>
  page.locator('.log').evaluate((table) => Number(table.getAttribute('aria-rowcount')) - 1);
const filterBar = (page) => page.getByRole('combobox', { name: 'Filter messages' });

async function waitForRows(page, count) {
  await page.waitForFunction(
    (rows) => document.querySelector('.log').getAttribute('aria-rowcount') === String(rows + 1),
    count,
  );
}

test('thousands of rows become the few that match, while at the end and from then on', async (t) => {
  const gateway = await startGateway(t);
  const { page, complaints } = await openDashboard(t, gateway);
  const client = await udpClient(t, gateway.addresses.udpUpper);
  await flood(client, 5000, (n) => (n % 100 === 0 ? `needle ${n}` : `straw ${n}`));
  await client.ask('straw, the last');
  await logRow(page, 'straw, the last').waitFor();
  await filterBar(page).fill('needle');
  await page.keyboard.press('Enter');
  await waitForRows(page, 50);
  await logRow(page, 'needle 4900').waitFor();

  await client.ask('straw again');
  await client.ask('needle again');
  await logRow(page, 'needle again').waitFor();
  assert.equal(await rowCount(page), 51);
  await page.getByRole('button', { name: 'Clear' }).click();
  await logRow(page, 'straw again').waitFor();
  assert.deepEqual(complaints, []);
});

test('a filter is completed and judged while it is typed, and is part of the address', async (t) => {
  const gateway = await startGateway(t);
  const { page } = await openDashboard(t, gateway);
  const udp = await udpClient(t, gateway.addresses.udpUpper);
  await udp.ask('by udp');
  await (await tcpClient(t, gateway.addresses.tcpChat)).ask('by tcp\n');
  await logRow(page, 'by tcp').waitFor();

  await filterBar(page).focus();
  await page.keyboard.type('ser');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.keyboard.type('x');
  await page.getByText('service: udp-upper, tcp-upper, tcp-chat').waitFor();
  assert.equal(await filterBar(page).getAttribute('aria-invalid'), 'true');
  await page.keyboard.press('Backspace');
  await page.keyboard.type('chat');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  assert.equal(await filterBar(page).inputValue(), 'service:tcp-chat ');
  await page.keyboard.press('Enter');
  await waitForRows(page, 1);
  assert.match(page.url(), /#service=tcp-chat$/);

  await page.reload();
  await waitForState(page, 'live');
  await waitForRows(page, 1);
  assert.equal(await filterBar(page).inputValue(), 'service:tcp-chat');
  await page.goBack();
  await waitForRows(page, 2);
});

test('a click on a service or on a client narrows the log to it', async (t) => {
  const gateway = await startGateway(t);
  const { page } = await openDashboard(t, gateway);
  const one = await udpClient(t, gateway.addresses.udpUpper);
  const two = await udpClient(t, gateway.addresses.udpUpper);
  await one.ask('from one');
  await two.ask('from two');
  await (await tcpClient(t, gateway.addresses.tcpChat)).ask('chat\n');
  await logRow(page, 'Your data').waitFor();
  await logRow(page, 'from one').getByText('udp-upper').click();
  await waitForRows(page, 2);
  await logRow(page, 'from two').getByText(two.address).click();
  await waitForRows(page, 1);
  assert.match(await filterBar(page).inputValue(), /^service:udp-upper client:\d+$/);
});

test('scrolling back reaches the first message, and the place is kept on the way', async (t) => {
  const gateway = await startGateway(t);
  const client = await udpClient(t, gateway.addresses.udpUpper);
  await flood(client, 1500, (n) => `row ${n}.`);
  await client.ask('the end');
  const { page } = await openDashboard(t, gateway);
  await logRow(page, 'the end').waitFor();
  assert.equal(await rowCount(page), 200);
  await page.locator('.log').focus();
  const first = page.locator('.log .row[data-seq="1"]');
  for (let tries = 0; (await first.count()) === 0; tries += 1) {
    assert.ok(tries < 40, 'Home leads to the first message');
    await page.keyboard.press('Home');
    await page.waitForTimeout(100);
  }
  await logRow(page, 'row 0.').waitFor();
  assert.ok((await rowCount(page)) >= 1501);
  await page.keyboard.press('End');
  await logRow(page, 'the end').waitFor();
});

test('Pause freezes the rows and counts on; End goes on', async (t) => {
  const gateway = await startGateway(t);
  const { page } = await openDashboard(t, gateway);
  const client = await udpClient(t, gateway.addresses.udpUpper);
  await client.ask('before');
  await logRow(page, 'before').waitFor();
  const pause = page.getByRole('button', { name: 'Pause' });
  await pause.click();
  for (let n = 0; n < 3; n += 1) await client.ask(`during ${n}`);
  await page.getByRole('button', { name: /^3 new/ }).waitFor();
  assert.equal(await rowCount(page), 1);
  await page.locator('.log').focus();
  await page.keyboard.press('End');
  await logRow(page, 'during 2').waitFor();
  assert.equal(await pause.getAttribute('aria-pressed'), 'false');
});

test('what is paused stays when the log is cleared, and a note tells of it', async (t) => {
  const gateway = await startGateway(t);
  const { page } = await openDashboard(t, gateway);
  const client = await udpClient(t, gateway.addresses.udpUpper);
  for (let n = 0; n < 5; n += 1) await client.ask(`frozen ${n}`);
  await logRow(page, 'frozen 4').waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  for (let n = 0; n < 3; n += 1) await client.ask(`during ${n}`);
  await page.getByRole('button', { name: /^3 new/ }).waitFor();
  await fetch(`${gateway.url}api/v1/messages?confirm=yes`, { method: 'DELETE' });
  await page.getByText('paused · the log was cleared since').waitFor();
  assert.equal(await rowCount(page), 5);
  await logRow(page, 'frozen 0').waitFor();
  assert.equal(await page.getByRole('button', { name: /new/ }).count(), 0);

  await gateway.stop();
  await waitForState(page, 'reconnecting');
  await gateway.start();
  await waitForState(page, 'live');
  await page.getByText('paused · the gateway was restarted since').waitFor();
  assert.equal(await rowCount(page), 5);
  await logRow(page, 'frozen 2').waitFor();
  await client.ask('afterwards');
  await page.locator('.log').focus();
  await page.keyboard.press('End');
  await logRow(page, 'afterwards').waitFor();
  assert.equal(await logRow(page, 'frozen 0').count(), 0);
});
