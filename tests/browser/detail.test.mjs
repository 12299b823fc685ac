import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import {
  clientRow,
  logRow,
  openDashboard,
  serveDashboard,
  startServer,
} from './support/dashboard.mjs';
import { tcpClient, udpClient } from './support/traffic.mjs';

const BINARY = Buffer.from([0x61, 0x00, 0xff, 0x0a, 0x27, 0x25]);

async function pageWithMessage(t, bytes, options) {
  const { server, page, complaints } = await serveDashboard(t, options);
  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask(bytes);
  const row = page.locator('.log .row[data-seq]').last();
  await row.locator('.cell-received').click();
  const detail = page.getByRole('dialog');
  await detail.locator('.sides').waitFor();
  return { server, page, complaints, client, detail };
}

test('a message is shown side by side, as text, hex and escaped, differences marked', async (t) => {
  const { page, detail, complaints } = await pageWithMessage(t, BINARY);
  const [received, sent] = [
    detail.getByRole('region', { name: 'Received' }),
    detail.getByRole('region', { name: 'Reply' }),
  ];
  assert.equal(await received.locator('.side-body').textContent(), "a\\0\\xff\\n\n'%");
  assert.equal(await sent.locator('.marked').textContent(), 'A');
  await page.getByRole('radio', { name: 'Hex', exact: true }).first().check();
  assert.match(await received.locator('.hex').textContent(), /^000061 00 ff 0a/);
  await page.getByRole('radio', { name: 'Escaped' }).check();
  assert.equal(await received.locator('.side-body').textContent(), "a\\x00\\xff\\n'%");
  await page.getByLabel('Mark differences').uncheck();
  assert.equal(await detail.locator('.marked').count(), 0);
  assert.deepEqual(complaints, []);
});

test('its bytes can be copied, downloaded, and sent again by a snippet and by the form', async (t) => {
  const { server, page, detail } = await pageWithMessage(t, BINARY);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await detail.getByRole('button', { name: 'Copy hex of what was received' }).click();
  await detail.getByText('Copied').waitFor();
  assert.equal(await clipboard(), '61 00 ff 0a 27 25');

  const download = page.waitForEvent('download');
  await detail.getByRole('link', { name: 'Download what was sent' }).click();
  const sent = await readFile(await (await download).path());
  assert.deepEqual([...sent], [0x41, ...BINARY.subarray(1)]);

  await detail.getByRole('radio', { name: 'Python' }).check();
  await detail.getByRole('button', { name: 'Copy the python snippet' }).click();
  const printed = execFileSync('python3', ['-c', await clipboard()]).toString();
  assert.equal(printed.trim(), `b"A\\x00\\xff\\n'%"`);

  await detail.getByRole('button', { name: 'Send again' }).click();
  await page.locator('.result').waitFor();
  const { listeners } = await (await fetch(`${server.url}api/v1/status`)).json();
  assert.equal(listeners.find((l) => l.service === 'udp-upper').received.messages, 3);
});

