// What the server recognises as a likely mistake stands on the row and in the open message.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { logRow, serveDashboard } from './support/dashboard.mjs';
import { udpClient } from './support/traffic.mjs';

const MISTAKES = [
  ['ends_in_nul', Buffer.from('nul\0'), /^Ends in a NUL byte/],
  ['utf16', Buffer.from('wide', 'utf16le'), /UTF-16/],
  ['byte_order_mark', Buffer.from('\ufeffmarked'), /byte order mark/],
  ['trailing_blank', Buffer.from('blank '), /blank or a tab/],
  ['lone_cr', Buffer.from('one\rtwo'), /carriage return without a line feed/],
  ['length_prefix', Buffer.from('\0\x05hello'), /number of bytes that follow/],
];

test('each hint is a mark on its row and a sentence in the open message', async (t) => {
  const { server, page, complaints } = await serveDashboard(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask('plain');
  const seqs = [];
  for (const [, bytes] of MISTAKES) {
    await client.ask(bytes);
    const { items } = await (await fetch(`${server.url}api/v1/messages?limit=1`)).json();
    seqs.push(items[0].seq);
  }
  for (const [n, [name, , sentence]] of MISTAKES.entries()) {
    const row = page.locator(`.log .row[data-seq="${seqs[n]}"]`);
    const mark = row.getByRole('img', { name: /^Hint: / });
    assert.match(await mark.getAttribute('title'), sentence, name);
    await row.locator('.cell-time').click();
    await page.getByRole('list', { name: 'Hints' }).getByText(sentence).waitFor();
  }
  assert.equal(await logRow(page, 'PLAIN').locator('.hint-mark').count(), 0);
  await logRow(page, 'PLAIN').locator('.cell-time').click();
  await page.getByRole('list', { name: 'Hints' }).waitFor({ state: 'detached' });
  assert.deepEqual(complaints, []);
});

test('every hint of the API has a sentence', async () => {
  const root = new URL('../../', import.meta.url);
  const api = JSON.parse(await readFile(new URL('src/api/openapi.json', root), 'utf8'));
  const known = MISTAKES.map(([name]) => name);
  assert.deepEqual(api.components.schemas.Hint.enum.toSorted(), known.toSorted());
});
