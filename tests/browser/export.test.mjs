import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logRow, openDashboard, startGateway } from './support/dashboard.mjs';
import { udpClient } from './support/traffic.mjs';

const hasExports = async (gateway) =>
  (await fetch(`${gateway.url}api/v1/export?format=ndjson`, { method: 'HEAD' })).ok;

async function canClear(gateway) {
  const answer = await fetch(`${gateway.url}api/v1/openapi.json`);
  return answer.ok && 'delete' in (await answer.json()).paths['/api/v1/messages'];
}

async function pageWithMessages(t) {
  const gateway = await startGateway(t);
  if (!(await hasExports(gateway))) {
    t.skip('this gateway has no exports');
    return null;
  }
  const { page, complaints } = await openDashboard(t, gateway);
  const client = await udpClient(t, gateway.addresses.udpUpper);
  for (const text of ['one', 'two', 'twofold']) await client.ask(text);
  await logRow(page, 'twofold').waitFor();
  return { gateway, page, client, complaints };
}

test('without exports nothing offers them', async (t) => {
  const gateway = await startGateway(t);
  const { page } = await openDashboard(t, gateway);
  await logRow(page, 'never').waitFor({ state: 'detached' });
  await page.locator('.log-panel').waitFor();
  if (await hasExports(gateway)) await page.getByText('Export…').waitFor();
  else assert.equal(await page.getByText('Export…').count(), 0);
});

test('what is exported is what the filter shows', async (t) => {
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
  const { gateway, page, client } = made;
  await page.getByText('Export…').click();
  if (!(await canClear(gateway))) {
    t.skip('this gateway does not clear its log');
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
