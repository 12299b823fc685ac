// What is printed is what was looked at, whole: the list that the filter leaves, or the open message.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logRow, openDashboard, startServer } from './support/dashboard.mjs';
import { udpClient } from './support/traffic.mjs';

const MESSAGES = 150;

/** In the page: what is cut, beside what is out of sight for all. */
function cutBoxes() {
  return [
    ...document.querySelectorAll(
      '.table, .detail, .detail-body, .side-body, .snippet, .panel, .card',
    ),
  ]
    .filter((element) => element.offsetParent !== null || element.tagName === 'DIALOG')
    .filter(
      (element) =>
        getComputedStyle(element).overflowY !== 'visible' &&
        element.scrollHeight > element.clientHeight + 1,
    )
    .map((element) => element.className);
}

/** The sheets of a PDF. */
const sheets = (pdf) => pdf.toString('latin1').match(/\/Type\s*\/Page\b/g).length;

async function busy(t, options) {
  const server = await startServer(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  for (let n = 1; n <= MESSAGES; n += 1) await client.ask(n % 3 ? `even ${n}.` : `third ${n}.`);
  const opened = await openDashboard(t, server, options);
  await logRow(opened.page, `third ${MESSAGES}.`).waitFor();
  return { server, client, ...opened };
}

for (const viewport of [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
]) {
  test(`the whole list is printed, ${viewport.width} px wide, and the page is as before after it`, async (t) => {
    const { page, complaints } = await busy(t, { viewport, colorScheme: 'dark' });
    const rows = page.locator('.log .table-body .row');
    const shown = await rows.count();
    assert.ok(shown < MESSAGES, 'on screen there are those in view');
    const one = sheets(await page.pdf({ format: 'A4' }));
    assert.ok(one >= 3, `${MESSAGES} rows take more than ${one} sheets`);

    await page.emulateMedia({ media: 'print' });
    await logRow(page, 'even 1.').first().waitFor();
    assert.equal(await rows.count(), MESSAGES);
    assert.deepEqual(await page.evaluate(cutBoxes), []);
    assert.equal(await page.locator('.send-panel').isVisible(), false);
    const dark = await page.evaluate(() => {
      const [red] = getComputedStyle(document.body).color.match(/\d+/g);
      return Number(red) < 80;
    });
    assert.ok(dark, 'dark on white, whatever the theme');

    await page.emulateMedia({ media: 'screen' });
    await page.waitForFunction(
      (most) => document.querySelectorAll('.log .table-body .row').length < most,
      MESSAGES,
    );
    await page.getByText('following the newest').waitFor();
    await logRow(page, `third ${MESSAGES}.`).waitFor();
    assert.deepEqual(complaints, []);
  });
}

test('what the filter leaves is printed, with the filter', async (t) => {
  const { page } = await busy(t);
  await page.getByRole('combobox', { name: 'Filter messages' }).fill('third');
  await page.keyboard.press('Enter');
  await logRow(page, 'even').first().waitFor({ state: 'detached' });
  await page.emulateMedia({ media: 'print' });
  await logRow(page, 'third 3.').first().waitFor();
  assert.equal(await page.locator('.log .table-body .row').count(), MESSAGES / 3);
  assert.equal(await page.getByRole('combobox', { name: 'Filter messages' }).isVisible(), true);
});

for (const viewport of [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
]) {
  test(`an open message is printed whole, ${viewport.width} px wide`, async (t) => {
    const { page, client } = await busy(t, { viewport });
    await client.ask(Buffer.alloc(4000, 'long text. '));
    await logRow(page, 'LONG TEXT').locator('.cell-time').click();
    const detail = page.getByRole('dialog');
    await detail.locator('.sides').waitFor();
    await page.getByRole('radio', { name: 'Hex', exact: true }).check();
    await detail.locator('.hex').first().waitFor();
    if (viewport.width < 1440) {
      const many = sheets(await page.pdf({ format: 'A4' }));
      assert.ok(many >= 8, `4,000 bytes in hex take more than ${many} sheets`);
    }
    await page.emulateMedia({ media: 'print' });
    await page.waitForFunction(() => document.querySelectorAll('.side .line').length === 1000);
    assert.deepEqual(await page.evaluate(cutBoxes), []);
    assert.equal(await page.locator('.log-panel').isVisible(), false);
    await page.emulateMedia({ media: 'screen' });
    await page.waitForFunction(() => document.querySelectorAll('.side .line').length < 500);
    await page.keyboard.press('Escape');
    await detail.waitFor({ state: 'detached' });
  });
}
