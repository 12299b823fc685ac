import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientRow, openDashboard, serveDashboard, startServer } from './support/dashboard.mjs';
import { containerNetwork } from './support/network.mjs';
import { udpClient } from './support/traffic.mjs';

const rows = (page) => page.locator('.clients .table-body .row');
const rowCount = (page) =>
  page.locator('.clients').evaluate((table) => Number(table.getAttribute('aria-rowcount')) - 1);

async function waitForRows(page, count) {
  await page.waitForFunction(
    (wanted) => document.querySelector('.clients').getAttribute('aria-rowcount') === wanted,
    String(count + 1),
  );
}

test('of more clients than a page, the server orders all and the table says what it shows', async (t) => {
  const server = await startServer(t);
  const clients = [];
  for (let n = 0; n < 620; n += 1) {
    clients.push(await udpClient(t, server.addresses.udpUpper));
    await clients[n].ask('once');
  }
  // The oldest one, which is on no first page by age, has said the most.
  for (let n = 0; n < 4; n += 1) await clients[0].ask('again');
  const { page, complaints } = await openDashboard(t, server);
  await waitForRows(page, 500);
  await page.getByText('the first 500 of 620').waitFor();

  await page.locator('.clients').getByRole('button', { name: 'Messages' }).click();
  await rows(page).first().getByText(clients[0].address).waitFor();
  await page.locator('.clients').getByRole('button', { name: 'Since' }).click();
  await page.locator('.clients').getByRole('button', { name: 'Since' }).click();
  await rows(page).first().getByText(clients[0].address).waitFor();

  await page.locator('.clients').focus();
  await page.keyboard.press('End');
  await waitForRows(page, 620);
  await page.getByText(/ of 620$/).waitFor({ state: 'detached' });
  await page.getByRole('radio', { name: /^Closed/ }).check();
  await page.getByText('No client here').waitFor();
  await page.getByRole('radio', { name: /^All/ }).check();
  await page.locator('.clients').getByRole('button', { name: 'Client', exact: true }).click();
  await waitForRows(page, 620);
  assert.equal(await rowCount(page), 620);
  assert.deepEqual(complaints, []);
});

test('peers behind a container’s address translation are told to be so, once', async (t) => {
  const network = await containerNetwork(t, { outside: '172.30.255.1', inside: '172.30.255.2' });
  if (!network) {
    t.skip('this machine lets us make no network namespace');
    return;
  }
  const { server, page, complaints } = await serveDashboard(t, {}, network);
  const hint = page.getByRole('complementary', { name: 'About the addresses' });
  const peers = [];
  for (let n = 0; n < 2; n += 1)
    peers.push(await udpClient(t, server.addresses.udpUpper, '172.30.255.1'));
  await peers[0].ask('who am I');
  await clientRow(page, peers[0].address).waitFor();
  assert.equal(await hint.count(), 0, 'a single one is told nothing');
  await peers[1].ask('and I');
  await hint.getByText('172.30.255.1', { exact: true }).waitFor();
  await hint.getByRole('button', { name: 'Understood' }).click();
  await hint.waitFor({ state: 'detached' });
  await page.reload();
  await clientRow(page, peers[1].address).waitFor();
  assert.equal(await hint.count(), 0);
  // Without TLS the browser trusts no address but the machine's own with that header.
  const untrusted = /Cross-Origin-Opener-Policy header has been ignored/;
  assert.deepEqual(
    complaints.filter((complaint) => !untrusted.test(complaint)),
    [],
  );
});
