// Bundle the dashboard: node build.mjs OUTDIR [DEPFILE]
// OUTDIR gets index.html, app.js, app.css, favicon.svg and licenses.txt; DEPFILE lists what they came from.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { DOCUMENT, writeApiTypes } from './apiTypes.mjs';

const web = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const [outdir, depfile] = process.argv.slice(2);
if (!outdir) {
  console.error('usage: node build.mjs OUTDIR [DEPFILE]');
  process.exit(2);
}

// Types alone: nothing of it is in the bundle, but editors and tsc want it.
writeApiTypes();
const bundle = await build({
  entryPoints: { app: path.join(web, 'src/main.tsx') },
  outdir: path.resolve(outdir),
  absWorkingDir: web,
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['chrome100', 'firefox100', 'safari16'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  define: { 'process.env.NODE_ENV': '"production"' },
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
});

const inputs = Object.keys(bundle.metafile.inputs);
const copies = ['index.html', 'favicon.svg'];
await mkdir(outdir, { recursive: true });
for (const name of copies) await copyFile(path.join(web, name), path.join(outdir, name));
await writeFile(path.join(outdir, 'licenses.txt'), await licences(inputs));

if (depfile) {
  const sources = [...inputs, ...copies, 'package-lock.json', 'tools/build.mjs', DOCUMENT];
  const target = path.join(outdir, 'app.js');
  const escaped = sources.map((file) => path.resolve(web, file).replaceAll(' ', '\\ '));
  await writeFile(depfile, `${target}: ${escaped.join(' ')}\n`);
}

/** The licence of every package whose code went into the bundle, as those licences ask for. */
async function licences(files) {
  const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//;
  const packages = new Set(files.map((file) => name.exec(file)?.[1]).filter(Boolean));
  const texts = [...packages].sort().map(async (pack) => {
    const text = await readFile(path.join(web, 'node_modules', pack, 'LICENSE'), 'utf8');
    return `${pack}\n${'='.repeat(pack.length)}\n\n${text.trim()}\n`;
  });
  return (await Promise.all(texts)).join('\n\n');
}
