import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientRow, logRow, openPage, serveDashboard, startServer } from './support/dashboard.mjs';
import { tokenFlags } from './support/token.mjs';
import { tcpClient, udpClient } from './support/traffic.mjs';

const DESK = { width: 1440, height: 900 };
const SMALL_DESK = { width: 1024, height: 768 };
const PHONE = { width: 360, height: 740 };

/** A page with something of everything on it. */
async function busyPage(t, options) {
  const { server, page } = await serveDashboard(t, options);
  const udp = await udpClient(t, server.addresses.udpUpper);
  await udp.ask('a\r\n\0b');
  await udp.ask(Buffer.from([0xff, 0x41]));
  const chat = await tcpClient(t, server.addresses.tcpChat);
  await chat.ask('Exit');
  await logRow(page, 'Disconnect').waitFor();
  await page.keyboard.press('s');
  await page.getByRole('button', { name: 'Send Ctrl' }).click();
  await page.locator('.result').waitFor();
  await page.getByLabel('Timeout, ms').fill('-1');
  await page.getByRole('button', { name: 'Send Ctrl' }).click();
  await page.locator('.field[data-invalid="true"]').waitFor();
  await leaveField(page);
  return page;
}

/** So that keys are the page's again. */
function leaveField(page) {
  return page.evaluate(() => document.activeElement.blur());
}

