import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clientRow,
  logRow,
  openDashboard,
  serveDashboard,
  startServer,
  waitForState,
} from './support/dashboard.mjs';
import { tcpClient, udpClient } from './support/traffic.mjs';

test('a datagram is on the page within a second, with its reply and its client', async (t) => {
  const { server, page } = await serveDashboard(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  const sentAt = Date.now();
  await client.ask('hello straße');
  const row = logRow(page, 'hello straße');
  await row.waitFor();
  const elapsed = Date.now() - sentAt;
  t.diagnostic(`on the page after ${elapsed} ms`);
  assert.ok(elapsed < 1000, `it took ${elapsed} ms`);
  assert.equal(await row.locator('.cell-sent').textContent(), 'HELLO STRASSE');
  assert.equal(await row.locator('.cell-client').textContent(), client.address);
  await clientRow(page, client.address)
    .locator('[data-state="heard"]')
    .getByText(/^seen (now|\d+ s ago)$/)
    .waitFor();
});

test('a chat connection is seen open, and closed with its reason', async (t) => {
  const { server, page } = await serveDashboard(t);
  const client = await tcpClient(t, server.addresses.tcpChat);
  await client.ask('Hi');
  const row = clientRow(page, client.address);
  await row.locator('[data-state="open"]').waitFor();
  await logRow(page, 'Your data was 2 bytes').waitFor();
  await client.ask('Exit');
  await row.getByText('exit').waitFor();
  assert.equal(await row.getAttribute('data-state'), 'closed');
});

test('messages sent before the page was opened are shown', async (t) => {
  const server = await startServer(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  for (let n = 1; n <= 20; n += 1) await client.ask(`earlier ${n}`);
  const { page } = await openDashboard(t, server);
  await logRow(page, /earlier 20/).waitFor();
  await clientRow(page, client.address).waitFor();
});

test('a listener card counts and shows a rate', async (t) => {
  const { server, page } = await serveDashboard(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  const card = page.locator('.card[data-service="udp-upper"]');
  await card.getByText(server.addresses.udpUpper.text).waitFor();
  const stop = setInterval(() => client.send('tick'), 50);
  t.after(() => clearInterval(stop));
  await page.waitForFunction(
    () => Number(document.querySelector('[data-service="udp-upper"] .card-rate')?.textContent) > 5,
  );
});

/** The largest figure that the curves' readout shows for a service, wherever the pointer goes. */
async function largestRate(page, service) {
  const box = await page.locator('.plot').boundingBox();
  let largest = 0;
  for (let x = box.x + box.width - 14; x > box.x + box.width / 2; x -= 6) {
    await page.mouse.move(x, box.y + box.height / 2);
    const values = page.locator('.readout-value', { hasText: service });
    const [text] = await values.allTextContents();
    largest = Math.max(largest, Number.parseFloat(text?.slice(service.length) ?? '0') || 0);
  }
  return largest;
}

test('the curves show what went through, also after a reload, and can be zoomed', async (t) => {
  const { server, page, complaints } = await serveDashboard(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  for (let n = 0; n < 50; n += 1) await client.ask('traffic');
  await page.waitForTimeout(2500);
  assert.ok((await largestRate(page, 'udp-upper')) >= 10);
  await page.reload();
  await waitForState(page, 'live');
  assert.ok((await largestRate(page, 'udp-upper')) >= 10, 'history is the server’s');

  const box = await page.locator('.plot').boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 40, box.y + 40, { steps: 4 });
  await page.mouse.up();
  await page.getByRole('button', { name: 'Reset zoom' }).click();
  await page.getByRole('button', { name: 'Reset zoom' }).waitFor({ state: 'detached' });
  assert.deepEqual(complaints, []);
});
