// What fault rules did to real datagrams, as the rows and the open message tell it, and the rules themselves.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { openPage, serveDashboard, startServer, waitForState } from './support/dashboard.mjs';
import { TOKEN, tokenFlags } from './support/token.mjs';
import { udpClient } from './support/traffic.mjs';

const MESSAGE = 'hello over udp';

async function asked(server, path, method = 'GET', body = undefined) {
  const answer = await fetch(`${server.url}api/v1/${path}`, {
    method,
    body: body && JSON.stringify(body),
    headers: body ? { 'Content-Type': 'application/json' } : {},
  });
  return answer.status === 204 ? null : answer.json();
}

const addRule = (server, rule, name) =>
  asked(server, 'faults', 'POST', { listener: 'udp-upper', rule, name });

const row = (page, seq) => page.locator(`.log .row[data-seq="${seq}"]`);

test('a lost reply is a chip on its row, and a sentence with a command that repeats it', async (t) => {
  const { server, page, complaints } = await serveDashboard(t);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const client = await udpClient(t, server.addresses.udpUpper);
  await addRule(server, 'loss 4/11 seed 7', 'kurose');
  for (let n = 0; n < 5; n += 1) await client.send(MESSAGE);
  const lost = row(page, 5);
  const chip = lost.locator('.cell-sent').getByRole('img', { name: /^Fault: The reply was made/ });
  assert.equal(await chip.textContent(), 'lost · kurose');
  assert.equal(await page.locator('.fault-chip').count(), 1);
  const struck = await lost
    .locator('.outcome')
    .evaluate((outcome) => getComputedStyle(outcome).textDecorationLine);
  assert.equal(struck, 'line-through');

  await lost.locator('.cell-time').click();
  const list = page.getByRole('list', { name: 'Fault rules' });
  await list
    .getByText(
      'The reply was made and thrown away by rule kurose (loss 4/11 seed 7). It was message 5 from 127.0.0.1; the draw 0.285 is below 0.364.',
    )
    .waitFor();
  await asked(server, 'faults?confirm=yes', 'DELETE');
  await list.getByRole('button', { name: /^Copy as curl/ }).click();
  await list.getByText('Copied').waitFor();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  execFileSync('bash', ['-c', command]);
  const { items } = await asked(server, 'faults');
  assert.deepEqual(
    items.map(({ name, rule }) => [name, rule]),
    [['kurose', 'loss 4/11 seed 7']],
  );
  await row(page, 4).locator('.cell-time').click();
  await list.waitFor({ state: 'detached' });
  assert.deepEqual(complaints, []);
});

const EFFECTS = [
  ['loss on received', 'received', 'lost · r', /before the service saw it/],
  ['truncate 8', 'sent', '✂ 8 B', /cut from 14 to 8 bytes/],
  ['corrupt seed 3', 'sent', '≠ 1 bit', /1 bit of the reply was flipped .*: byte \d+ from/],
  ['duplicate', 'sent', '2×', /sent 1 more time/],
  ['delay 27ms', 'sent', '+27 ms', /held for 27 ms/],
  ['rate 8kbit/s', 'sent', '+14 ms', /waited 14 ms/],
  ['reorder within 50ms', 'sent', '⇄', /its time was over/],
];

test('each effect has its chip on the side that it changed, and its sentence', async (t) => {
  const { server, page, complaints } = await serveDashboard(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  for (const [n, [rule, side, words, sentence]] of EFFECTS.entries()) {
    await addRule(server, rule, 'r');
    await client.send(MESSAGE);
    const chip = row(page, n + 1).locator(`.cell-${side} .fault-chip`);
    await chip.waitFor();
    assert.equal(await chip.textContent(), words, rule);
    await row(page, n + 1)
      .locator('.cell-time')
      .click();
    await page.getByRole('list', { name: 'Fault rules' }).getByText(sentence).waitFor();
    await asked(server, 'faults/r', 'DELETE');
  }
  assert.equal(await page.locator('.fault-chip').count(), EFFECTS.length);
  assert.deepEqual(complaints, []);
});

for (const [where, look, keys] of [
  ['on a desk', {}, ''],
  ['for the projector', {}, 'b'],
  ['on a small desk', { viewport: { width: 1024, height: 768 } }, ''],
  ['on a phone', { viewport: { width: 360, height: 740 } }, ''],
  ['in forced colours', { forcedColors: 'active' }, ''],
])
  test(`while a rule acts the toolbar says so, ${where}`, async (t) => {
    const { server, page, complaints } = await serveDashboard(t, look);
    const said = page.locator('.toolbar').getByRole('status').getByRole('button');
    assert.equal(await said.count(), 0);
    await addRule(server, 'loss 30% seed 7', 'r');
    await page.reload();
    for (const key of keys) await page.keyboard.press(key);
    await said.getByText('Network made bad on purpose').waitFor();
    assert.equal(await said.getAttribute('title'), 'udp-upper loss 30% seed 7');
    const { x, width } = await said.boundingBox();
    assert.ok(x >= 0 && x + width <= page.viewportSize().width);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `the page is ${wide} px too wide`);
    await said.click();
    await panel(page).getByLabel('r', { exact: true }).click();
    await said.waitFor({ state: 'detached' });
    assert.deepEqual(complaints, []);
  });

const panel = (page) => page.getByRole('dialog', { name: 'Fault rules' });
const ruleField = (page) => panel(page).getByLabel(/^Rule for udp-upper/);
const ruleRow = (page, name) => panel(page).locator('.rule-row', { hasText: name });

