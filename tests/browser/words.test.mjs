// What the page's words mean: each has a definition, and each figure is what the definition says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientRow, logRow, serveDashboard } from './support/dashboard.mjs';
import { tcpClient, udpClient } from './support/traffic.mjs';

async function fetched(server, path) {
  return (await fetch(new URL(`api/v1/${path}`, server.url))).json();
}

const stat = (scope, label) =>
  scope.locator('.stat', { has: scope.page().getByText(label, { exact: true }) });

test('every column, figure, outcome and state has its definition beside it', async (t) => {
  const { server, page, complaints } = await serveDashboard(t);
  const { schemas } = (await fetched(server, 'openapi.json')).components;
  const chat = await tcpClient(t, server.addresses.tcpChat);
  await chat.ask('Exit\n');
  await page.locator('.clients [role="columnheader"][title]').first().waitFor();
  for (const table of ['.log', '.clients']) {
    const heads = page.locator(`${table} [role="columnheader"]`);
    const titles = await heads.evaluateAll((all) => all.map((head) => head.title));
    assert.ok(titles.length >= 8 && titles.every((title) => title.length > 3), titles.join('\n'));
  }
  for (const scope of ['.toolbar', '.card'])
    for (const title of await page
      .locator(`${scope} .stat`)
      .evaluateAll((all) => all.map((one) => one.title)))
      assert.ok(title.length > 3);
  const state = clientRow(page, chat.address).locator('.state', { hasText: 'exit by server' });
  await state.waitFor();
  const [, exit] = /`exit`: ([^;]+)/.exec(schemas.CloseReason.description);
  assert.ok((await state.getAttribute('title')).startsWith(exit));
  const took = page.locator('.log [role="columnheader"]', { hasText: 'Took' });
  assert.equal(await took.getAttribute('title'), schemas.Message.properties.service_us.description);
  assert.deepEqual(complaints, []);
});

test('a message without a reply is not counted as refused', async (t) => {
  const { server, page } = await serveDashboard(t);
  const client = await tcpClient(t, server.addresses.tcpUpper);
  await client.ask('first\n');
  client.send('second\n');
  await page.locator('.outcome', { hasText: 'after close' }).waitFor();
  const card = page.locator('.card[data-service="tcp-upper"]');
  await stat(card, 'Unanswered').getByText('1', { exact: true }).waitFor();
  await stat(card, 'Rejected').getByText('0', { exact: true }).waitFor();
  const { listeners } = await fetched(server, 'status');
  const tcp = listeners.find(({ service }) => service === 'tcp-upper');
  assert.deepEqual([tcp.refused, tcp.unanswered], [0, 1]);
});

test('an address that sent datagrams is no open connection, and a clear evicts nothing', async (t) => {
  const { server, page } = await serveDashboard(t);
  const udp = await udpClient(t, server.addresses.udpUpper);
  const chat = await tcpClient(t, server.addresses.tcpChat);
  await udp.ask('hello');
  await chat.ask('Hi\n');
  await logRow(page, 'HELLO').waitFor();
  const toolbar = page.locator('.toolbar');
  await stat(toolbar, 'Connections').getByText('1', { exact: true }).waitFor();
  await stat(toolbar, 'Messages').getByText('2', { exact: true }).waitFor();
  await clientRow(page, udp.address)
    .locator('[data-state="heard"]')
    .getByText(/^seen /)
    .waitFor();
  assert.equal(await clientRow(page, udp.address).getByText('open', { exact: true }).count(), 0);

  const cleared = new URL('api/v1/messages?confirm=yes', server.url);
  await fetch(cleared, { method: 'DELETE' });
  await stat(toolbar, 'Messages').getByText('0', { exact: true }).waitFor();
  assert.match(await stat(toolbar, 'Evicted').textContent(), /0$/);
  await page.reload();
  await page.getByText('No message since the log was cleared.').waitFor();
});

test('the chart’s axis is the range that was chosen, and ends now also before any data', async (t) => {
  const { page } = await serveDashboard(t);
  const span = () =>
    page
      .locator('.plot')
      .evaluate((plot) =>
        ['min', 'max'].map((end) => Number(plot.getAttribute(`aria-value${end}`))),
      );
  for (const minutes of [15, 5, 1]) {
    await page
      .getByRole('radio', { name: new RegExp(`^${minutes}( min)?$`) })
      .check({ force: true });
    const [min, max] = await span();
    assert.equal(max - min, minutes * 60);
    assert.ok(Math.abs(max - Date.now() / 1000) < 30, `the axis ends at ${max}`);
  }
});
