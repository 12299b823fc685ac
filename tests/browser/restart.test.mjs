import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { clientRow, logRow, serveDashboard, waitForState } from './support/dashboard.mjs';
import { udpClient } from './support/traffic.mjs';

test('the page says that the server is gone, and goes on when it is back', async (t) => {
  const { server, page, complaints } = await serveDashboard(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask('before the restart');
  await logRow(page, 'before the restart').waitFor();

  await server.stop();
  await waitForState(page, 'reconnecting');
  await page.getByText(/shown as of \d+ s ago/).waitFor();
  assert.equal(await page.locator('.card-rate').first().textContent(), '–');

  await server.start();
  await waitForState(page, 'live');
  await page.getByText('socklens was restarted').waitFor();
  await client.ask('after the restart');
  await logRow(page, 'after the restart').waitFor();
  assert.equal(await logRow(page, 'before the restart').count(), 1);
  assert.equal(await page.getByText('socklens was restarted').count(), 1);
  assert.deepEqual(complaints, []);
});

test('filter and open detail outlive a lost connection', async (t) => {
  const { server, page } = await serveDashboard(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask('kept');
  await client.ask('other');
  await page.getByRole('combobox', { name: 'Filter messages' }).fill('kept');
  await page.keyboard.press('Enter');
  await logRow(page, 'KEPT').locator('.cell-received').click();
  await page.getByRole('heading', { name: 'Message 1' }).waitFor();
  await server.stop();
  await waitForState(page, 'reconnecting');
  await server.start();
  await waitForState(page, 'live');
  await client.ask('other');
  await client.ask('kept again');
  await logRow(page, 'KEPT AGAIN').waitFor();
  assert.equal(await logRow(page, 'OTHER').count(), 0);
  await page.getByRole('dialog').waitFor();
});

test('a log that is kept in a file goes on across a restart', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'socklens-browser-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const { server, page } = await serveDashboard(t, {}, { store: path.join(folder, 'messages.db') });
  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask('before');
  await logRow(page, 'BEFORE').waitFor();
  await page.locator('.stat', { hasText: 'Stored' }).waitFor();
  await clientRow(page, client.address).waitFor();
  await server.stop();
  await waitForState(page, 'reconnecting');
  await server.start();
  await waitForState(page, 'live');
  await page.getByText('socklens was restarted').waitFor();
  // The page has the clients that the server has: none.
  await clientRow(page, client.address).waitFor({ state: 'detached' });
  await client.ask('after');
  await logRow(page, 'AFTER').waitFor();
  assert.equal(await logRow(page, 'BEFORE').count(), 1);
  await page.reload();
  await logRow(page, 'AFTER').waitFor();
  assert.equal(await logRow(page, 'BEFORE').count(), 1);
});

test('an open message stays what it was when another run gives its number to another', async (t) => {
  const { server, page } = await serveDashboard(t);
  const first = await udpClient(t, server.addresses.udpUpper);
  await first.ask('of the first run');
  await logRow(page, 'of the first run').locator('.cell-received').click();
  await page.waitForFunction(() => /run=[0-9a-f]{8}$/.test(location.hash));
  const link = page.url();
  await server.stop();
  await waitForState(page, 'reconnecting');
  await server.start();
  await waitForState(page, 'live');
  const second = await udpClient(t, server.addresses.udpUpper);
  await second.ask('of the second run');
  await logRow(page, 'of the second run').waitFor();
  const detail = page.getByRole('dialog', { name: 'Message 1' });
  await detail.getByText(/one of another run/).waitFor();
  assert.match(await detail.textContent(), /OF THE FIRST RUN/);
  assert.doesNotMatch(await detail.textContent(), /OF THE SECOND RUN/);

  const other = await page.context().newPage();
  await other.goto(link);
  await other
    .getByRole('dialog')
    .getByText(/one of another run/)
    .waitFor();
  assert.doesNotMatch(await other.getByRole('dialog').textContent(), /SECOND/);
  await other.close();
  await logRow(page, 'of the second run').locator('.cell-received').click();
  await detail.getByText('OF THE SECOND RUN').first().waitFor();
  await logRow(page, 'of the first run').locator('.cell-received').click();
  await detail.getByText('OF THE FIRST RUN').first().waitFor();
});
