// A server that asks for a token.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const TOKEN = 'a-token-of-more-than-16-characters';

/** The options of such a server; `file` holds its token. */
export async function tokenFlags(t) {
  const folder = await mkdtemp(path.join(tmpdir(), 'socklens-browser-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'token');
  await writeFile(file, TOKEN, { mode: 0o600 });
  return { file, flags: ['--token-file', file] };
}
