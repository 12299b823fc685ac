import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { clientRow, logRow, serveDashboard } from './support/dashboard.mjs';

test('the form sends to a listener and shows the reply with its round trip', async (t) => {
  const { page } = await serveDashboard(t);
  await page.getByLabel('Payload', { exact: true }).fill('from the form');
  await page.getByRole('button', { name: /^Send/ }).click();
  const result = page.locator('.result');
  await result.getByText('FROM THE FORM', { exact: true }).waitFor();
  assert.match(await result.locator('.result-rtt').textContent(), /\d (µs|ms)$/);
  await logRow(page, 'FROM THE FORM').waitFor();
});

test('hex is sent as the bytes it names, and shown with what cannot be seen escaped', async (t) => {
  const { page } = await serveDashboard(t);
  await page.getByRole('radio', { name: 'Hex' }).check();
  await page.getByLabel('Payload', { exact: true }).fill('61 00 ff 0a');
  await page.keyboard.press('Control+Enter');
  const reply = page.locator('.result .payload').nth(1);
  await reply.waitFor();
  assert.equal(await reply.textContent(), 'A\\0\\xff\\n');
});

test('an error stands at the field it is about and goes with the next success', async (t) => {
  const { page } = await serveDashboard(t);
  const timeout = page.getByLabel('Timeout, ms');
  await timeout.fill('-5');
  const send = page.getByRole('button', { name: /^Send/ });
  await send.click();
  await page.locator('.field[data-invalid="true"]', { hasText: 'Timeout' }).waitFor();
  assert.equal(await timeout.getAttribute('aria-invalid'), 'true');
  await timeout.fill('1000');
  await send.click();
  await page.locator('.result').waitFor();
  assert.equal(await timeout.getAttribute('aria-invalid'), 'false');
});

test('an address that is none is refused at its field', async (t) => {
  const { page } = await serveDashboard(t);
  await page.getByLabel('To', { exact: true }).selectOption({ label: 'Another address…' });
  await page.getByLabel('Address', { exact: true }).fill('nonsense');
  await page.getByRole('button', { name: /^Send/ }).click();
  await page.locator('.field[data-invalid="true"]', { hasText: 'Address' }).waitFor();
});

test('escapes in text become bytes, and what is no escape is said while typing', async (t) => {
  const { page } = await serveDashboard(t);
  const payload = page.getByLabel('Payload', { exact: true });
  await payload.fill('a\\q');
  await page.locator('.field[data-invalid="true"]', { hasText: '\\q is no escape' }).waitFor();
  await payload.fill('a\\0\\xff\\n');
  await page.getByRole('button', { name: /^Send/ }).click();
  const reply = page.locator('.result .payload').nth(1);
  await reply.waitFor();
  assert.equal(await reply.textContent(), 'A\\0\\xff\\n');
});

test('a run counts its losses and sums up its round trips; each reply leads to the log', async (t) => {
  const { page } = await serveDashboard(t);
  let asked = 0;
  await page.route('**/api/v1/datagrams', async (route) => {
    asked += 1;
    const response = await route.fetch();
    if (asked !== 2) return route.fulfill({ response });
    const json = { ...(await response.json()), reply: null, rtt_us: null, timed_out: true };
    return route.fulfill({ response, json });
  });
  await page.getByLabel('Payload', { exact: true }).fill('run');
  await page.getByLabel('Count').fill('4');
  await page.getByLabel('Interval, ms').fill('5');
  await page.getByRole('button', { name: /^Send/ }).click();
  await page.locator('.run', { hasText: '4 of 4' }).waitFor();
  assert.match(await page.locator('.run').textContent(), /Lost1Every\d.*min\d.*median\d.*p99\d/);
  assert.equal(await page.locator('.result[data-lost="true"]').count(), 1);
  await page.locator('.result', { hasText: 'nothing came within 1000 ms' }).waitFor();
  await page.locator('.result').first().getByRole('button', { name: 'in the log' }).click();
  await page.getByRole('heading', { name: 'Message 4' }).waitFor();
});

