// Nothing is cut, whatever the size of the window: the page scrolls instead, and the log comes first.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { logRow, openDashboard, startGateway } from './support/dashboard.mjs';
import { udpClient } from './support/traffic.mjs';

const MESSAGES = 40;

/** Width, height, and how many whole messages the log has to show; 720 × 450 is 1440 × 900 at 200 %. */
const WINDOWS = [
  { size: 'normal', width: 1920, height: 1080, rows: 18 },
  { size: 'normal', width: 1440, height: 900, rows: 12 },
  { size: 'normal', width: 1280, height: 800, rows: 10 },
  { size: 'normal', width: 1280, height: 720, rows: 8 },
  { size: 'normal', width: 1024, height: 768, rows: 10 },
  { size: 'normal', width: 720, height: 600, rows: 4 },
  { size: 'normal', width: 720, height: 450, rows: 4 },
  { size: 'normal', width: 360, height: 800, rows: 4 },
  { size: 'projector', width: 1920, height: 1080, rows: 8 },
  { size: 'projector', width: 1280, height: 800, rows: 10 },
  { size: 'projector', width: 1280, height: 720, rows: 10 },
  { size: 'projector', width: 1024, height: 768, rows: 4 },
];

/** In the page: the log's whole rows, and by how much each box is smaller than what it holds. */
function measure() {
  const log = document.querySelector('.log');
  const head = log.querySelector('.table-head').getBoundingClientRect();
  const box = log.getBoundingClientRect();
  const whole = [...log.querySelectorAll('.table-body .row')].filter((row) => {
    const { top, bottom } = row.getBoundingClientRect();
    return top >= Math.max(head.bottom, box.top) - 1 && bottom <= box.bottom + 1;
  });
  const boxes = [...document.querySelectorAll('.card, .strip, .panel-head')].map((element) => ({
    what: element.className,
    high: element.scrollHeight - element.clientHeight,
    wide: element.scrollWidth - element.clientWidth,
  }));
  // A table is scrolled through, never sideways.
  for (const table of document.querySelectorAll('.table')) {
    boxes.push({ what: table.className, high: 0, wide: table.scrollWidth - table.clientWidth });
  }
  return { rows: whole.length, boxes, page: document.documentElement.scrollWidth - innerWidth };
}

/** Drawn a moment after it was asked for. */
async function measured(page, rows) {
  let found = await page.evaluate(measure);
  for (let tries = 0; found.rows < rows && tries < 100; tries += 1) {
    await pause(100);
    found = await page.evaluate(measure);
  }
  return found;
}

for (const { size, width, height, rows } of WINDOWS) {
  test(`a window of ${width} × ${height}, ${size}, cuts nothing and shows the log`, async (t) => {
    const gateway = await startGateway(t);
    const client = await udpClient(t, gateway.addresses.udpUpper);
    for (let count = 1; count <= MESSAGES; count += 1) await client.ask(`message ${count}.`);
    const { page } = await openDashboard(t, gateway, { viewport: { width, height } });
    if (size === 'projector') await page.keyboard.press('b');
    await logRow(page, `message ${MESSAGES}.`).waitFor();

    const found = await measured(page, rows);
    assert.ok(found.rows >= rows, `${found.rows} messages are to be seen, not ${rows}`);
    for (const box of found.boxes) {
      assert.ok(box.high <= 1 && box.wide <= 1, `${box.what} is cut: ${box.wide} × ${box.high} px`);
    }
    assert.ok(found.page <= 0, `the page is ${found.page} px wider than its window`);
  });
}

test('large type that was chosen before looks after a reload as it did when it was chosen', async (t) => {
  const gateway = await startGateway(t);
  const client = await udpClient(t, gateway.addresses.udpUpper);
  await client.ask('a message');
  for (const viewport of [
    { width: 1280, height: 800 },
    { width: 1024, height: 768 },
  ]) {
    const { page } = await openDashboard(t, gateway, { viewport });
    const look = async () => {
      await logRow(page, 'a message').waitFor();
      return page.evaluate(() => [
        getComputedStyle(document.querySelector('.page-main')).gridTemplateAreas,
        getComputedStyle(document.querySelector('.log .table-head')).display,
      ]);
    };
    await page.keyboard.press('b');
    const chosen = await look();
    await page.reload();
    assert.deepEqual(await look(), chosen, `${viewport.width} px wide`);
  }
});
