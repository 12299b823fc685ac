import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { logRow, openPage, startServer, waitForState } from './support/dashboard.mjs';
import { TOKEN, tokenFlags } from './support/token.mjs';
import { udpClient } from './support/traffic.mjs';

const tokenField = (page) => page.getByLabel('socklens asks for its token');

async function give(page, token) {
  await tokenField(page).fill(token);
  await page.keyboard.press('Enter');
}

async function openWithToken(t) {
  const { file, flags } = await tokenFlags(t);
  const server = await startServer(t, { flags });
  const { page } = await openPage(t, server);
  await give(page, TOKEN);
  await waitForState(page, 'live');
  return { server, page, file };
}

/** Where the log stands once it no longer scrolls. */
async function restingTop(page) {
  const read = () => page.locator('.log').evaluate((table) => table.scrollTop);
  let top = await read();
  for (let before = -1; before !== top; ) {
    before = top;
    await page.waitForTimeout(100);
    top = await read();
  }
  return top;
}

test('a server with a token is asked for it once, downloads included', async (t) => {
  const server = await startServer(t, await tokenFlags(t));
  const { page } = await openPage(t, server);
  await give(page, 'not this one, certainly');
  await page.getByText('socklens does not know this token').waitFor();
  await give(page, TOKEN);
  await waitForState(page, 'live');
  await tokenField(page).waitFor({ state: 'detached' });

  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask('guarded');
  await logRow(page, 'GUARDED').locator('.cell-received').click();
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download what was sent' }).click();
  assert.equal((await download).suggestedFilename(), 'message-1-sent.bin');
  await page.reload();
  await waitForState(page, 'live');
});

test('a token that is renewed under the page is asked for, and the page stays as it is', async (t) => {
  const { server, page, file } = await openWithToken(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  for (let n = 1; n <= 60; n += 1) await client.ask(`before ${n}.`);
  await page.getByRole('combobox', { name: 'Filter messages' }).fill('before');
  await page.keyboard.press('Enter');
  await logRow(page, 'before 60.').waitFor();
  await page.locator('.log').hover();
  await page.mouse.wheel(0, -600);
  await page.locator('.log-resume').waitFor();
  const top = await restingTop(page);

  const renewed = `${TOKEN}-renewed`;
  await writeFile(file, renewed, { mode: 0o600 });
  server.signal('SIGHUP');
  // The next request that is refused makes the page ask, whichever that is.
  const again = page.getByRole('button', { name: 'Send Ctrl' });
  while (!(await tokenField(page).isVisible())) {
    await again.click({ timeout: 500 }).catch(() => {});
    await page.waitForTimeout(100);
  }
  await give(page, renewed);
  await tokenField(page).waitFor({ state: 'detached' });
  await waitForState(page, 'live');
  assert.equal(await page.locator('.log').evaluate((table) => table.scrollTop), top);
  await client.ask('before and after');
  await page.locator('.log').focus();
  await page.keyboard.press('End');
  await logRow(page, 'before and after').waitFor();
});

test('a link brings the token once, and a new tab has it from the others', async (t) => {
  const server = await startServer(t, await tokenFlags(t));
  const { page } = await openPage(t, server);
  await page.getByText('--token-file').waitFor();
  const linked = await page.context().newPage();
  await linked.goto(`${server.url}#token=${TOKEN}&service=udp-upper`);
  await waitForState(linked, 'live');
  assert.equal(linked.url(), `${server.url}#service=udp-upper`);
  await tokenField(page).waitFor({ state: 'detached' });
  const tab = await page.context().newPage();
  await tab.goto(server.url);
  await waitForState(tab, 'live');
  await tokenField(tab).waitFor({ state: 'detached' });
});
