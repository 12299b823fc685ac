// A certificate of its own, which no browser knows.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

/** The paths of its files. */
export async function certificate(t) {
  const folder = await mkdtemp(path.join(tmpdir(), 'socklens-browser-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const [cert, key] = ['cert.pem', 'key.pem'].map((name) => path.join(folder, name));
  await promisify(execFile)(
    'openssl',
    // biome-ignore format: a flag and its value stand together
    ['req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
     '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost'],
  );
  return { cert, key };
}
