import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { logRow, openDashboard, startGateway } from './support/dashboard.mjs';
import { udpClient } from './support/traffic.mjs';

/** A certificate of its own, which no browser knows. */
async function certificateFlags(t) {
  const folder = await mkdtemp(path.join(tmpdir(), 'socklens-browser-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const [cert, key] = ['cert.pem', 'key.pem'].map((name) => path.join(folder, name));
  await promisify(execFile)(
    'openssl',
    // biome-ignore format: a flag and its value stand together
    ['req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
     '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost'],
  );
  return ['--tls-cert', cert, '--tls-key', key];
}

test('the page lives over HTTPS as well: its stream, and what it sends', async (t) => {
  const gateway = await startGateway(t, { flags: await certificateFlags(t) });
  const { page, complaints } = await openDashboard(t, gateway, { ignoreHTTPSErrors: true });
  assert.match(page.url(), /^https:/);
  const client = await udpClient(t, gateway.addresses.udpUpper);
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
