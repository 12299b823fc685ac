import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logRow, openDashboard, startGateway } from './support/dashboard.mjs';

test('the form sends to a listener and shows the reply with its round trip', async (t) => {
  const gateway = await startGateway(t);
  const { page } = await openDashboard(t, gateway);
  await page.getByLabel('Payload', { exact: true }).fill('from the form');
  await page.getByRole('button', { name: /^Send/ }).click();
  const result = page.locator('.result');
  await result.getByText('FROM THE FORM', { exact: true }).waitFor();
  assert.match(await result.locator('.result-rtt').textContent(), /\d (µs|ms)$/);
  await logRow(page, 'FROM THE FORM').waitFor();
});

test('hex is sent as the bytes it names, and shown with what cannot be seen escaped', async (t) => {
  const gateway = await startGateway(t);
  const { page } = await openDashboard(t, gateway);
  await page.getByRole('radio', { name: 'Hex' }).check();
  await page.getByLabel('Payload', { exact: true }).fill('61 00 ff 0a');
  await page.keyboard.press('Control+Enter');
  const reply = page.locator('.result .payload').nth(1);
  await reply.waitFor();
  assert.equal(await reply.textContent(), 'A\\0\\xff\\n');
});

test('an error stands at the field it is about and goes with the next success', async (t) => {
  const gateway = await startGateway(t);
  const { page } = await openDashboard(t, gateway);
  const timeout = page.getByLabel('Timeout, ms');
  await timeout.fill('-5');
  const send = page.getByRole('button', { name: /^Send/ });
  await send.click();
  await page.locator('.field[data-invalid="true"]', { hasText: 'Timeout' }).waitFor();
  assert.equal(await timeout.getAttribute('aria-invalid'), 'true');
  await timeout.fill('1000');
  await send.click();
  await page.locator('.result').waitFor();
  assert.equal(await timeout.getAttribute('aria-invalid'), 'false');
});

test('an address that is none is refused at its field', async (t) => {
  const gateway = await startGateway(t);
  const { page } = await openDashboard(t, gateway);
  await page.getByLabel('To', { exact: true }).selectOption({ label: 'Another address…' });
  await page.getByLabel('Address', { exact: true }).fill('nonsense');
  await page.getByRole('button', { name: /^Send/ }).click();
  await page.locator('.field[data-invalid="true"]', { hasText: 'Address' }).waitFor();
});
