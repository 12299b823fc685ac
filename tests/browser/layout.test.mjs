// Nothing is cut, whatever the size of the window: the page scrolls instead, and the log comes first.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { logRow, openDashboard, serveDashboard, startServer } from './support/dashboard.mjs';
import { tcpClient, udpClient } from './support/traffic.mjs';

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
  const boxes = [...document.querySelectorAll('.card, .toolbar, .panel-head')].map((element) => ({
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
    const server = await startServer(t);
    const client = await udpClient(t, server.addresses.udpUpper);
    for (let count = 1; count <= MESSAGES; count += 1) await client.ask(`message ${count}.`);
    const { page } = await openDashboard(t, server, { viewport: { width, height } });
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

/** In the page: words of a table that are cut and that nothing else tells; payloads fade out instead. */
function cutWords() {
  const isCut = (cell) => cell.clientWidth > 0 && cell.scrollWidth > cell.clientWidth + 1;
  const told = (cell) => cell.title || cell.querySelector('[title]');
  return [...document.querySelectorAll('.table .cell')]
    .flatMap((cell) => [cell, ...cell.querySelectorAll('.filter-link, .sort')])
    .filter((cell) => !cell.closest('.cell-received, .cell-sent') && isCut(cell))
    .filter((cell) => cell.matches('.cell-state') || !(told(cell) || told(cell.closest('.cell'))))
    .map((cell) => `${cell.closest('.table').className}: ${cell.textContent}`);
}

/** In the page: pieces of text of one box that lie on each other. */
function overlaps() {
  const found = [];
  for (const box of document.querySelectorAll('.card, .toolbar')) {
    const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
    const pieces = [];
    while (walker.nextNode()) {
      const range = document.createRange();
      range.selectNodeContents(walker.currentNode);
      const rect = range.getBoundingClientRect();
      const hidden = walker.currentNode.parentElement.closest(
        '.sr-only, .toolbar-brand-name, option',
      );
      if (rect.width > 0 && !hidden) pieces.push({ text: walker.currentNode.data, rect });
      if (rect.width > 0 && !hidden && rect.right > box.getBoundingClientRect().right)
        found.push(`${walker.currentNode.data} leaves its box`);
    }
    for (const [i, a] of pieces.entries())
      for (const b of pieces.slice(i + 1)) {
        const wide = Math.min(a.rect.right, b.rect.right) - Math.max(a.rect.left, b.rect.left);
        const high = Math.min(a.rect.bottom, b.rect.bottom) - Math.max(a.rect.top, b.rect.top);
        if (wide > 1 && high > 3) found.push(`${a.text} | ${b.text}`);
      }
  }
  return found;
}

/** In the page: figures as large as they get. Nothing is drawn anew while nobody sends. */
function enlargeFigures() {
  const figures = {
    '.card-rate': '99.9k',
    '.card-bytes': '99.9 MB/s',
    '.card-stats .stat:nth-child(1) .stat-value': '99.9M',
    '.card-stats .stat:nth-child(2) .stat-value': '10,000',
    '.card-stats .stat:nth-child(n+3) .stat-value': '99.9k',
    '.clients .table-body .cell-messages': '99.9k',
    '.clients .table-body .cell-size': '99.9 MB',
    '.clients .row[data-state="open"] .cell-seen': '59 min ago',
    '.clients .state[data-state="heard"]': 'seen 59 min ago',
    '.clients .table-body .cell-took': '999.9 ms',
    '.log .table-body .cell-took': '999.9 ms',
    '.log .table-body .cell-size': '65.5 kB',
  };
  for (const [selector, text] of Object.entries(figures))
    for (const element of document.querySelectorAll(selector)) element.firstChild.data = text;
}

/** Looks at the page in each of the windows; what is found is told with its window. */
async function findingsInWindows(page, before) {
  const findings = [];
  for (const { size, width, height } of WINDOWS) {
    await page.setViewportSize({ width, height });
    if ((await page.locator('html').getAttribute('data-size')) !== size)
      await page.keyboard.press('b');
    await page.locator(`html[data-size="${size}"]`).waitFor();
    // Two frames, for what is measured and drawn anew.
    await page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
    );
    await before();
    const found = [...(await page.evaluate(cutWords)), ...(await page.evaluate(overlaps))];
    findings.push(...found.map((what) => `${width} × ${height} ${size}: ${what}`));
  }
  return findings;
}

test('words of the tables are whole and figures stand apart, however large, in every window', async (t) => {
  const { server, page } = await serveDashboard(t, {}, { flags: ['--tcp-gap', '0'] });
  const udp = await udpClient(t, server.addresses.udpUpper);
  await udp.ask('a message');
  await fetch(`${server.url}api/v1/datagrams`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ listener: 'udp-upper', text: 'a test' }),
  });
  await page.locator('.test-mark').waitFor();
  const upper = await tcpClient(t, server.addresses.tcpUpper);
  await upper.ask('answered\n');
  const chats = [];
  for (let n = 0; n < 3; n += 1) chats.push(await tcpClient(t, server.addresses.tcpChat));
  for (const chat of chats) await chat.ask('Hi\n');
  await chats[0].ask('Exit\n');
  chats[1].ask('x'.repeat(20_000)).catch(() => {});
  const { items } = await (await fetch(`${server.url}api/v1/clients?state=open`)).json();
  const { id } = items.find(({ address }) => address === chats[2].address);
  await fetch(`${server.url}api/v1/clients/${id}`, { method: 'DELETE' });
  await page.locator('.state-waiting').waitFor();
  for (const word of ['disconnected', 'answered', 'exit'])
    await page.locator('.clients .row', { hasText: word }).waitFor();
  assert.deepEqual(await findingsInWindows(page, async () => {}), []);
  assert.deepEqual(await findingsInWindows(page, () => page.evaluate(enlargeFigures)), []);
});

test('large type that was chosen before looks after a reload as it did when it was chosen', async (t) => {
  const server = await startServer(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask('a message');
  for (const viewport of [
    { width: 1280, height: 800 },
    { width: 1024, height: 768 },
  ]) {
    const { page } = await openDashboard(t, server, { viewport });
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
