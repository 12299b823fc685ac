// Bundle every src/**/*.test.ts and run it with node's own test runner: node unit.mjs
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const web = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

async function testFiles(folder) {
  const entries = await readdir(folder, { withFileTypes: true });
  const found = entries.map((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return testFiles(file);
    return entry.name.endsWith('.test.ts') ? [file] : [];
  });
  return (await Promise.all(found)).flat().sort();
}

const files = await testFiles(path.join(web, 'src'));
const scratch = await mkdtemp(path.join(tmpdir(), 'socklens-web-'));
try {
  const bundled = path.join(scratch, 'all.mjs');
  await build({
    stdin: {
      contents: files.map((file) => `import ${JSON.stringify(file)};`).join('\n'),
      resolveDir: web,
    },
    outfile: bundled,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node18',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  await writeFile(path.join(scratch, 'package.json'), '{"type":"module"}');
  // Run as one plain script, not with --test: every test then is at the top level of the TAP output.
  const args = ['--enable-source-maps', '--test-reporter=tap', bundled];
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
} finally {
  await rm(scratch, { recursive: true, force: true });
}
