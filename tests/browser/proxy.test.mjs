import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { test } from 'node:test';
import { certificate } from './support/certificate.mjs';
import {
  launchBrowser,
  logRow,
  openDashboard,
  startServer,
  waitForState,
} from './support/dashboard.mjs';
import { startProxy } from './support/proxy.mjs';
import { tcpClient, udpClient } from './support/traffic.mjs';

const UNDER = '/lab/socklens/';

async function send(page, text) {
  await page.getByLabel('Payload', { exact: true }).fill(text);
  await page.getByRole('button', { name: /^Send/ }).click();
}

async function sends(page, text) {
  await send(page, text);
  await page.locator('.result').getByText(text.toUpperCase(), { exact: true }).waitFor();
  await logRow(page, text.toUpperCase()).waitFor();
}

/** Chromium itself downloads nothing under a certificate that it does not know: then the page asks. */
async function downloads(page, link) {
  if (page.url().startsWith('https:'))
    return page.evaluate(
      async (url) => (await fetch(url)).text(),
      await link.evaluate(({ href }) => href),
    );
  const download = page.waitForEvent('download');
  await link.click();
  return (await (await (await download).createReadStream()).toArray()).join('');
}

/** All that the page does, through a proxy under a path that puts the server's own address into Host. */
async function useAll(t, server, proxy, look) {
  const { page, complaints } = await openDashboard(t, proxy, look);
  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask('straight');
  await logRow(page, 'STRAIGHT').waitFor();
  await sends(page, 'through the proxy');

  await page.getByText('Export…').click();
  const lines = await downloads(page, page.getByRole('link', { name: 'NDJSON' }));
  assert.match(lines, /through the proxy/);
  await page.keyboard.press('Escape');
  await logRow(page, 'STRAIGHT').locator('.cell-received').click();
  assert.equal(
    await downloads(page, page.getByRole('link', { name: 'Download what was sent' })),
    'STRAIGHT',
  );

  await page.goto(`${proxy.url}#view=api`);
  await page.getByRole('heading', { name: 'The API', exact: true }).waitFor();
  const commands = await page.locator('.api-curl code').allTextContents();
  assert.ok(commands.length > 0);
  for (const command of commands) assert.ok(command.includes(proxy.url), command);
  const asked = await page.evaluate(() =>
    performance.getEntriesByType('resource').map(({ name }) => name),
  );
  for (const url of asked) assert.ok(url.startsWith(proxy.url), url);
  assert.deepEqual(complaints, []);
  return page;
}

test('the whole page works under a path of a proxy, whatever that puts into Host', async (t) => {
  const server = await startServer(t);
  await useAll(t, server, await startProxy(t, server, { path: UNDER }));
});

test('the whole page works through a proxy that speaks TLS', async (t) => {
  const server = await startServer(t);
  const files = await certificate(t);
  const [cert, key] = await Promise.all([readFile(files.cert), readFile(files.key)]);
  const proxy = await startProxy(t, server, { path: UNDER, cert, key });
  await useAll(t, server, proxy, { ignoreHTTPSErrors: true });
});

test('a client is disconnected through the proxy', async (t) => {
  const server = await startServer(t);
  const proxy = await startProxy(t, server, { path: UNDER });
  const { page } = await openDashboard(t, proxy);
  const client = await tcpClient(t, server.addresses.tcpChat);
  await client.ask('Hi');
  const { id } = (await (await fetch(`${server.url}api/v1/clients?service=tcp-chat`)).json())
    .items[0];
  const status = await page.evaluate(
    async (path) => (await fetch(path, { method: 'DELETE' })).status,
    `api/v1/clients/${id}`,
  );
  assert.equal(status, 204);
});

/** A name that is not localhost, over plain HTTP: of such a page the browser sends Origin alone. */
async function openAs(t, url) {
  const browser = await launchBrowser(['--host-resolver-rules=MAP lab.test 127.0.0.1']);
  t.after(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(20_000);
  await page.goto(url);
  await waitForState(page, 'live');
  return page;
}

test('over plain HTTP a refusal names the option that helps, and the option helps', async (t) => {
  const without = await startServer(t);
  const proxy = await startProxy(t, without, { path: UNDER, name: 'lab.test' });
  const origin = new URL(proxy.url).origin;
  const page = await openAs(t, proxy.url);
  await send(page, 'refused');
  await page.getByText(`--allow-origin ${origin}`).waitFor();

  // The proxy's port is known only now, so the server that takes it comes in its place.
  const server = await startServer(t, { flags: ['--allow-origin', origin] });
  without.addresses.http = server.addresses.http;
  await sends(await openAs(t, proxy.url), 'allowed');
});

test('over plain HTTP no option is needed where the proxy passes Host on', async (t) => {
  const server = await startServer(t, { flags: ['--allow-host', 'lab.test'] });
  const proxy = await startProxy(t, server, { passHost: true, name: 'lab.test' });
  await sends(await openAs(t, proxy.url), 'passed on');
});

test('a page of another port is refused, though the proxy hides by which name it asks', async (t) => {
  const server = await startServer(t);
  const proxy = await startProxy(t, server);
  const other = http.createServer((_, answer) =>
    answer.setHeader('Content-Type', 'text/html').end('<!doctype html><title>other</title>'),
  );
  t.after(() => {
    other.closeAllConnections();
    other.close();
  });
  await once(other.listen(0, '127.0.0.1'), 'listening');
  const browser = await launchBrowser();
  t.after(() => browser.close());
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${other.address().port}/`);
  await page.evaluate(async (url) => {
    const body = JSON.stringify({ listener: 'udp-upper', text: 'smuggled' });
    // It cannot even see the answer.
    await fetch(url, { method: 'POST', mode: 'no-cors', body }).catch(() => null);
  }, `${proxy.url}api/v1/datagrams`);
  const metrics = await (await fetch(`${server.url}metrics`)).text();
  assert.match(
    metrics,
    /requests_total\{method="POST",route="\/api\/v1\/datagrams",status="403"\} 1/,
  );
  const { items } = await (await fetch(`${server.url}api/v1/messages`)).json();
  assert.deepEqual(items, []);
});