test('a rule is shown before it is added, and does what was shown', async (t) => {
  const { server, page, complaints } = await serveDashboard(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  await page.getByRole('button', { name: '+ fault' }).click();
  await ruleField(page).fill('loss 40% name mine');
  const fates = panel(page).getByRole('img', { name: /of the first 40/ });
  const shown = await fates.textContent();
  await ruleField(page).press('Enter');
  await ruleRow(page, 'mine').waitFor();
  assert.equal(await ruleField(page).inputValue(), '');
  for (let n = 0; n < 20; n += 1) await client.send(MESSAGE);
  await ruleRow(page, 'mine').getByText('of 20 hit').waitFor();
  const { items } = await asked(server, 'messages?limit=20');
  const lost = items.toReversed().map(({ outcome }) => (outcome === 'reply_lost' ? '×' : '·'));
  assert.equal(lost.join(''), shown.slice(0, 20));
  const next = ruleRow(page, 'mine').getByRole('img', { name: /of the next 20/ });
  assert.equal(await next.textContent(), shown.slice(20));
  await ruleRow(page, 'mine').getByRole('button', { name: 'Restart mine' }).click();
  await ruleRow(page, 'mine').getByText('0 of 0 hit').waitFor();
  await ruleRow(page, 'mine').getByRole('button', { name: 'Remove mine' }).click();
  await panel(page).getByText('No rule: the network is as it is.').waitFor();
  assert.deepEqual(complaints, []);
});

test('a wrong rule is answered with what is allowed', async (t) => {
  const { page } = await serveDashboard(t);
  await page.keyboard.press('f');
  await ruleField(page).fill('los 30%');
  await panel(page)
    .getByText('"los" is no effect; did you mean "loss"? (allowed: loss, duplicate,')
    .waitFor();
  assert.equal(await ruleField(page).getAttribute('aria-invalid'), 'true');
  await ruleField(page).fill('loss');
  await panel(page)
    .getByRole('img', { name: /^40 of the first 40/ })
    .waitFor();
  assert.equal(await ruleField(page).getAttribute('aria-invalid'), 'false');
});

test('rules are switched under their listener and in the panel, and all at once', async (t) => {
  const { server, page, complaints } = await serveDashboard(t);
  await addRule(server, 'loss', 'first');
  await addRule(server, 'delay 1ms', 'second');
  await page.reload();
  const card = page.getByRole('group', { name: 'Fault rules of udp-upper' });
  const enabled = async () =>
    (await asked(server, 'faults')).items.map((rule) => rule.enabled).join();
  await card.getByLabel('first').click();
  await card.locator('[data-on="false"]', { hasText: 'first' }).waitFor();
  assert.equal(await enabled(), 'false,true');
  await asked(server, 'faults/first', 'PATCH', { enabled: true });
  await card.locator('[data-on="true"]', { hasText: 'first' }).waitFor();
  await page.keyboard.press('f');
  await panel(page).getByRole('button', { name: 'All off' }).click();
  await ruleRow(page, 'second').and(page.locator('[data-on="false"]')).waitFor();
  assert.equal(await enabled(), 'false,false');
  await ruleRow(page, 'second').getByLabel('second').click();
  await card.locator('[data-on="true"]', { hasText: 'second' }).waitFor();
  assert.equal(await enabled(), 'false,true');
  assert.deepEqual(complaints, []);
});

test('a scenario shows its rules, and adds them', async (t) => {
  const { server, page, complaints } = await serveDashboard(t);
  await page.goto(`${server.url}#show=faults`);
  const { items } = await asked(server, 'scenarios');
  const scenario = items.find(({ rules }) => rules.length === 3);
  await panel(page).getByLabel('Scenario').selectOption(scenario.name);
  await panel(page).getByText(scenario.description).waitFor();
  const list = panel(page).getByRole('list', { name: 'Rules of the scenario' });
  assert.deepEqual(await list.getByRole('listitem').allTextContents(), scenario.rules);
  await panel(page).getByRole('button', { name: 'Add these rules' }).click();
  await panel(page).locator('.rule-row').nth(2).waitFor();
  assert.equal((await asked(server, 'faults')).items.length, 3);
  assert.deepEqual(complaints, []);
});

test('what rules hold back is told', async (t) => {
  const { server, page } = await serveDashboard(t);
  const client = await udpClient(t, server.addresses.udpUpper);
  await addRule(server, 'delay 60s', 'slow');
  await page.keyboard.press('f');
  await client.send(MESSAGE);
  await panel(page)
    .getByText(/^1 message held, \d+ B of 16.0 MiB$/)
    .waitFor();
});

for (const viewport of [
  { width: 1440, height: 900 },
  { width: 360, height: 740 },
])
  test(`f opens the fault rules and closes them, ${viewport.width} px wide`, async (t) => {
    const { page } = await serveDashboard(t, { viewport });
    await page.keyboard.press('f');
    await panel(page).waitFor();
    assert.match(page.url(), /#show=faults$/);
    await page.waitForFunction(() => document.title.startsWith('Fault rules'));
    await page.keyboard.press('f');
    await panel(page).waitFor({ state: 'detached' });
    assert.doesNotMatch(page.url(), /show/);
    await page.goBack();
    await ruleField(page).fill('');
    await page.keyboard.type('f');
    assert.equal(await ruleField(page).inputValue(), 'f');
  });

test('with a token the rules are asked for and changed as everything else is', async (t) => {
  const server = await startServer(t, await tokenFlags(t));
  const { page } = await openPage(t, server);
  await page.getByLabel('socklens asks for its token').fill(TOKEN);
  await page.keyboard.press('Enter');
  await waitForState(page, 'live');
  await page.keyboard.press('f');
  await ruleField(page).fill('loss every 3');
  await panel(page).getByRole('button', { name: 'Add', exact: true }).click();
  await ruleRow(page, 'loss every 3').waitFor();
});
