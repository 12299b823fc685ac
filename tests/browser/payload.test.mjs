// What a payload consists of can be seen and copied, whatever it is and however long.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logRow, serveDashboard } from './support/dashboard.mjs';
import { tcpClient, udpClient } from './support/traffic.mjs';

/** What is sent, and how row and detail show it; a line feed also ends a line of the detail. */
const WHITE_SPACE = [
  ['   ', '␣␣␣'],
  ['Exit ', 'EXIT␣'],
  [' in front', '␣IN FRONT'],
  ['two  blanks', 'TWO␣␣BLANKS'],
  ['tab\there', 'TAB\\tHERE'],
  ['cr\r', 'CR\\r'],
  ['blank \r\nline', 'BLANK␣\\r\\nLINE'],
  ['nbsp\u00a0', 'NBSP\\u{a0}'],
  ['zero\u200bwidth', 'ZERO\\u{200b}WIDTH'],
  ['bidi\u202e\u2066', 'BIDI\\u{202e}\\u{2066}'],
  ['wide\u3000\u2003', 'WIDE\\u{3000}\\u{2003}'],
  ['nothing\u3164\u2800\ufe0f', 'NOTHING\\u{3164}\\u{2800}\\u{fe0f}'],
  [Buffer.from([0x20, 0xff, 0x20]), '␣\\xff␣'],
];

test('each byte of white space is seen in the row, in the detail and in a conversation', async (t) => {
  const { server, page } = await serveDashboard(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  const rows = page.locator('.log .row[data-seq]');
  for (const [index, [sent, shown]] of WHITE_SPACE.entries()) {
    await client.ask(sent);
    const row = page.locator(`.log .row[data-seq="${index + 1}"]`);
    assert.equal(await row.locator('.cell-sent').textContent(), shown);
    assert.ok((await row.locator('.cell-received').boundingBox()).width > 0);
    await row.locator('.cell-time').click();
    await page.getByRole('heading', { name: `Message ${index + 1}`, exact: true }).waitFor();
    const reply = page.getByRole('dialog').getByRole('region', { name: 'Reply', exact: true });
    const text = await reply.locator('.side-body').textContent();
    assert.equal(text.replaceAll('\n', ''), shown);
  }
  assert.equal(await rows.count(), WHITE_SPACE.length);
  await page.locator('.clients .row .cell-seen').last().click();
  const bubbles = page.getByRole('dialog').locator('.bubble-out');
  await bubbles.nth(WHITE_SPACE.length - 1).waitFor();
  const said = await bubbles.locator('.payload').allTextContents();
  assert.deepEqual(
    said.reverse(),
    WHITE_SPACE.map(([, shown]) => shown),
  );
});

/** Selects what an element holds, as by a mouse, and copies it. */
async function copySelected(page, locator) {
  await locator.evaluate((element) => getSelection().selectAllChildren(element));
  await page.keyboard.press('Control+C');
  return page.evaluate(() => navigator.clipboard.readText());
}

test('copied text holds the blanks of the payload, by button and by selection', async (t) => {
  const { server, page } = await serveDashboard(t);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const client = await udpClient(t, server.addresses.udpUpper);
  const long = ` 1 ␣  ${'x y'.repeat(100)} `;
  await client.ask(long);
  const row = page.locator('.log .row[data-seq="1"]');
  await row.locator('.cell-time').click();
  const received = page.getByRole('dialog').getByRole('region', { name: 'Received', exact: true });
  await received.getByRole('button', { name: 'Copy text' }).click();
  await received.getByText('Copied').waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), long);
  assert.ok((await received.locator('.line').count()) > 1, 'it takes more than one line');
  assert.equal(await copySelected(page, received.locator('.glyphs')), long);
  assert.equal(
    await copySelected(page, row.locator('.cell-received .payload')),
    `${long.slice(0, 200)}…`,
  );
});

test('differences are marked where the reply is made of the message, and nowhere else', async (t) => {
  const { server, page } = await serveDashboard(t);
  const senders = [
    await udpClient(t, server.addresses.udpUpper),
    await tcpClient(t, server.addresses.tcpUpper),
    await tcpClient(t, server.addresses.tcpChat),
  ];
  const mark = page.getByLabel('Mark differences');
  for (const [index, sender] of senders.entries()) {
    await sender.ask('data\n');
    await page.locator(`.log .row[data-seq="${index + 1}"] .cell-time`).click();
    await page.getByRole('heading', { name: `Message ${index + 1}` }).waitFor();
    const dialog = page.getByRole('dialog');
    await dialog.locator('.sides').waitFor();
    const chat = index === 2;
    assert.equal(await mark.count(), chat ? 0 : 1);
    assert.equal((await dialog.locator('.marked').count()) > 0, !chat);
  }
});

const LARGE = 60_000;
/** For the whole page, both sides of a message open. */
const MOST_NODES = 8000;

const nodesOf = (page) =>
  page.evaluate(() => {
    const walker = document.createTreeWalker(document, NodeFilter.SHOW_ALL);
    let nodes = 0;
    while (walker.nextNode()) nodes += 1;
    return nodes;
  });

test('what a payload costs to show does not grow with its size, and its end can be reached', async (t) => {
  const { server, page, complaints } = await serveDashboard(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  // Text, text with a difference in every other byte, all line feeds, and bytes that are no text.
  const payloads = [
    Buffer.alloc(LARGE, 'some text. '),
    Buffer.alloc(LARGE, 'aB'),
    Buffer.alloc(LARGE, '\n'),
    Buffer.alloc(LARGE, Buffer.from([0xff, 0x61, 0x00, 0x20])),
  ];
  for (const [index, payload] of payloads.entries()) {
    payload.write('THE END', LARGE - 7);
    await client.ask(payload);
    const row = page.locator(`.log .row[data-seq="${index + 1}"]`);
    await row.locator('.cell-time').click();
    await page.getByRole('heading', { name: `Message ${index + 1}` }).waitFor();
    for (const view of ['Text', 'Hex', 'Escaped']) {
      await page.getByRole('radio', { name: view, exact: true }).check();
      const side = page
        .getByRole('dialog')
        .getByRole('region', { name: `Received, as ${view.toLowerCase()}` });
      await side.locator('.line').first().waitFor();
      const nodes = await nodesOf(page);
      t.diagnostic(`${index} ${view}: ${nodes} nodes`);
      assert.ok(nodes < MOST_NODES, `${nodes} nodes for message ${index + 1} as ${view}`);
      await side.focus();
      await page.keyboard.press('End');
      const last =
        view === 'Hex'
          ? side.getByText('20 45 4e 44').or(side.locator('.hex-ascii', { hasText: /END$/ }))
          : side.getByText(/END$/);
      await last.last().waitFor();
      assert.ok((await nodesOf(page)) < MOST_NODES);
    }
  }
  assert.deepEqual(complaints, []);
});

test('a message of a kilobyte is in the document as a whole, where the browser finds its words', async (t) => {
  const { server, page } = await serveDashboard(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask(`${'x'.repeat(1000)} needle`);
  await logRow(page, 'xxx').locator('.cell-time').click();
  const received = page.getByRole('dialog').getByRole('region', { name: 'Received', exact: true });
  for (const view of ['Text', 'Escaped', 'Hex']) {
    await page.getByRole('radio', { name: view, exact: true }).check();
    await received.locator(`[aria-label="Received, as ${view.toLowerCase()}"]`).waitFor();
    assert.match(await received.locator('.side-body').textContent(), /needle|6e 65 65 64/);
  }
});
