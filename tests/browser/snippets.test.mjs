import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { openDashboard, startServer } from './support/dashboard.mjs';
import { tcpClient, udpClient } from './support/traffic.mjs';

const run = promisify(execFile);
const RUN_MS = 60_000;

/** All that a shell, a printf or a compiler could take for its own, and every byte but a line feed. */
const NASTY = Buffer.concat([
  Buffer.from(`-n %s %% 'single' "double" \\n \\0 \\ $HOME \`id\` !! ??/ ß€😀`),
  Buffer.from(Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 10)),
  Buffer.from([0, 0x31, 0xff]),
]);
const LINES = Buffer.from('two\nlines\r\n');
/** Of which the line end is no part of the message, but of what is to be sent. */
const LINE = Buffer.from('a line\r\n');
/** More than a shell writes at once. */
const LONG = Buffer.concat([NASTY, Buffer.alloc(9000, '0123456789\0')]);

/** How to run what was copied: as a file, since an argument may not be that long. */
const RUNNERS = {
  nc: (file) => run('sh', [file], { timeout: RUN_MS }),
  socat: (file) => run('bash', [file], { timeout: RUN_MS }),
  python: (file) => run('python3', [file], { timeout: RUN_MS }),
  c: async (file) => {
    const flags = ['-x', 'c', '-std=gnu17', '-Wall', '-Wextra', '-Werror', '-o', `${file}.exe`];
    await run('cc', [...flags, file], { timeout: RUN_MS });
    await run(`${file}.exe`, [], { timeout: RUN_MS });
  },
};

async function has(program) {
  return run('sh', ['-c', `command -v ${program}`]).then(
    () => true,
    () => false,
  );
}

/** As soon as there are so many of them. */
async function messages(server, query) {
  const answer = await fetch(`${server.url}api/v1/messages?${query}&wait=30s`);
  return (await answer.json()).items;
}

/** The text that the page offers to be copied for each kind. */
async function snippetsOf(page, server, seq) {
  await page.goto(`${server.url}#show=message:${seq}`);
  await page.getByRole('heading', { name: `Message ${seq}` }).waitFor();
  const box = page.getByRole('region', { name: 'Send the same bytes yourself' });
  const texts = {};
  for (const kind of Object.keys(RUNNERS)) {
    const name = { python: 'Python', c: 'C' }[kind] ?? kind;
    await box.getByRole('radio', { name, exact: true }).check();
    texts[kind] = await box.locator('pre').textContent();
  }
  return texts;
}

async function unixClient(t, file) {
  const socket = net.connect(file);
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  return { ask: (data) => new Promise((done) => socket.write(data, done)) };
}

test('each snippet sends the very bytes to the very place again', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'socklens-snippets-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const unix = path.join(folder, 'chat socket');
  const server = await startServer(t, { flags: ['--tcp-chat', `unix:${unix}`] });
  const { udpUpper, tcpUpper, tcpChat } = server.addresses;
  const { page, complaints } = await openDashboard(t, server);
  const targets = [
    ['udp-upper', () => udpClient(t, udpUpper), [NASTY, LINES, LONG]],
    ['tcp-upper', () => tcpClient(t, tcpUpper), [NASTY]],
    ['tcp-chat', () => tcpClient(t, tcpChat), [NASTY, LINE]],
    ['tcp-chat by unix', () => unixClient(t, unix), [NASTY]],
  ];
  const kinds = [];
  for (const kind of Object.keys(RUNNERS)) {
    const program = { python: 'python3', c: 'cc' }[kind] ?? kind;
    if (await has(program)) kinds.push(kind);
    else t.diagnostic(`${program} is not there: its snippets are not run`);
  }
  let last = 0;
  for (const [name, connect, payloads] of targets)
    for (const bytes of payloads) {
      await (await connect()).ask(bytes);
      const [original] = await messages(server, `after=${last}&min=1`);
      const { received, line_end: end } = original;
      const wire = Buffer.concat([
        Buffer.from(received.base64, 'base64'),
        Buffer.from({ none: '', lf: '\n', crlf: '\r\n' }[end]),
      ]);
      assert.deepEqual(wire, bytes);
      const texts = await snippetsOf(page, server, original.seq);
      await Promise.all(
        kinds.map(async (kind) => {
          const file = path.join(folder, `snippet-${kind}`);
          await writeFile(file, texts[kind]);
          await RUNNERS[kind](file);
        }),
      );
      const came = await messages(server, `after=${original.seq}&min=${kinds.length}`);
      const what = `${bytes.length} bytes to ${name}`;
      assert.equal(came.length, kinds.length, `${what}: one message each`);
      last = came.at(-1).seq;
      for (const again of came) {
        assert.equal(again.received.base64, received.base64, what);
        assert.equal(again.line_end, end, what);
        assert.equal(again.listener, original.listener, what);
      }
    }
  assert.deepEqual(complaints, []);
});
