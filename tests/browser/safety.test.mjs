import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logRow, openDashboard, serveDashboard, startServer } from './support/dashboard.mjs';
import { tcpClient, udpClient } from './support/traffic.mjs';

const HOSTILE = [
  '<img src=x onerror="window.pwned=1">',
  '<script>window.pwned=1</script>',
  '"><svg onload=window.pwned=1>',
  "javascript:window.pwned=1//'",
  '</bdi></span><iframe srcdoc="<script>parent.pwned=1</script>">',
  '\u202e\u2066<b>reversed</b>',
];

test('hostile payloads are text and nothing else', async (t) => {
  const { server, page, complaints } = await serveDashboard(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  const elementsBefore = await page.locator('script, iframe, svg, img').count();
  for (const payload of HOSTILE) await client.ask(payload);
  for (const payload of HOSTILE.slice(0, -1)) {
    await logRow(page, payload).waitFor();
    assert.equal(await logRow(page, payload).locator('.cell-received').textContent(), payload);
  }
  await logRow(page, '\\u{202e}\\u{2066}<b>reversed</b>').waitFor();
  assert.equal(await page.evaluate(() => window.pwned), undefined);
  assert.equal(await page.locator('script, iframe, svg, img').count(), elementsBefore);
  assert.deepEqual(complaints, []);
});

const MOST_BYTES = 150_000;

test('all that the page consists of is small, and comes from the server alone', async (t) => {
  const { server, page, complaints } = await serveDashboard(t);
  await page.goto(`${server.url}#view=api`);
  await page.locator('.api-operation').first().waitFor();
  const files = await page.evaluate(() =>
    ['navigation', 'resource']
      .flatMap((type) => performance.getEntriesByType(type))
      .filter(({ name }) => !name.includes('/api/'))
      .map(({ name, encodedBodySize }) => [new URL(name).pathname, encodedBodySize]),
  );
  const bytes = files.reduce((sum, [, size]) => sum + size, 0);
  t.diagnostic(`${bytes} bytes gzipped: ${files.join(' ')}`);
  assert.ok(bytes > 1000 && bytes < MOST_BYTES, `${bytes} bytes`);
  assert.deepEqual(complaints, []);
});

test('the policy is strict and the page lives within it', async (t) => {
  const server = await startServer(t);
  const response = await fetch(server.url);
  const policy = response.headers.get('content-security-policy') ?? '';
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /require-trusted-types-for 'script'/);
  assert.doesNotMatch(policy, /unsafe|\*|https?:/);

  const { page, complaints } = await openDashboard(t, server);
  const chat = await tcpClient(t, server.addresses.tcpChat);
  await chat.ask('Hi');
  await logRow(page, 'Your data was 2 bytes').waitFor();
  await page.getByRole('button', { name: /^Send/ }).click();
  await page.locator('.result').waitFor();
  await page.getByRole('radio', { name: /^Closed/ }).check();
  assert.deepEqual(complaints, []);
});
