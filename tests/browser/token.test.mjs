import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { logRow, openPage, startGateway, waitForState } from './support/dashboard.mjs';
import { udpClient } from './support/traffic.mjs';

const TOKEN = 'a token of more than 16 characters'.replaceAll(' ', '-');

test('a gateway with a token is asked for it once, downloads included', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'socklens-browser-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'token');
  await writeFile(file, TOKEN, { mode: 0o600 });
  const gateway = await startGateway(t, { flags: ['--token-file', file] });
  const { page } = await openPage(t, gateway);
  const field = page.getByLabel('This gateway asks for its token');
  await field.fill('not this one, certainly');
  await page.keyboard.press('Enter');
  await page.getByText('The gateway does not know this token').waitFor();
  await field.fill(TOKEN);
  await page.keyboard.press('Enter');
  await waitForState(page, 'live');

  const client = await udpClient(t, gateway.addresses.udpUpper);
  await client.ask('guarded');
  await logRow(page, 'GUARDED').locator('.cell-received').click();
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download what was sent' }).click();
  assert.equal((await download).suggestedFilename(), 'message-1-sent.bin');
});
