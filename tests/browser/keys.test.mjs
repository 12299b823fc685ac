// The page's keys, from each place where the focus may stand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logRow, serveDashboard } from './support/dashboard.mjs';
import { udpClient } from './support/traffic.mjs';

const focused = (page) => page.evaluate(() => document.activeElement?.dataset.keys);
const pauseButton = (page) => page.getByRole('button', { name: 'Pause' });
const filterBar = (page) => page.getByRole('combobox', { name: 'Filter messages' });

async function pageWithMessage(t, options) {
  const { server, page } = await serveDashboard(t, options);
  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask('said');
  await logRow(page, 'SAID').waitFor();
  return page;
}

async function assertPauses(page, where) {
  for (const pressed of ['true', 'false']) {
    await page.keyboard.press('p');
    await page.locator(`[data-keys="pause"][aria-pressed="${pressed}"]`).waitFor();
  }
  assert.equal(await pauseButton(page).count(), 1, where);
}

test('Enter and Esc leave the filter, and the keys are the page’s again', async (t) => {
  const page = await pageWithMessage(t);
  await page.keyboard.press('/');
  await page.keyboard.type('said');
  await page.keyboard.press('Enter');
  await page.waitForURL(/text=said/);
  assert.equal(await focused(page), 'log');
  await assertPauses(page, 'after Enter');
  await page.keyboard.press('/');
  await page.keyboard.press('Escape');
  assert.notEqual(await focused(page), 'filter');
  await assertPauses(page, 'after Esc');
  assert.equal(await filterBar(page).inputValue(), 'said');
});

test('Enter stays in a filter that is wrong, and Esc leaves it', async (t) => {
  const page = await pageWithMessage(t);
  await page.keyboard.press('/');
  await page.keyboard.type('nonsense:1');
  await page.keyboard.press('Enter');
  assert.equal(await focused(page), 'filter');
  await page.keyboard.press('Escape');
  await assertPauses(page, 'after Esc');
});

test('Esc leaves a field before it closes the open message', async (t) => {
  const page = await pageWithMessage(t);
  await logRow(page, 'SAID').locator('.cell-time').click();
  const heading = page.getByRole('heading', { name: /^Message \d/ });
  await heading.waitFor();
  await page.keyboard.press('/');
  await page.keyboard.press('Escape');
  await heading.waitFor();
  await assertPauses(page, 'beside an open message');
  await page.keyboard.press('Escape');
  await heading.waitFor({ state: 'detached' });
});

test('Esc leaves the send form', async (t) => {
  const page = await pageWithMessage(t);
  await page.keyboard.press('s');
  assert.equal(await focused(page), 'payload');
  await page.keyboard.press('Escape');
  await assertPauses(page, 'after the send form');
});

for (const from of ['l', 'c', 'g'])
  test(`d, then Esc, leads back to where ${from} led`, async (t) => {
    const page = await pageWithMessage(t);
    await logRow(page, 'SAID').locator('.cell-time').click();
    await page.getByRole('heading', { name: /^Message \d/ }).waitFor();
    await page.keyboard.press(from);
    const before = await focused(page);
    await page.keyboard.press('d');
    assert.equal(await focused(page), 'detail');
    await page.keyboard.press('Escape');
    await page.locator('.detail').waitFor({ state: 'detached' });
    assert.equal(await focused(page), before);
  });

test('closing a message that a link opened leads to the log', async (t) => {
  const page = await pageWithMessage(t);
  await page.goto(`${page.url().split('#')[0]}#show=message:1`);
  await page.getByRole('heading', { name: 'Message 1' }).waitFor();
  await page.getByRole('button', { name: /^Close/ }).click();
  await page.locator('.detail').waitFor({ state: 'detached' });
  assert.equal(await focused(page), 'log');
});

test('the title says what is open, the filter, and that the log stands still', async (t) => {
  const page = await pageWithMessage(t);
  const { host } = new URL(page.url());
  const titled = (title) => page.waitForFunction((wanted) => document.title === wanted, title);
  await titled(`socklens ${host}`);
  await page.keyboard.press('/');
  await page.keyboard.type('said');
  await page.keyboard.press('Enter');
  await titled(`said · socklens ${host}`);
  await logRow(page, 'SAID').waitFor();
  await page.keyboard.press('p');
  await titled(`said · paused · socklens ${host}`);
  await logRow(page, 'SAID').locator('.cell-time').click();
  await titled(`Message 1 · said · paused · socklens ${host}`);
  await page.goto(`${page.url().split('#')[0]}#view=api`);
  await titled(`API · socklens ${host}`);
});