test('a run can be stopped', async (t) => {
  const { page } = await serveDashboard(t);
  await page.getByLabel('Count').fill('1000');
  await page.getByRole('button', { name: /^Send/ }).click();
  await page.locator('.result').nth(1).waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('button', { name: /^Send/ }).waitFor();
  assert.doesNotMatch(await page.locator('.run').textContent(), /1,000 of/);
});

const pageHeight = (page) => page.evaluate(() => document.documentElement.scrollHeight);

test('a run is one client, and can be stopped beside an open message', async (t) => {
  const { page } = await serveDashboard(t);
  await page.setViewportSize({ width: 1280, height: 720 });
  const payload = page.getByLabel('Payload', { exact: true });
  if (!(await payload.isVisible())) await page.getByRole('button', { name: 'Send…' }).click();
  await payload.fill('one flow');
  const before = await pageHeight(page);
  await page.getByLabel('Count').fill('200');
  await page.getByLabel('Interval, ms').fill('0');
  await page.getByRole('button', { name: /^Send Ctrl/ }).click();
  await page.locator('.run', { hasText: '200 of 200' }).waitFor({ timeout: 240_000 });
  await page.waitForFunction(() => document.querySelector('.results').clientHeight >= 90);
  // The list scrolls by itself, however long the run.
  const grown = (await pageHeight(page)) - before;
  assert.ok(grown < 250, `the page grew by ${grown} px`);
  const clients = await (
    await page.request.get(new URL('/api/v1/clients', page.url()).href)
  ).json();
  assert.equal(clients.items.length, 1);
  assert.equal(clients.items[0].received.messages, 200);
  assert.equal(clients.items[0].test, true);
  const mark = clientRow(page, clients.items[0].address).locator('.test-mark');
  assert.match((await mark.getAttribute('title')) ?? '', /own test datagrams/);

  await page.getByLabel('Count').fill('10000');
  await page.getByLabel('Interval, ms').fill('50');
  await page.getByRole('button', { name: /^Send Ctrl/ }).click();
  await page.locator('.result').first().getByRole('button', { name: 'in the log' }).click();
  const stop = page.getByRole('button', { name: 'Stop sending' });
  await stop.waitFor();
  const box = await stop.boundingBox();
  assert.ok(box && box.y >= 0 && box.y + box.height <= 720);
  await stop.click();
  await stop.waitFor({ state: 'hidden' });
});

test('to another target a run sends all it promised, above, at and below the limit', async (t) => {
  const target = createSocket('udp4').bind(0, '127.0.0.1');
  t.after(() => target.close());
  await once(target, 'listening');
  const seen = [];
  target.on('message', (bytes, { port, address }) => {
    seen.push(port);
    target.send(bytes, port, address);
  });
  const { port } = target.address();
  const flags = ['--allow-target', `127.0.0.1/32:${port}`];
  const { page } = await serveDashboard(t, {}, { flags });
  await page.getByLabel('To', { exact: true }).selectOption({ label: 'Another address…' });
  await page.getByLabel('Address', { exact: true }).fill(`127.0.0.1:${port}`);
  const paced = page.getByText(/^Slowed down by socklens: too many .*10 a second/);
  // Where the machine is slow the limit is not reached: once the server is said to have refused one.
  let asked = 0;
  await page.route('**/api/v1/datagrams', (route) => {
    asked += 1;
    if (asked !== 3) return route.continue();
    const problem = { detail: 'too many test datagrams', param: 'to', allowed: '10 a second' };
    const headers = { 'Retry-After': '1' };
    return route.fulfill({ status: 429, headers, json: problem });
  });
  // Ten at once are allowed, and then ten a second.
  for (const [interval, count] of [
    [0, 35],
    [100, 15],
    [300, 5],
  ]) {
    const before = seen.length;
    await page.getByLabel('Count').fill(String(count));
    await page.getByLabel('Interval, ms').fill(String(interval));
    await page.getByRole('button', { name: /^Send Ctrl/ }).click();
    await page.locator('.run', { hasText: `${count} of ${count}` }).waitFor({ timeout: 120_000 });
    if (interval === 0) await paced.waitFor();
    const ports = seen.slice(before);
    assert.equal(ports.length, count);
    assert.equal(new Set(ports).size, 1);
    const every = await page
      .locator('.run > div', { hasText: 'Every' })
      .locator('dd')
      .textContent();
    if (interval === 300) assert.ok(Number.parseFloat(every) >= 299 || / s$/.test(every), every);
    await page.getByRole('button', { name: /^Send Ctrl/ }).waitFor();
  }
  assert.equal(await page.locator('.send-problem').count(), 0);
});

