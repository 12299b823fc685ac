import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { openDashboard, startGateway } from './support/dashboard.mjs';
import { tcpClient, udpClient } from './support/traffic.mjs';

const run = promisify(execFile);
/** curl's exit status for a time that is up: a stream without end ends so. */
const TIME_IS_UP = 28;

async function openReference(t, at = '') {
  const gateway = await startGateway(t);
  const opened = await openDashboard(t, gateway);
  await opened.page.goto(`${gateway.url}#view=api${at && `&at=${at}`}`);
  await opened.page.getByRole('heading', { name: 'The API', exact: true }).waitFor();
  return { gateway, ...opened };
}

async function description(gateway) {
  return (await fetch(`${gateway.url}api/v1/openapi.json`)).json();
}

test('each link of the contents is large enough for a finger', async (t) => {
  const { page } = await openReference(t);
  const heights = await page
    .locator('.api-nav-link')
    .evaluateAll((links) => links.map((link) => link.getBoundingClientRect().height));
  assert.ok(heights.length > 40);
  assert.ok(Math.min(...heights) >= 24, `${Math.min(...heights)} px`);
});

test('the reference shows every operation, parameter, answer and schema of the description', async (t) => {
  const { gateway, page, complaints } = await openReference(t);
  const { paths, components } = await description(gateway);
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
      for (const [status, response] of Object.entries(operation.responses)) {
        assert.ok(text.includes(resolve(response).description), `${heading}: ${status}`);
        assert.ok(text.includes(status === 'default' ? 'else' : status), `${heading}: ${status}`);
      }
    }
  for (const name of Object.keys(components.schemas))
    await page.getByRole('article', { name, exact: true }).waitFor();
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
  const { gateway, page } = await openReference(t);
  if (!(await run('curl', ['--version']).catch(() => null))) {
    t.skip('curl is not there');
    return;
  }
  await talk(t, gateway.addresses);
  const folder = await mkdtemp(path.join(tmpdir(), 'socklens-curl-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const commands = await page.locator('.api-code .snippet').allTextContents();
  const operations = Object.values((await description(gateway)).paths).flatMap((item) =>
    Object.keys(item).filter((name) => name !== 'parameters'),
  );
  assert.equal(commands.length, operations.length);
  // What takes away comes last.
  for (const command of commands.sort((a, b) => a.includes('DELETE') - b.includes('DELETE'))) {
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

test('a command is copied, a schema is reached by its name, and back leads back', async (t) => {
  const { gateway, page } = await openReference(t);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy the curl command of getStatus' }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, `curl -s ${gateway.url}api/v1/status`);

  const status = page.getByRole('article', { name: 'GET /api/v1/status' });
  await status.getByRole('link', { name: 'Status', exact: true }).click();
  await page.waitForFunction(() => document.activeElement?.id === 'api-Status');
  assert.match(page.url(), /at=Status$/);
  await page.goBack();
  assert.match(page.url(), /#view=api$/);
  await page.goBack();
  await page.locator('.log-panel').waitFor();
});

test('a link into the reference opens it there, and the filter is kept on the way back', async (t) => {
  const { page } = await openReference(t, 'sendDatagram');
  await page.waitForFunction(() => document.activeElement?.id === 'api-sendDatagram');
  const box = await page.locator('#api-sendDatagram').boundingBox();
  assert.ok(box && box.y > 0 && box.y < 400, `it stands at ${box?.y}`);
  await page.keyboard.press('a');
  await page.getByRole('combobox', { name: 'Filter messages' }).fill('kept');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'API', exact: true }).click();
  await page.getByRole('banner').getByRole('link', { name: 'Traffic' }).click();
  const line = await page.getByRole('combobox', { name: 'Filter messages' }).inputValue();
  assert.equal(line, 'kept');
});

test('the reference is read by keyboard alone', async (t) => {
  const gateway = await startGateway(t);
  const { page } = await openDashboard(t, gateway);
  await page.keyboard.press('a');
  await page.getByRole('heading', { name: 'The API', exact: true }).waitFor();
  const link = page.getByRole('navigation').getByRole('link', { name: 'POST /datagrams' });
  const reached = () => link.evaluate((element) => element === document.activeElement);
  for (let presses = 0; !(await reached()); presses += 1) {
    assert.ok(presses < 40, 'Tab comes to the link');
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement?.id === 'api-sendDatagram');
  await page.keyboard.press('Tab');
  const next = await page.evaluate(() => document.activeElement?.textContent);
  assert.match(next ?? '', /Copy.*sendDatagram/);
});