async function axeFindings(page) {
  const { violations } = await page.evaluate(() =>
    window.axe.run({
      resultTypes: ['violations'],
      // One of WCAG 2.2 AA that is off by default.
      rules: { 'target-size': { enabled: true } },
    }),
  );
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.target).join(', ')}`);
}

/** What can be looked at besides the page as it opens. */
const VIEWS = {
  'the page': async () => {},
  'a message': async (page) => {
    await page.locator('.log .row[data-seq] .cell-received').first().click();
    await page.getByRole('dialog').locator('.sides').waitFor();
  },
  'a client': async (page) => {
    await page.locator('.clients .row', { hasText: 'tcp-chat' }).locator('.cell-client').click();
    await page.getByRole('dialog').locator('.timeline li').first().waitFor();
  },
  'the fault rules': async (page) => {
    await page.keyboard.press('f');
    const rules = page.getByRole('dialog', { name: 'Fault rules' });
    await rules.getByLabel(/^Rule for/).fill('los');
    await rules.getByText('did you mean').waitFor();
    await rules.getByLabel(/^Rule for/).fill('loss 30% off name r');
    await rules.getByRole('img').waitFor();
    await page.keyboard.press('Enter');
    await rules.getByRole('button', { name: 'Remove r' }).waitFor();
    await rules.getByLabel('Scenario').selectOption({ index: 1 });
    await leaveField(page);
  },
  'the keys': async (page) => {
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  },
  'what the filter suggests': async (page) => {
    await page.getByRole('combobox', { name: 'Filter messages' }).fill('service:');
    await page.keyboard.press('ArrowDown');
  },
  'what a filter leaves': async (page) => {
    await page.getByRole('combobox', { name: 'Filter messages' }).fill('nothing has this');
    await page.keyboard.press('Enter');
    await page.getByText('No message matches').waitFor();
    await page.getByRole('button', { name: 'Clear' }).click();
  },
  'the figures under the pointer': async (page) => {
    await page.keyboard.press('g');
    await page.keyboard.press('ArrowLeft');
    await page.locator('.readout').waitFor();
  },
  'a client of UDP': async (page) => {
    await page
      .locator('.clients .row', { hasText: 'udp-upper' })
      .first()
      .locator('.cell-seen')
      .click();
    await page.getByRole('dialog').locator('.timeline li').first().waitFor();
  },
  'the export menu': async (page) => {
    await page.getByText('Export…').click();
    await page.getByRole('button', { name: 'Clear the log…' }).click();
    await page.getByRole('button', { name: 'Keep' }).waitFor();
  },
  'the projector': async (page) => {
    await page.keyboard.press('b');
  },
  'the projector with the form': async (page) => {
    await page.keyboard.press('s');
    await page.locator('.send-panel').waitFor();
    await page.keyboard.press('Tab');
  },
  'the API': async (page) => {
    await page.getByRole('link', { name: 'API', exact: true }).click();
    const parameters = page.locator('.api-operation summary');
    await parameters.first().click();
    await parameters.last().click();
  },
};

/** Every view in one page: opening it anew for each would take most of the time. */
async function findingsOfViews(page, width) {
  const findings = [];
  for (const [name, open] of Object.entries(VIEWS)) {
    await open(page);
    findings.push(...(await axeFindings(page)).map((finding) => `${name}: ${finding}`));
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    if (wide > width) findings.push(`${name}: the page is ${wide} wide`);
    await page.keyboard.press('Escape');
    await leaveField(page);
  }
  return findings;
}

for (const look of [
  { colorScheme: 'light' },
  { colorScheme: 'dark' },
  { colorScheme: 'light', forcedColors: 'active' },
]) {
  for (const viewport of look.forcedColors ? [DESK] : [DESK, SMALL_DESK, PHONE]) {
    test(`axe finds nothing, ${Object.values(look).join(' ')}, ${viewport.width} px wide`, async (t) => {
      const page = await busyPage(t, { ...look, viewport });
      assert.deepEqual(await findingsOfViews(page, viewport.width), []);
    });
  }
}

test('axe finds nothing in what asks for the token', async (t) => {
  const server = await startServer(t, await tokenFlags(t));
  for (const colorScheme of ['light', 'dark'])
    for (const viewport of [DESK, PHONE]) {
      const { page } = await openPage(t, server, { colorScheme, viewport });
      const field = page.getByLabel('socklens asks for its token');
      await field.fill('not this one, certainly');
      await page.keyboard.press('Enter');
      await page.getByText('socklens does not know this token').waitFor();
      assert.deepEqual(await axeFindings(page), [], `${colorScheme}, ${viewport.width} px`);
    }
});

const focused = (page) => page.evaluate(() => document.activeElement?.dataset.keys);

test('the main tasks are done by keyboard alone', async (t) => {
  const { server, page } = await serveDashboard(t);
  const chat = await tcpClient(t, server.addresses.tcpChat);
  await chat.ask('Hi\n');
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await page.keyboard.press('Escape');

  await page.keyboard.press('s');
  assert.equal(await focused(page), 'payload');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('typed');
  await page.keyboard.press('Control+Enter');
  await page.locator('.result').getByText('TYPED', { exact: true }).waitFor();
  await page.keyboard.press('Tab');
  assert.notEqual(await focused(page), 'payload');
  await page.evaluate(() => document.activeElement.blur());

  await page.keyboard.press('l');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: /^Message \d/ }).waitFor();
  await page.keyboard.press('Escape');

  await page.keyboard.press('c');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: /^Client \d/ }).waitFor();
  await page.keyboard.press('Escape');

  await page.keyboard.press('g');
  await page.keyboard.press('ArrowLeft');
  await page.locator('.readout').waitFor();
  await page.keyboard.press('-');
  await page.keyboard.press('+');
  await page.getByRole('button', { name: 'Reset zoom' }).waitFor();
  await page.keyboard.press('0');
  await page.getByRole('button', { name: 'Reset zoom' }).waitFor({ state: 'detached' });

  await page.keyboard.press('p');
  await page.getByText('paused').waitFor();
  await page.keyboard.press('l');
  await page.keyboard.press('End');
  await page.getByText('following the newest').waitFor();

  await page.keyboard.press('/');
  await page.keyboard.type('typed');
  await page.keyboard.press('Enter');
  await page.waitForFunction(
    () => document.querySelector('.log').getAttribute('aria-rowcount') === '2',
  );
});

test('disconnecting, exporting and keeping a packet are done by keyboard alone', async (t) => {
  const { server, page } = await serveDashboard(t);
  const chat = await tcpClient(t, server.addresses.tcpChat);
  await chat.ask('Hi\n');
  await clientRow(page, chat.address).waitFor();
  await page.keyboard.press('c');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByText('ESTABLISHED').waitFor();
  await page.keyboard.press('d');
  await tabTo(page, 'Disconnect…');
  await page.keyboard.press('Enter');
  await focusComesTo(page, 'Keep');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByText('disconnected by operator').waitFor();
  await page.keyboard.press('Escape');

  await page.keyboard.press('/');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Shift+Tab');
  await focusComesTo(page, 'Export…');
  await page.keyboard.press('Enter');
  await tabTo(page, 'CSV');
  const download = page.waitForEvent('download');
  await page.keyboard.press('Enter');
  assert.match((await download).suggestedFilename(), /\.csv$/);

  await page.keyboard.press('s');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Shift+Tab');
  await focusComesTo(page, 'Save as…');
  await page.keyboard.press('Enter');
  await page.keyboard.type('by keyboard');
  await page.keyboard.press('Enter');
  await page
    .getByLabel('Load a packet')
    .getByText('by keyboard')
    .first()
    .waitFor({ state: 'attached' });
});

function focusComesTo(page, name) {
  return page.waitForFunction((text) => document.activeElement?.textContent === text, name);
}

/** Presses Tab until it stands on what is called so. */
async function tabTo(page, name) {
  const here = () => page.evaluate(() => document.activeElement?.textContent ?? '');
  for (let presses = 0; (await here()) !== name; presses += 1) {
    assert.ok(presses < 12, `Tab comes to ${name}, not to ${await here()}`);
    await page.keyboard.press('Tab');
  }
}

test('Tab goes through the whole page and out of it', async (t) => {
  const { page } = await serveDashboard(t);
  const stops = [];
  const place = () =>
    page.evaluate(() => document.activeElement?.closest('section, header, main')?.className ?? '');
  for (let presses = 0; presses < 50; presses += 1) {
    await page.keyboard.press('Tab');
    stops.push(await place());
  }
  for (const part of ['toolbar', 'panel log-panel', 'panel clients-panel', 'panel send-panel'])
    assert.ok(stops.includes(part), `Tab comes to ${part}: ${[...new Set(stops)]}`);
  assert.ok(stops.lastIndexOf('toolbar') > stops.indexOf('panel send-panel'), 'and round again');
});

test('theme and size of type are kept, whatever the system prefers', async (t) => {
  const { page } = await serveDashboard(t, { colorScheme: 'light' });
  const look = () => page.evaluate(() => ({ ...document.documentElement.dataset }));
  assert.deepEqual(await look(), { theme: 'light', size: 'normal' });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.locator('[data-theme="dark"]').waitFor();
  await page.getByLabel('Theme').selectOption('light');
  await page.getByRole('button', { name: 'Projector mode' }).click();
  await page.reload();
  await page.locator('.page').waitFor();
  assert.deepEqual(await look(), { theme: 'light', size: 'projector' });
});
