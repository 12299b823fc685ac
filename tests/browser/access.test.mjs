import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logRow, openDashboard, startGateway } from './support/dashboard.mjs';
import { tcpClient, udpClient } from './support/traffic.mjs';

const DESK = { width: 1440, height: 900 };
const PHONE = { width: 360, height: 740 };

/** A page with something of everything on it. */
async function busyPage(t, options) {
  const gateway = await startGateway(t);
  const { page } = await openDashboard(t, gateway, options);
  const udp = await udpClient(t, gateway.addresses.udpUpper);
  await udp.ask('a\r\n\0b');
  await udp.ask(Buffer.from([0xff, 0x41]));
  const chat = await tcpClient(t, gateway.addresses.tcpChat);
  await chat.ask('Exit');
  await logRow(page, 'Disconnect').waitFor();
  await page.getByRole('button', { name: /^Send/ }).click();
  await page.locator('.result').waitFor();
  await page.getByLabel('Timeout, ms').fill('-1');
  await page.getByRole('button', { name: /^Send/ }).click();
  await page.locator('.field[data-invalid="true"]').waitFor();
  return page;
}

async function axeFindings(page) {
  const { violations } = await page.evaluate(() => window.axe.run());
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
  }
  return findings;
}

for (const colorScheme of ['light', 'dark']) {
  for (const viewport of [DESK, PHONE]) {
    test(`axe finds nothing, ${colorScheme}, ${viewport.width} px wide`, async (t) => {
      const page = await busyPage(t, { colorScheme, viewport });
      assert.deepEqual(await findingsOfViews(page, viewport.width), []);
    });
  }
}

test('a datagram can be sent by keyboard alone', async (t) => {
  const gateway = await startGateway(t);
  const { page } = await openDashboard(t, gateway);
  const focused = () => page.evaluate(() => document.activeElement?.tagName);
  for (let presses = 0; (await focused()) !== 'TEXTAREA'; presses += 1) {
    assert.ok(presses < 40, 'Tab reaches the payload');
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Control+A');
  await page.keyboard.type('typed');
  for (let presses = 0; (await focused()) !== 'BUTTON'; presses += 1) {
    assert.ok(presses < 20, 'Tab reaches the button');
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await page.locator('.result').getByText('TYPED', { exact: true }).waitFor();
});
