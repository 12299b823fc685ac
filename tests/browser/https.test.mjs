import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificate } from './support/certificate.mjs';
import { logRow, serveDashboard } from './support/dashboard.mjs';
import { udpClient } from './support/traffic.mjs';

test('the page lives over HTTPS as well: its stream, and what it sends', async (t) => {
  const { cert, key } = await certificate(t);
  const { server, page, complaints } = await serveDashboard(
    t,
    { ignoreHTTPSErrors: true },
    { flags: ['--tls-cert', cert, '--tls-key', key] },
  );
  assert.match(page.url(), /^https:/);
  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask('over the wire');
  await logRow(page, 'OVER THE WIRE').waitFor();
  const status = await page.evaluate(async () => {
    const sent = await fetch('/api/v1/datagrams', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ listener: 'udp-upper', text: 'sent by the page' }),
    });
    return sent.status;
  });
  assert.equal(status, 200);
  await logRow(page, 'SENT BY THE PAGE').waitFor();
  assert.deepEqual(complaints, []);
});
