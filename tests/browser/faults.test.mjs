// What fault rules did to real datagrams, as the rows and the open message tell it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { serveDashboard } from './support/dashboard.mjs';
import { udpClient } from './support/traffic.mjs';

const MESSAGE = 'hello over udp';

async function asked(server, path, method = 'GET', body = undefined) {
  const answer = await fetch(`${server.url}api/v1/${path}`, {
    method,
    body: body && JSON.stringify(body),
    headers: body ? { 'Content-Type': 'application/json' } : {},
  });
  return answer.status === 204 ? null : answer.json();
}

const addRule = (server, rule, name) =>
  asked(server, 'faults', 'POST', { listener: 'udp-upper', rule, name });

const row = (page, seq) => page.locator(`.log .row[data-seq="${seq}"]`);

test('a lost reply is a chip on its row, and a sentence with a command that repeats it', async (t) => {
  const { server, page, complaints } = await serveDashboard(t);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const client = await udpClient(t, server.addresses.udpUpper);
  await addRule(server, 'loss 4/11 seed 7', 'kurose');
  for (let n = 0; n < 5; n += 1) await client.send(MESSAGE);
  const lost = row(page, 5);
  const chip = lost.locator('.cell-sent').getByRole('img', { name: /^Fault: The reply was made/ });
  assert.equal(await chip.textContent(), 'lost · kurose');
  assert.equal(await page.locator('.fault-chip').count(), 1);
  const struck = await lost
    .locator('.outcome')
    .evaluate((outcome) => getComputedStyle(outcome).textDecorationLine);
  assert.equal(struck, 'line-through');

  await lost.locator('.cell-time').click();
  const list = page.getByRole('list', { name: 'Fault rules' });
  await list
    .getByText(
      'The reply was made and thrown away by rule kurose (loss 4/11 seed 7). It was message 5 from 127.0.0.1; the draw 0.285 is below 0.364.',
    )
    .waitFor();
  await asked(server, 'faults?confirm=yes', 'DELETE');
  await list.getByRole('button', { name: /^Copy as curl/ }).click();
  await list.getByText('Copied').waitFor();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  execFileSync('bash', ['-c', command]);
  const { items } = await asked(server, 'faults');
  assert.deepEqual(
    items.map(({ name, rule }) => [name, rule]),
    [['kurose', 'loss 4/11 seed 7']],
  );
  await row(page, 4).locator('.cell-time').click();
  await list.waitFor({ state: 'detached' });
  assert.deepEqual(complaints, []);
});

const EFFECTS = [
  ['loss on received', 'received', 'lost · r', /before the service saw it/],
  ['truncate 8', 'sent', '✂ 8 B', /cut from 14 to 8 bytes/],
  ['corrupt seed 3', 'sent', '≠ 1 bit', /1 bit of the reply was flipped .*: byte \d+ from/],
  ['duplicate', 'sent', '2×', /sent 1 more time/],
  ['delay 27ms', 'sent', '+27 ms', /held for 27 ms/],
  ['rate 8kbit/s', 'sent', '+14 ms', /waited 14 ms/],
  ['reorder within 50ms', 'sent', '⇄', /its time was over/],
];

test('each effect has its chip on the side that it changed, and its sentence', async (t) => {
  const { server, page, complaints } = await serveDashboard(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  for (const [n, [rule, side, words, sentence]] of EFFECTS.entries()) {
    await addRule(server, rule, 'r');
    await client.send(MESSAGE);
    const chip = row(page, n + 1).locator(`.cell-${side} .fault-chip`);
    await chip.waitFor();
    assert.equal(await chip.textContent(), words, rule);
    await row(page, n + 1)
      .locator('.cell-time')
      .click();
    await page.getByRole('list', { name: 'Fault rules' }).getByText(sentence).waitFor();
    await asked(server, 'faults/r', 'DELETE');
  }
  assert.equal(await page.locator('.fault-chip').count(), EFFECTS.length);
  assert.deepEqual(complaints, []);
});
