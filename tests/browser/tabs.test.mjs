import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import {
  launchBrowser,
  logRow,
  serveDashboard,
  startServer,
  waitForState,
} from './support/dashboard.mjs';
import { udpClient } from './support/traffic.mjs';

async function streams(server) {
  const { http } = await (await fetch(`${server.url}api/v1/status`)).json();
  return http.streams;
}

/** The server notices a closed connection when it next writes to it. */
async function streamsBecome(server, count) {
  for (let tries = 0; (await streams(server)) !== count; tries += 1) {
    assert.ok(tries < 50, `${await streams(server)} streams`);
    await pause(100);
  }
}

async function anotherTab(page, server) {
  const tab = await page.context().newPage();
  await tab.goto(server.url);
  await waitForState(tab, 'live');
  return tab;
}

test('several tabs share one stream, and the others go on when its tab is closed', async (t) => {
  const { server, page } = await serveDashboard(t);
  const tabs = [await anotherTab(page, server), await anotherTab(page, server)];
  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask('to all');
  for (const tab of [page, ...tabs]) await logRow(tab, 'to all').waitFor();
  assert.equal(await streams(server), 1);

  await page.close();
  for (let n = 0; n < 20; n += 1) await client.ask(`after ${n}.`);
  for (const tab of tabs) {
    await logRow(tab, 'after 19.').waitFor();
    assert.equal(await tab.locator('.log').getAttribute('aria-rowcount'), '22');
    assert.equal(await tab.locator('.row-gap').count(), 0);
  }
  await streamsBecome(server, 1);
});

const FILTERS = [
  'text=wanted',
  'service=udp-upper',
  'service=tcp-chat',
  'outcome=replied',
  'client=1',
  'min_size=1',
  'client=2',
  'text=not',
  'hex=77',
  'min_size=9',
  'text=a',
  '',
];

/** How long a request of the page takes, or more where it is not answered. */
const requestMs = (tab) =>
  tab.evaluate(async () => {
    const began = performance.now();
    const signal = AbortSignal.timeout(10_000);
    await fetch('api/v1/messages?limit=1', { cache: 'no-store', signal }).catch(() => {});
    return performance.now() - began;
  });

async function twelveTabs(t, context, server, address) {
  const tabs = [];
  for (const filter of FILTERS) {
    const tab = await context.newPage();
    tabs.push(tab);
    await tab.goto(`${address}#${filter}`);
    await waitForState(tab, 'live');
  }
  for (const tab of tabs) {
    const took = await requestMs(tab);
    t.diagnostic(`${took.toFixed(0)} ms`);
    assert.ok(took < 5000, 'a request finds a connection');
  }
  await streamsBecome(server, 1);

  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask('not this');
  await client.ask('wanted');
  for (const [n, tab] of tabs.entries()) {
    const { items } = await (await fetch(`${server.url}api/v1/messages?${FILTERS[n]}`)).json();
    const rows = tab.locator('.log .row[data-seq]');
    for (let tries = 0; (await rows.count()) !== items.length; tries += 1) {
      assert.ok(tries < 100, `${FILTERS[n]}: ${await rows.count()} of ${items.length} rows`);
      await pause(100);
    }
  }
  return tabs;
}

test('twelve tabs with twelve filters share one stream, and each has what the API has', async (t) => {
  const { server, page } = await serveDashboard(t);
  await twelveTabs(t, page.context(), server, server.url);
});

test('tabs of an insecure origin share one stream, which outlives its tab', async (t) => {
  const server = await startServer(t, { flags: ['--allow-host', 'lab.test'] });
  const browser = await launchBrowser(['--host-resolver-rules=MAP lab.test 127.0.0.1']);
  t.after(() => browser.close());
  const context = await browser.newContext();
  const address = `http://lab.test:${server.addresses.http.port}/`;
  const tabs = await twelveTabs(t, context, server, address);
  assert.equal(await tabs[0].evaluate(() => isSecureContext), false);
  const client = await udpClient(t, server.addresses.udpUpper);
  for (const tab of tabs.slice(0, 3)) {
    await tab.close({ runBeforeUnload: false });
    await client.ask(`after ${tabs.indexOf(tab)}`);
    await logRow(tabs.at(-1), `AFTER ${tabs.indexOf(tab)}`).waitFor();
  }
  await streamsBecome(server, 1);
});

test('a reader that sleeps is followed by another tab, and nothing is lost', async (t) => {
  const { server, page } = await serveDashboard(t);
  const tab = await anotherTab(page, server);
  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask('before');
  await logRow(tab, 'BEFORE').waitFor();
  const asleep = page.evaluate(() => {
    for (const end = Date.now() + 12_000; Date.now() < end; );
  });
  for (let n = 0; n < 20; n += 1) await client.ask(`while it sleeps ${n}.`);
  await logRow(tab, 'WHILE IT SLEEPS 19.').waitFor();
  assert.equal(await tab.locator('.log').getAttribute('aria-rowcount'), '22');
  await asleep;
  await logRow(page, 'WHILE IT SLEEPS 19.').waitFor();
  await streamsBecome(server, 1);
});

test('the page says that requests wait where all connections of the browser are taken', async (t) => {
  const { server, page } = await serveDashboard(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask('before');
  await logRow(page, 'BEFORE').waitFor();
  await page.evaluate(() => {
    window.taken = new AbortController();
    for (let i = 0; i < 6; i += 1)
      fetch(`api/v1/export?format=ndjson&follow=1&after=${i}`, {
        signal: window.taken.signal,
      }).catch(() => {});
  });
  await page.getByRole('combobox', { name: 'Filter messages' }).fill('before');
  await page.keyboard.press('Enter');
  const short = page.locator('.stream-short');
  await short.waitFor();
  assert.match((await short.getAttribute('title')) ?? '', /six connections/);
  await page.evaluate(() => window.taken.abort());
  await short.waitFor({ state: 'detached' });
  await logRow(page, 'BEFORE').waitFor();
});
