// Pictures of the dashboard, two of them for the README: node screenshots.mjs SOCKLENS OUTDIR
// Starts a server, lets a small class of clients talk to it for a while, and looks.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { launchBrowser, startServer, waitForState } from './support/dashboard.mjs';
import { tcpClient, udpClient } from './support/traffic.mjs';

const OUTDIR = process.argv[3];
const VIEWPORT = { width: 1440, height: 900 };
/** Long enough that the first minute of the curves is mostly drawn. */
const FIRST_PICTURE_MS = 48_000;
/** And it goes on while the rest is looked at. */
const TRAFFIC_MS = FIRST_PICTURE_MS + 45_000;
/** For what is drawn a moment after it was asked for. */
const SETTLE_MS = 1500;

const LINES = [
  'hello from client1',
  'Hi',
  'What do you have for lunch?',
  'temperature=21.5;humidity=48;battery=3.71V',
  'straße und Größe',
  'naïve café',
  '{"lamp":3,"on":true}',
  'PING 42',
  'GET / HTTP/1.1\r\nHost: example.org\r\n\r\n',
  Buffer.from([0x10, 0xff, 0x02, 0x41, 0x42]),
  'line one\nline two',
  '<b>bold?</b>',
];
/** A chat connection that has sent a line end answers whole lines only, so that these all have one. */
const CHAT_LINES = [
  'Hi\n',
  'Is anybody here?\n',
  'lunch at 12:30?\r\n',
  'ça marche\n',
  '\x1b[1mbold\x1b[0m\n',
];

if (!OUTDIR) {
  console.error('usage: node screenshots.mjs SOCKLENS OUTDIR');
  process.exit(2);
}

/** Further pictures, each of a page of its own; what they show is found by its text. */
const VIEWS = [
  {
    name: 'message',
    scheme: 'light',
    show: showMessage,
  },
  { name: 'client', scheme: 'dark', show: showClient },
  { name: 'filter', scheme: 'light', show: filterLog },
  { name: 'projector', scheme: 'dark', show: (page) => page.keyboard.press('b') },
  { name: 'small-desk', scheme: 'light', viewport: { width: 1024, height: 768 }, show: openForm },
  { name: 'phone', scheme: 'light', viewport: { width: 360, height: 740 }, show: async () => {} },
  { name: 'api', scheme: 'dark', show: (page) => page.keyboard.press('a') },
];

const cleanUps = [];
const scope = { after: (cleanUp) => cleanUps.unshift(cleanUp) };
try {
  await mkdir(OUTDIR, { recursive: true });
  const folder = await mkdtemp(path.join(tmpdir(), 'socklens-pictures-'));
  scope.after(() => rm(folder, { recursive: true, force: true }));
  const server = await startServer(scope, { store: path.join(folder, 'messages.db') });
  const browser = await launchBrowser();
  scope.after(() => browser.close());
  const pages = await Promise.all(
    ['light', 'dark'].map((scheme) => open(browser, server, { scheme })),
  );
  const talking = talk(server);
  // If it breaks off it is said where it is waited for, after what broke first.
  talking.catch(() => {});
  await pause(FIRST_PICTURE_MS);
  for (const { page, scheme } of pages) {
    await sendFromForm(page);
    await page.screenshot({ path: path.join(OUTDIR, `dashboard-${scheme}.png`) });
  }
  for (const view of VIEWS) {
    const { page } = await open(browser, server, view);
    await page.locator('.log .row[data-seq]').first().waitFor();
    await view.show(page, server);
    await pause(SETTLE_MS);
    await page.screenshot({ path: path.join(OUTDIR, `${view.name}-${view.scheme}.png`) });
    await page.context().close();
  }
  await talking;
} finally {
  for (const cleanUp of cleanUps) await cleanUp();
}

async function open(browser, server, { scheme, viewport = VIEWPORT }) {
  const context = await browser.newContext({ viewport, colorScheme: scheme });
  const page = await context.newPage();
  await page.goto(server.url);
  await waitForState(page, 'live');
  return { page, scheme };
}

async function ask(server, query) {
  return (await (await fetch(`${server.url}api/v1/${query}`)).json()).items[0];
}

/** The one that the form sent: by its address, since rows pass by quickly. */
async function showMessage(page, server) {
  const { seq } = await ask(server, 'messages?text=Gr%C3%BC%C3%9Fe&limit=1');
  await page.goto(`${server.url}#show=message:${seq}`);
  await page.getByRole('dialog').locator('.sides').waitFor();
  await page.getByRole('radio', { name: 'Hex', exact: true }).first().check();
}

async function showClient(page, server) {
  const { id } = await ask(server, 'clients?service=tcp-chat&state=open&limit=1');
  await page.goto(`${server.url}#show=client:${id}`);
  await page.getByRole('dialog').locator('.timeline li').first().waitFor();
}

async function openForm(page) {
  await page.keyboard.press('s');
  await page.locator('.send-panel').waitFor();
}

async function filterLog(page) {
  await page.getByRole('combobox', { name: 'Filter messages' }).fill('service:tcp-chat lunch');
  await page.keyboard.press('Enter');
  await page.locator('.filter-note', { hasText: 'searching' }).waitFor({ state: 'detached' });
}

/** Two datagrams from the form, the second one in hex. */
async function sendFromForm(page) {
  const payload = page.getByLabel('Payload', { exact: true });
  const send = page.getByRole('button', { name: /^Send/ });
  for (const [encoding, text] of [
    ['Hex', '47 72 c3 bc c3 9f 65 00 ff'],
    ['Text', 'hello from the dashboard'],
  ]) {
    const before = await page.locator('.result').count();
    await page.getByRole('radio', { name: encoding }).check();
    await payload.fill(text);
    await send.click();
    await page.locator('.result').nth(before).waitFor();
  }
}

/** A lesson: sensors by UDP, one-question connections, and a few who chat, some of whom leave. */
async function talk(server) {
  const { udpUpper, tcpUpper, tcpChat } = server.addresses;
  const end = Date.now() + TRAFFIC_MS;
  const students = [];
  for (let n = 0; n < 4; n += 1) {
    const client = await udpClient(scope, udpUpper);
    students.push(repeat(LINES, end, 350 + 190 * n, n, (line) => client.ask(line)));
  }
  students.push(
    repeat(LINES, end, 900, 3, async (line) => (await tcpClient(scope, tcpUpper)).ask(line)),
  );
  for (let n = 0; n < 5; n += 1) {
    const client = await tcpClient(scope, tcpChat);
    const stays = n < 3 ? end : end - 9000 * n;
    students.push(
      repeat(CHAT_LINES, stays, 700 + 260 * n, n + 5, (line) => client.ask(line)).then(() => {
        if (stays < end) return client.ask('Exit\n');
      }),
    );
  }
  await Promise.all(students);
}

/** Faster and slower in waves, as people are. */
async function repeat(lines, end, everyMs, first, ask) {
  for (let n = first; Date.now() < end; n += 1) {
    await ask(lines[n % lines.length]);
    await pause(everyMs * (0.35 + Math.abs(Math.sin(Date.now() / 4500 + first))));
  }
}
