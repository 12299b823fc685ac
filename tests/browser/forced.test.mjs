// Where the system chooses the colours nothing is told by a colour or a background alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientRow, logRow, serveDashboard } from './support/dashboard.mjs';
import { tcpClient, udpClient } from './support/traffic.mjs';

/** In the page: what is left of an element's look where colours and backgrounds are the system's. */
function lookOf(element) {
  const style = getComputedStyle(element);
  const before = getComputedStyle(element, '::before');
  return {
    border: style.borderTopStyle === 'none' ? 0 : Number.parseFloat(style.borderTopWidth),
    borderColor: style.borderTopColor,
    borderStyle: style.borderTopStyle,
    outline: style.outlineStyle === 'none' ? 0 : Number.parseFloat(style.outlineWidth),
    line: style.textDecorationLine,
    sign: ['none', 'normal'].includes(before.content) ? '' : before.content,
    background: style.forcedColorAdjust === 'none' ? style.backgroundColor : '',
    radius: style.borderTopLeftRadius,
    rotate: style.rotate,
  };
}

for (const colorScheme of ['light', 'dark']) {
  test(`in forced colours, ${colorScheme}, each state has a border, a line or a sign`, async (t) => {
    const { server, page } = await serveDashboard(
      t,
      { forcedColors: 'active', colorScheme },
      { flags: ['--tcp-gap', '0'] },
    );
    const look = (selector) => page.locator(selector).first().evaluate(lookOf);
    const udp = await udpClient(t, server.addresses.udpUpper);
    await udp.ask('bytes\\n: \n\xff ');
    const upper = await tcpClient(t, server.addresses.tcpUpper);
    await upper.ask('x\n');
    const chat = await tcpClient(t, server.addresses.tcpChat);
    await chat.ask('Hi\n');
    chat.ask('waits').catch(() => {});
    await clientRow(page, chat.address).locator('.state-waiting').waitFor();
    await fetch(`${server.url}api/v1/datagrams`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ listener: 'udp-upper', text: 'a test' }),
    });
    await page.locator('.test-mark').waitFor();

    for (const [what, selector] of Object.entries({
      'the button that sends': '.button-main',
      'an escape in a row': '.cell-received .escape',
      'a blank in a row': '.cell-received .blank',
      'the dot of the connection': '.stream-dot',
      'the dot of a service': '.service-dot',
      'the mark of an own test': '.test-mark',
    }))
      assert.ok((await look(selector)).border >= 1, `${what} has a border`);
    assert.equal((await look('.state-waiting')).sign, '"! "');

    const shapes = [];
    for (const service of ['udp-upper', 'tcp-upper', 'tcp-chat']) {
      const { radius, rotate } = await look(`.card [data-service="${service}"] .service-dot`);
      shapes.push(`${radius} ${rotate}`);
    }
    assert.equal(new Set(shapes).size, 3, `each service has its shape: ${shapes}`);

    await page.locator('.log .row[data-seq="1"] .cell-time').click();
    const detail = page.getByRole('dialog');
    await detail.locator('.marked').first().waitFor();
    assert.equal((await look('.detail .marked')).line, 'underline');
    assert.ok((await look('.detail .glyphs .escape')).border >= 1, 'an escape has a border');
    assert.ok((await look('.detail .glyphs .blank')).border >= 1, 'a blank has a border');
    assert.ok((await look('.log .row[aria-selected="true"]')).outline >= 2, 'the row that is open');
    assert.equal((await look('.detail .outcome[data-tone="good"]')).sign, '"✓ "');
    const chosen = await look('.segment input:checked + .segment-face');
    const other = await look('.segment input:not(:checked) + .segment-face');
    assert.notEqual(chosen.background, other.background, 'the choice that is made');

    await page.keyboard.press('Escape');
    await page.keyboard.press('b');
    assert.ok(
      (await look('.button[aria-pressed="true"]')).outline >= 2,
      'a button that is pressed',
    );
    await page.keyboard.press('b');

    await page.getByRole('combobox', { name: 'Filter messages' }).fill('nokey:x');
    await page.keyboard.press('Enter');
    await page.locator('.filter-bar[data-invalid="true"]').waitFor();
    assert.equal(
      (await look('.filter-bar input')).borderStyle,
      'double',
      'a field that is refused',
    );
    await page.getByRole('combobox', { name: 'Filter messages' }).fill('service:');
    await page.keyboard.press('ArrowDown');
    assert.ok((await look('.suggestion[aria-selected="true"]')).outline >= 2, 'what is suggested');
    await page.keyboard.press('Escape');
  });
}

test('an outcome that is no reply has a sign in forced colours', async (t) => {
  const { server, page } = await serveDashboard(
    t,
    { forcedColors: 'active' },
    { flags: ['--udp-rate', '1'] },
  );
  const chat = await tcpClient(t, server.addresses.tcpChat);
  await chat.ask('Exit\nmore\n');
  const outcome = logRow(page, 'more').locator('.outcome');
  await outcome.waitFor();
  assert.equal((await outcome.evaluate(lookOf)).sign, '"! "');
});
