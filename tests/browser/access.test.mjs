import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logRow, openDashboard, startGateway } from './support/dashboard.mjs';
import { tcpClient, udpClient } from './support/traffic.mjs';

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

for (const colorScheme of ['light', 'dark']) {
  test(`axe finds nothing on a desk, ${colorScheme}`, async (t) => {
    assert.deepEqual(await axeFindings(await busyPage(t, { colorScheme })), []);
  });

  test(`axe finds nothing on a phone, ${colorScheme}, and nothing scrolls sideways`, async (t) => {
    const page = await busyPage(t, { colorScheme, viewport: PHONE });
    assert.deepEqual(await axeFindings(page), []);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= PHONE.width, `the page is ${width} wide`);
  });
}

test('a datagram can be sent by keyboard alone', async (t) => {
  const gateway = await startGateway(t);
  const { page } = await openDashboard(t, gateway);
  const focused = () => page.evaluate(() => document.activeElement?.tagName);
  for (let presses = 0; (await focused()) !== 'TEXTAREA'; presses += 1) {
    assert.ok(presses < 20, 'Tab reaches the payload');
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