test('arrow keys go through the log with the detail following, Escape closes it', async (t) => {
  const { page, client } = await pageWithMessage(t, 'first');
  await client.ask('second');
  await logRow(page, 'SECOND').waitFor();
  await page.locator('.log').focus();
  await page.keyboard.press('ArrowDown');
  await page.getByRole('heading', { name: 'Message 2' }).waitFor();
  await page.keyboard.press('ArrowUp');
  await page.getByRole('heading', { name: 'Message 1' }).waitFor();
  assert.match(page.url(), /#show=message%3A1&run=[0-9a-f]{8}$/);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.doesNotMatch(page.url(), /show/);
  await page.goBack();
  await page.getByRole('heading', { name: 'Message 1' }).waitFor();
});

test('a client shows both addresses, TCP_INFO and its conversation', async (t) => {
  const { server, page } = await serveDashboard(t);
  const chat = await tcpClient(t, server.addresses.tcpChat);
  await chat.ask('Hi\n');
  await clientRow(page, chat.address).locator('.cell-client').click();
  const detail = page.getByRole('dialog');
  await detail.getByText('ESTABLISHED').waitFor();
  await detail.getByText(chat.address, { exact: true }).waitFor();
  await detail.getByText(server.addresses.tcpChat.text, { exact: true }).waitFor();
  await detail.locator('.bubble-out', { hasText: 'Your data was 2 bytes' }).waitFor();
  await chat.ask('once more\n');
  await detail.locator('.bubble-in', { hasText: 'once more' }).waitFor();
});

test('a client is disconnected only after it was confirmed', async (t) => {
  const { server, page } = await serveDashboard(t);
  const chat = await tcpClient(t, server.addresses.tcpChat);
  await chat.ask('Hi\n');
  await clientRow(page, chat.address).locator('.cell-client').click();
  const detail = page.getByRole('dialog');
  await detail.getByRole('button', { name: 'Disconnect…' }).click();
  await detail.getByRole('button', { name: 'Keep' }).click();
  assert.equal(await detail.getByText('open', { exact: true }).count(), 1);
  await detail.getByRole('button', { name: 'Disconnect…' }).click();
  await detail.getByRole('button', { name: 'Disconnect', exact: true }).click();
  await detail.getByText('disconnected by operator').waitFor();
});

test('the clients table can be ordered by any column', async (t) => {
  const { server, page } = await serveDashboard(t);
  const few = await udpClient(t, server.addresses.udpUpper);
  const many = await udpClient(t, server.addresses.udpUpper);
  for (let n = 0; n < 3; n += 1) await many.ask('x');
  await few.ask('x');
  await clientRow(page, few.address).waitFor();
  const top = page.locator('.clients .table-body .row').first();
  await page.getByRole('button', { name: 'Messages' }).click();
  await top.getByText(many.address).waitFor();
  await page.getByRole('button', { name: 'Messages' }).click();
  await top.getByText(few.address).waitFor();
});

test('bytes that wait for a line end are told of their client', async (t) => {
  const { server, page } = await serveDashboard(t, {}, { flags: ['--tcp-gap', '0'] });
  const chat = await tcpClient(t, server.addresses.tcpChat);
  await chat.ask('Hi\n');
  const answered = chat.ask('no line end').catch(() => {});
  const state = clientRow(page, chat.address).locator('.cell-state');
  await state.getByText('11 B wait').waitFor();
  assert.match(
    await state.locator('.state-waiting').getAttribute('title'),
    /^11 B wait for a line end since \d{4}-\d\d-\d\d \d\d:/,
  );
  await clientRow(page, chat.address).locator('.cell-client').click();
  await page
    .getByRole('dialog')
    .getByText(/^11 B wait for a line end/)
    .waitFor();
  await chat.ask('\n');
  await answered;
  await page.getByText(/wait for a line end/).waitFor({ state: 'detached' });
  await state.getByText('open', { exact: true }).waitFor();
});

/** A server with so many datagrams in its log, and the last of them, which says "the newest". */
async function serverWithLog(t, count, look) {
  const server = await startServer(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  for (let n = 1; n < count; n += 1) await client.ask(`early ${n % 2 ? 'odd' : 'even'}`);
  await client.ask('the newest');
  const { page, complaints } = await openDashboard(t, server, look);
  await logRow(page, 'the newest').waitFor();
  const visit = (hash) => page.goto(server.url + hash);
  return { server, client, page, complaints, visit };
}

/** Waits until the rows of these messages are in view, below the table's head. */
function waitForInView(page, numbers) {
  return page.waitForFunction((seqs) => {
    const log = document.querySelector('.log');
    const top = log.querySelector('.table-head').getBoundingClientRect().bottom;
    const { bottom } = log.getBoundingClientRect();
    return seqs.every((seq) => {
      const row = log.querySelector(`.row[data-seq="${seq}"]`)?.getBoundingClientRect();
      return row && row.top >= top && row.bottom <= bottom;
    });
  }, numbers);
}

const selectedRow = (page) => page.locator('.log .row[aria-selected="true"]');
const scrollTop = (page) => page.locator('.log').evaluate((log) => log.scrollTop);

test('a link to an old message shows it among its neighbours, and the end leads back', async (t) => {
  const { client, page, complaints, visit } = await serverWithLog(t, 1500);
  const panel = page.locator('.log-panel');
  await visit('#show=message:100');
  await waitForInView(page, [99, 100, 101]);
  await page.reload();
  await waitForInView(page, [99, 100, 101]);
  assert.equal(await selectedRow(page).getAttribute('data-seq'), '100');
  await panel.getByText('not at the newest').waitFor();

  await client.ask('what comes meanwhile');
  await page.getByRole('button', { name: /^1 new/ }).click();
  await logRow(page, 'what comes meanwhile').waitFor();
  await panel.getByText('following the newest').waitFor();
  await client.ask('what comes then');
  await logRow(page, 'what comes then').waitFor();
  assert.deepEqual(complaints, []);
});

test('on a screen that shows more rows than there are behind it, it stays in view', async (t) => {
  const viewport = { width: 2160, height: 3840 };
  const { client, page, visit } = await serverWithLog(t, 1500, { viewport });
  await visit('#show=message:700');
  await waitForInView(page, [699, 700, 701]);
  await client.ask('what comes meanwhile');
  await page.getByRole('button', { name: /^1 new/ }).waitFor();
  await waitForInView(page, [699, 700, 701]);
});

test('an old message scrolls into view where a link leads to it, not under the pointer', async (t) => {
  const { client, page, visit } = await serverWithLog(t, 150);
  await visit('#show=message:60');
  await waitForInView(page, [59, 60, 61]);
  const before = await scrollTop(page);
  await page.locator('.log .row[data-seq="61"] .cell-time').click();
  await page.getByRole('heading', { name: 'Message 61' }).waitFor();
  assert.equal(await scrollTop(page), before);
  await page.keyboard.press('ArrowDown');
  await client.ask('kept below');
  await page.getByRole('button', { name: /^1 new/ }).waitFor();
  assert.equal(await scrollTop(page), before);
});

test('a link with a filter leads to where a message would be that the filter leaves out', async (t) => {
  const { page, visit } = await serverWithLog(t, 1500);
  await visit('#text=even&show=message:101');
  await page.getByRole('heading', { name: 'Message 101' }).waitFor();
  await waitForInView(page, [100, 102]);
  assert.equal(await selectedRow(page).count(), 0);
  await visit('#text=odd&show=message:101');
  await waitForInView(page, [99, 101, 103]);
});

test('a link to a message that is not there leaves the log at the newest', async (t) => {
  const { client, page, visit } = await serverWithLog(t, 300);
  await visit('#show=message:5&run=0123abcd');
  await page.locator('.detail-note', { hasText: 'another run' }).waitFor();
  await client.ask('still live');
  await logRow(page, 'still live').waitFor();
  await page.locator('.log-panel').getByText('following the newest').waitFor();
});
