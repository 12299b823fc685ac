import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { openDashboard, serveDashboard, startServer } from './support/dashboard.mjs';
import { tcpClient, udpClient } from './support/traffic.mjs';

const run = promisify(execFile);
/** curl's exit status for a time that is up: a stream without end ends so. */
const TIME_IS_UP = 28;

async function openApi(t) {
  const server = await startServer(t);
  const opened = await openDashboard(t, server);
  await opened.page.goto(`${server.url}#view=api`);
  await opened.page.getByRole('heading', { name: 'The API', exact: true }).waitFor();
  return { server, ...opened };
}

async function description(server) {
  return (await fetch(`${server.url}api/v1/openapi.json`)).json();
}

test('the API view lists every operation with its summary and parameters', async (t) => {
  const { server, page, complaints } = await openApi(t);
  const { paths, components } = await description(server);
  const resolve = (thing) =>
    thing.$ref ? components[thing.$ref.split('/').at(-2)][thing.$ref.split('/').at(-1)] : thing;
  for (const [url, item] of Object.entries(paths))
    for (const [method, operation] of Object.entries(item)) {
      if (method === 'parameters') continue;
      const heading = `${method.toUpperCase()} ${url}`;
      const part = page.getByRole('article', { name: heading, exact: true });
      const text = (await part.textContent()) ?? '';
      assert.ok(text.includes(operation.summary), heading);
      for (const parameter of [...(item.parameters ?? []), ...(operation.parameters ?? [])])
        assert.ok(text.includes(resolve(parameter).description), `${heading}: ${parameter.$ref}`);
    }
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'openapi.json' }).click();
  assert.equal(new URL((await download).url()).pathname, '/api/v1/openapi.json');
  assert.deepEqual(complaints, []);
});

/** Whatever a command asks for has to be there: message 17, client 3. */
async function talk(t, { udpUpper, tcpChat }) {
  for (let n = 0; n < 3; n += 1) {
    const client = await udpClient(t, udpUpper);
    for (let m = 0; m < 6; m += 1) await client.ask(`${n} ${m}`);
  }
  await (await tcpClient(t, tcpChat)).ask('Hi');
}

test('each curl command runs as it is copied', async (t) => {
  const { server, page } = await openApi(t);
  if (!(await run('curl', ['--version']).catch(() => null))) {
    t.skip('curl is not there');
    return;
  }
  await talk(t, server.addresses);
  const folder = await mkdtemp(path.join(tmpdir(), 'socklens-curl-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const commands = await page.locator('.api-curl code').allTextContents();
  const operations = Object.values((await description(server)).paths).flatMap((item) =>
    Object.keys(item).filter((name) => name !== 'parameters'),
  );
  assert.equal(commands.length, operations.length);
  // What takes away comes last, and what takes all of it after what takes one.
  const takes = (command) => command.includes('DELETE') + command.includes('confirm=');
  for (const command of commands.sort((a, b) => takes(a) - takes(b))) {
    const checked = `${command} --fail-with-body --max-time 3`;
    const status = await run('sh', ['-c', checked], { cwd: folder }).then(
      () => 0,
      (error) => error,
    );
    const endless = command.includes('-sN') && status.code === TIME_IS_UP;
    // A UDP client is no connection: there is nothing to be disconnected.
    const noConnection = /DELETE.*clients/.test(command) && /"status":409/.test(status.stdout);
    assert.ok(status === 0 || endless || noConnection, `${command}: ${status.stdout}`);
  }
});

test('key a opens the API view, its commands are copied, and back leads to the filtered log', async (t) => {
  const { server, page } = await serveDashboard(t);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const filter = page.getByRole('combobox', { name: 'Filter messages' });
  await filter.fill('kept');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await page.keyboard.press('a');
  await page.getByRole('button', { name: 'Copy the curl command of getStatus' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Copied the curl command of getStatus' }).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, `curl -s ${server.url}api/v1/status`);
  assert.match(page.url(), /view=api$/);
  await page.goBack();
  assert.equal(await filter.inputValue(), 'kept');
  await page.keyboard.press('a');
  await page.getByRole('banner').getByRole('link', { name: 'Traffic' }).click();
  assert.equal(await filter.inputValue(), 'kept');
});
