import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  logRow,
  openDashboard,
  serveDashboard,
  startServer,
  waitForState,
} from './support/dashboard.mjs';
import { flood, tcpClient, udpClient } from './support/traffic.mjs';

const rowCount = (page) =>
  page.locator('.log').evaluate((table) => Number(table.getAttribute('aria-rowcount')) - 1);
const filterBar = (page) => page.getByRole('combobox', { name: 'Filter messages' });

async function waitForRows(page, count) {
  await page.waitForFunction(
    (rows) => document.querySelector('.log').getAttribute('aria-rowcount') === String(rows + 1),
    count,
  );
}

test('thousands of rows become the few that match, while at the end and from then on', async (t) => {
  const { server, page, complaints } = await serveDashboard(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  await flood(client, 5000, (n) => (n % 100 === 0 ? `needle ${n}` : `straw ${n}`));
  await client.ask('straw, the last');
  await logRow(page, 'straw, the last').waitFor();
  await filterBar(page).fill('needle');
  await page.keyboard.press('Enter');
  await waitForRows(page, 50);
  await logRow(page, 'needle 4900').waitFor();

  await client.ask('straw again');
  await client.ask('needle again');
  await logRow(page, 'needle again').waitFor();
  assert.equal(await rowCount(page), 51);
  await page.getByRole('button', { name: 'Clear' }).click();
  await logRow(page, 'straw again').waitFor();
  assert.deepEqual(complaints, []);
});

test('a filter is completed and judged while it is typed, and is part of the address', async (t) => {
  const { server, page } = await serveDashboard(t);
  const udp = await udpClient(t, server.addresses.udpUpper);
  await udp.ask('by udp');
  await (await tcpClient(t, server.addresses.tcpChat)).ask('by tcp\n');
  await logRow(page, 'by tcp').waitFor();

  await filterBar(page).focus();
  await page.keyboard.type('ser');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.keyboard.type('x');
  await page.getByText('service: udp-upper, tcp-upper, tcp-chat').waitFor();
  assert.equal(await filterBar(page).getAttribute('aria-invalid'), 'true');
  await page.keyboard.press('Backspace');
  await page.keyboard.type('chat');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  assert.equal(await filterBar(page).inputValue(), 'service:tcp-chat ');
  await page.keyboard.press('Enter');
  await waitForRows(page, 1);
  assert.match(page.url(), /#service=tcp-chat$/);

  await page.reload();
  await waitForState(page, 'live');
  await waitForRows(page, 1);
  assert.equal(await filterBar(page).inputValue(), 'service:tcp-chat');
  await page.goBack();
  await waitForRows(page, 2);
});

test('a click on a service or on a client narrows the log to it', async (t) => {
  const { server, page } = await serveDashboard(t);
  const one = await udpClient(t, server.addresses.udpUpper);
  const two = await udpClient(t, server.addresses.udpUpper);
  await one.ask('from one');
  await two.ask('from two');
  await (await tcpClient(t, server.addresses.tcpChat)).ask('chat\n');
  await logRow(page, 'Your data').waitFor();
  await logRow(page, 'from one').getByText('udp-upper').click();
  await waitForRows(page, 2);
  await logRow(page, 'from two').getByText(two.address).click();
  await waitForRows(page, 1);
  assert.match(await filterBar(page).inputValue(), /^service:udp-upper client:\d+$/);
});

test('scrolling back reaches the first message, and the place is kept on the way', async (t) => {
  const server = await startServer(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  await flood(client, 1500, (n) => `row ${n}.`);
  await client.ask('the end');
  const { page } = await openDashboard(t, server);
  await logRow(page, 'the end').waitFor();
  assert.equal(await rowCount(page), 200);
  await page.locator('.log').focus();
  const first = page.locator('.log .row[data-seq="1"]');
  for (let tries = 0; (await first.count()) === 0; tries += 1) {
    assert.ok(tries < 40, 'Home leads to the first message');
    await page.keyboard.press('Home');
    await page.waitForTimeout(100);
  }
  await logRow(page, 'row 0.').waitFor();
  assert.ok((await rowCount(page)) >= 1501);
  await page.keyboard.press('End');
  await logRow(page, 'the end').waitFor();
});

test('Pause freezes the rows and counts on; End goes on', async (t) => {
  const { server, page } = await serveDashboard(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask('before');
  await logRow(page, 'before').waitFor();
  const pause = page.getByRole('button', { name: 'Pause' });
  await pause.click();
  for (let n = 0; n < 3; n += 1) await client.ask(`during ${n}`);
  await page.getByRole('button', { name: /^3 new/ }).waitFor();
  assert.equal(await rowCount(page), 1);
  await page.locator('.log').focus();
  await page.keyboard.press('End');
  await logRow(page, 'during 2').waitFor();
  assert.equal(await pause.getAttribute('aria-pressed'), 'false');
});

test('paused rows stay when the log is cleared, and a note tells of it', async (t) => {
  const { server, page } = await serveDashboard(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  for (let n = 0; n < 5; n += 1) await client.ask(`frozen ${n}`);
  await logRow(page, 'frozen 4').waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  for (let n = 0; n < 3; n += 1) await client.ask(`during ${n}`);
  await page.getByRole('button', { name: /^3 new/ }).waitFor();
  await fetch(`${server.url}api/v1/messages?confirm=yes`, { method: 'DELETE' });
  await page.getByText('paused · the log was cleared since').waitFor();
  assert.equal(await rowCount(page), 5);
  await logRow(page, 'frozen 0').waitFor();
  assert.equal(await page.getByRole('button', { name: /new/ }).count(), 0);

  await server.stop();
  await waitForState(page, 'reconnecting');
  await server.start();
  await waitForState(page, 'live');
  await page.getByText('paused · socklens was restarted since').waitFor();
  assert.equal(await rowCount(page), 5);
  await logRow(page, 'frozen 2').waitFor();
  await client.ask('afterwards');
  await page.locator('.log').focus();
  await page.keyboard.press('End');
  await logRow(page, 'afterwards').waitFor();
  assert.equal(await logRow(page, 'frozen 0').count(), 0);
});

const note = (page) => page.locator('.filter-note');

/** What Enter leads to: a count of matches, or a field that is marked and a sentence. */
async function outcomeOf(page, line) {
  await filterBar(page).fill(line);
  await page.keyboard.press('Enter');
  // What is drawn now may still be of the line before.
  await page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
  );
  await page.waitForFunction(() => {
    const invalid = document.querySelector('.filter-bar').dataset.invalid === 'true';
    const count = /^[\d,]+ (or more )?match/.test(
      document.querySelector('.filter-note').textContent,
    );
    return invalid || count;
  });
  const invalid = (await filterBar(page).getAttribute('aria-invalid')) === 'true';
  return invalid ? page.locator('.filter-said').textContent() : '';
}

async function filterParameters(server) {
  const api = await (await fetch(new URL('api/v1/openapi.json', server.url))).json();
  const own = api.paths['/api/v1/messages'].get.parameters.flatMap(({ $ref }) =>
    $ref ? [api.components.parameters[$ref.split('/').at(-1)]] : [],
  );
  return own.filter(({ name }) => !['limit', 'cursor'].includes(name));
}

test('each filter of the API gives rows or an error here, and a misspelled one an error', async (t) => {
  const { server, page, complaints } = await serveDashboard(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask('one');
  await logRow(page, 'one').waitFor();
  const parameters = await filterParameters(server);
  assert.ok(parameters.length > 15);
  for (const { name, example } of parameters) {
    const value = [example].flat()[0];
    const query = new URLSearchParams([[name, value]]);
    const answer = await (await fetch(new URL(`api/v1/messages?${query}`, server.url))).json();
    assert.equal(await outcomeOf(page, `${name.toUpperCase()}:${value}`), '', name);
    await waitForRows(page, answer.items.length);
    const wrong = name.replace(/^(.)(.)/, '$2$1');
    assert.match(await outcomeOf(page, `${wrong}:${value}`), /did you mean|there are/, wrong);
  }
  assert.deepEqual(complaints, []);
});

test('exclusions, addresses and sizes in the filter select the rows that the API selects', async (t) => {
  const { server, page } = await serveDashboard(t);
  const one = await udpClient(t, server.addresses.udpUpper);
  await one.ask('alpha beta');
  await one.ask('beta alpha');
  await one.ask('xyz');
  const chat = await tcpClient(t, server.addresses.tcpChat);
  await chat.ask('hello over tcp\n');
  await waitForRows(page, 4);
  const port = one.address.split(':').at(-1);
  const rows = {
    [`port:${port}`]: 3,
    [`-port:${port}`]: 1,
    [`address:${one.address}`]: 3,
    [`client:${one.address} size:3`]: 3 - 2,
    'address:127.0.0.1': 4,
    '!address:127.0.0.1': 0,
    '-service:udp-upper': 1,
    '-outcome:replied': 0,
    'service:udp-upper service:tcp-chat': 4,
    'received:3': 1,
    'received:4..': 3,
    'max_size:3': 1,
    'after:2': 2,
    'alpha beta': 1,
    'beta -service:tcp-chat': 2,
    'hex:61 6c 70': 2,
  };
  for (const [line, count] of Object.entries(rows)) {
    assert.equal(await outcomeOf(page, line), '', line);
    await waitForRows(page, count);
    assert.equal(await note(page).textContent(), `${count} ${count === 1 ? 'matches' : 'match'}`);
  }
  for (const [line, said] of Object.entries({
    [`client:${port}`]: `did you mean port:${port}?`,
    'line_end:none': 'hex:0a',
    'seq:2': '#show=message:2',
    'address:999.1.1.1': 'address',
    [one.address]: `did you mean address:${one.address}`,
  }))
    assert.ok((await outcomeOf(page, line)).includes(said), line);
});

test('typing moves nothing, and is not refused before it is done', async (t) => {
  const server = await startServer(t);
  for (const viewport of [
    { width: 1440, height: 900 },
    { width: 390, height: 844 },
  ]) {
    const { page } = await openDashboard(t, server, { viewport });
    const client = await udpClient(t, server.addresses.udpUpper);
    await client.ask('a row');
    await logRow(page, 'a row').first().waitFor();
    await filterBar(page).focus();
    const top = () => page.locator('.log').evaluate((log) => log.getBoundingClientRect().top);
    const before = await top();
    for (const letter of 'outcome:replied') {
      await page.keyboard.type(letter);
      assert.equal(await filterBar(page).getAttribute('aria-invalid'), 'false');
      assert.equal(await top(), before, letter);
    }
    await page.keyboard.press('Enter');
    await page.getByText('1 match').or(page.getByText('2 match')).first().waitFor();
    assert.equal(await top(), before);
    await filterBar(page).focus(); // which Enter has left
    await page.keyboard.press('End');
    await page.keyboard.type(' -outcome:');
    await page.keyboard.press('Enter');
    assert.equal(await filterBar(page).getAttribute('aria-invalid'), 'true');
    assert.equal(await top(), before);
  }
});

test('every outcome is suggested, and the one that the arrow keys stand on is seen', async (t) => {
  const { server, page } = await serveDashboard(t);
  const api = await (await fetch(new URL('api/v1/openapi.json', server.url))).json();
  await page.waitForFunction(() => document.querySelector('.log [role="columnheader"][title]'));
  await filterBar(page).fill('-outcome:');
  const options = page.getByRole('option');
  for (const name of api.components.schemas.Outcome.enum)
    await options.filter({ hasText: new RegExp(`^-outcome:${name}$`) }).waitFor();
  await page.keyboard.press('ArrowUp');
  const seen = await page.locator('.suggestion[aria-selected="true"]').evaluate((option) => {
    const [box, list] = [option, option.parentElement].map((one) => one.getBoundingClientRect());
    return box.bottom <= list.bottom + 1 && box.top >= list.top - 1 && list.bottom <= innerHeight;
  });
  assert.ok(seen);
});

test('a pasted payload finds its message, and a typed time stays local', async (t) => {
  const { server, page } = await serveDashboard(t, { timezoneId: 'America/New_York' });
  const client = await udpClient(t, server.addresses.udpUpper);
  await client.ask('TWO\nLINES "A" \\N');
  await client.ask('other');
  await waitForRows(page, 2);
  const paste = (text) =>
    filterBar(page).evaluate((input, given) => {
      input.value = '';
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', given);
      input.dispatchEvent(new ClipboardEvent('paste', { clipboardData, cancelable: true }));
    }, text);
  await filterBar(page).focus();
  await paste('TWO\nLINES "A" \\N');
  await page.keyboard.press('Enter');
  await waitForRows(page, 1);
  assert.equal(await filterBar(page).inputValue(), '"TWO\\nLINES \\"A\\" \\\\N"');

  await outcomeOf(page, 'since:2026-01-05T15:00');
  assert.equal(await filterBar(page).inputValue(), 'since:2026-01-05T15:00');
  assert.match(page.url(), /since=2026-01-05T20%3A00%3A00Z/);
  await page.reload();
  await waitForState(page, 'live');
  assert.equal(await filterBar(page).inputValue(), 'since:2026-01-05T15:00');
});
