import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { logRow, openDashboard, startGateway, waitForState } from './support/dashboard.mjs';
import { udpClient } from './support/traffic.mjs';

async function streams(gateway) {
  const { http } = await (await fetch(`${gateway.url}api/v1/status`)).json();
  return http.streams;
}

/** The gateway notices a closed connection when it next writes to it. */
async function streamsBecome(gateway, count) {
  for (let tries = 0; (await streams(gateway)) !== count; tries += 1) {
    assert.ok(tries < 50, `${await streams(gateway)} streams`);
    await pause(100);
  }
}

async function anotherTab(page, gateway) {
  const tab = await page.context().newPage();
  await tab.goto(gateway.url);
  await waitForState(tab, 'live');
  return tab;
}

test('several tabs share one stream, and the others go on when its tab is closed', async (t) => {
  const gateway = await startGateway(t);
  const { page } = await openDashboard(t, gateway);
  const tabs = [await anotherTab(page, gateway), await anotherTab(page, gateway)];
  const client = await udpClient(t, gateway.addresses.udpUpper);
  await client.ask('to all');
  for (const tab of [page, ...tabs]) await logRow(tab, 'to all').waitFor();
  assert.equal(await streams(gateway), 1);

  await page.close();
  for (let n = 0; n < 20; n += 1) await client.ask(`after ${n}.`);
  for (const tab of tabs) {
    await logRow(tab, 'after 19.').waitFor();
    assert.equal(await tab.locator('.log').getAttribute('aria-rowcount'), '22');
    assert.equal(await tab.locator('.row-gap').count(), 0);
  }
  await streamsBecome(gateway, 1);
});

test('a tab with a filter has a stream that is filtered', async (t) => {
  const gateway = await startGateway(t);
  const { page } = await openDashboard(t, gateway);
  const tab = await page.context().newPage();
  await tab.goto(`${gateway.url}#text=wanted`);
  await waitForState(tab, 'live');
  const client = await udpClient(t, gateway.addresses.udpUpper);
  await client.ask('not this');
  await client.ask('wanted');
  await logRow(tab, 'WANTED').waitFor();
  await logRow(page, 'NOT THIS').waitFor();
  assert.equal(await logRow(tab, 'NOT THIS').count(), 0);
});
