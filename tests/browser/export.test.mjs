import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logRow, openDashboard, serveDashboard, startServer } from './support/dashboard.mjs';
import { udpClient } from './support/traffic.mjs';

const hasExports = async (server) =>
  (await fetch(`${server.url}api/v1/export?format=ndjson`, { method: 'HEAD' })).ok;

async function canClear(server) {
  const answer = await fetch(`${server.url}api/v1/openapi.json`);
  return answer.ok && 'delete' in (await answer.json()).paths['/api/v1/messages'];
}

async function pageWithMessages(t) {
  const server = await startServer(t);
  if (!(await hasExports(server))) {
    t.skip('this server has no exports');
    return null;
  }
  const { page, complaints } = await openDashboard(t, server);
  const client = await udpClient(t, server.addresses.udpUpper);
  for (const text of ['one', 'two', 'twofold']) await client.ask(text);
  await logRow(page, 'twofold').waitFor();
  return { server, page, client, complaints };
}

test('without exports nothing offers them', async (t) => {
  const { server, page } = await serveDashboard(t);
  await logRow(page, 'never').waitFor({ state: 'detached' });
  await page.locator('.log-panel').waitFor();
  if (await hasExports(server)) await page.getByText('Export…').waitFor();
  else assert.equal(await page.getByText('Export…').count(), 0);
});

test('an export has the rows that the filter shows', async (t) => {
  const made = await pageWithMessages(t);
  if (!made) return;
  const { page } = made;
  await page.getByRole('combobox', { name: 'Filter messages' }).fill('two');
  await page.keyboard.press('Enter');
  await page.getByText('Export…').click();
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'NDJSON' }).click();
  const stream = await (await download).createReadStream();
  const lines = (await stream.toArray()).join('').trim().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).received.text),
    ['two', 'twofold'],
  );
});

test('the log is cleared only after it was confirmed', async (t) => {
  const made = await pageWithMessages(t);
  if (!made) return;
  const { server, page, client } = made;
  await page.getByText('Export…').click();
  if (!(await canClear(server))) {
    t.skip('this server does not clear its log');
    return;
  }
  await page.getByRole('button', { name: 'Clear the log…' }).click();
  await page.getByRole('button', { name: 'Keep' }).click();
  assert.equal(await logRow(page, 'twofold').count(), 1);
  await page.getByRole('button', { name: 'Clear the log…' }).click();
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await page.getByText('The log was cleared').waitFor();
  assert.equal(await logRow(page, 'twofold').count(), 0);
  await client.ask('afterwards');
  await logRow(page, 'afterwards').waitFor();
});