test('a port that is taken is an error at the source port', async (t) => {
  const { server, page } = await serveDashboard(t);
  await page.getByLabel('Source port').fill(String(server.addresses.udpUpper.port));
  await page.getByRole('button', { name: /^Send/ }).click();
  await page.locator('.field[data-invalid="true"]', { hasText: 'Source port' }).waitFor();
});

test('a packet that was given a name is there after a reload, as is what was sent', async (t) => {
  const { page } = await serveDashboard(t);
  const payload = page.getByLabel('Payload', { exact: true });
  await payload.fill('keep me');
  await page.getByRole('button', { name: 'Save as…' }).click();
  await page.getByLabel('Name of the packet').fill('my packet');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await payload.fill('sent once');
  await page.getByRole('button', { name: /^Send/ }).click();
  await page.locator('.result').waitFor();
  await page.reload();
  const saved = page.getByLabel('Load a packet');
  await saved.selectOption({ label: 'my packet' });
  assert.equal(await payload.inputValue(), 'keep me');
  await saved.selectOption({ label: 'sent once → udp-upper' });
  assert.equal(await payload.inputValue(), 'sent once');
});

test('an error, however long, does not move the button', async (t) => {
  const { server, page } = await serveDashboard(t);
  const send = page.getByRole('button', { name: 'Send Ctrl' });
  await page.locator('.card').first().waitFor();
  const place = async () => (await send.boundingBox())?.y;
  const before = await place();
  const invalid = (label) => page.locator('.field[data-invalid="true"]', { hasText: label });
  await page.getByLabel('Payload', { exact: true }).fill('a\\q');
  await invalid('Payload').waitFor();
  assert.equal(await place(), before);
  await page.getByLabel('Payload', { exact: true }).fill('a');
  await page.getByLabel('Count').fill('no number');
  await invalid('Count').waitFor();
  assert.equal(await place(), before);
  await page.getByLabel('Count').fill('1');
  await page.getByLabel('Source port').fill(String(server.addresses.udpUpper.port));
  await send.click();
  await invalid('Source port').waitFor();
  const described = await page.getByLabel('Source port').getAttribute('aria-describedby');
  const said = await page.locator(`[id="${described}"]`).textContent();
  assert.match(said ?? '', /^Source port: /);
  assert.equal(await place(), before);
});

test('in projector mode one sends as well, and the log stays in view', async (t) => {
  const { page } = await serveDashboard(t);
  const form = page.locator('.send-panel');
  await page.getByText('following the newest').waitFor();
  await page.keyboard.press('b');
  await form.waitFor({ state: 'hidden' });
  await page.getByText('following the newest').waitFor();
  await page.keyboard.press('s');
  await page.waitForFunction(() => document.activeElement?.dataset.keys === 'payload');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('from the back row');
  await page.keyboard.press('Control+Enter');
  await logRow(page, 'FROM THE BACK ROW').waitFor();
  await page.keyboard.press('Escape');
  await form.waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Send…' }).click();
  await form.waitFor();
});
