// The dashboard of a running server, open in a real browser.
import { createRequire } from 'node:module';
import { Server } from './server.mjs';

const require = createRequire(new URL('../../../web/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const axePath = require.resolve('axe-core/axe.min.js');

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** What a browser says of a server that is stopped: no fault of the page. */
const SERVER_DOWN = /ERR_(CONNECTION_REFUSED|CONNECTION_RESET|INCOMPLETE_CHUNKED_ENCODING)/;
/** The page asks whether the server has exports; one that has not answers 404. */
const ASKED_FOR = /\/api\/v1\/export/;
const DESK = { width: 1440, height: 900 };

export function launchBrowser(flags = []) {
  return chromium.launch({ executablePath: CHROMIUM, args: [...ARGS, ...flags] });
}

let shared = null;

/** One browser for all tests, each of which looks at it from a profile of its own. */
function sharedBrowser() {
  shared ??= launchBrowser();
  return shared;
}

export async function closeSharedBrowser() {
  await (await shared)?.close();
}

/** Starts a server for one test. */
export async function startServer(t, options) {
  const server = new Server(process.env.SOCKLENS_EXE ?? process.argv[2], options);
  t.after(() => server.stop());
  await server.start();
  return server;
}

/**
 * Opens the dashboard in a browser profile of its own. `complaints` collects whatever the browser objected to:
 * errors, broken policies, dialogs, requests to anywhere else.
 */
export async function openDashboard(t, server, options) {
  const opened = await openPage(t, server, options);
  await waitForState(opened.page, 'live');
  return opened;
}

/** Both: what most tests begin with. */
export async function serveDashboard(t, look, options) {
  const server = await startServer(t, options);
  return { server, ...(await openDashboard(t, server, look)) };
}

/** As openDashboard, whatever the page then shows; `init` runs before anything of the page does. */
export async function openPage(t, server, { viewport = DESK, init, ...look } = {}) {
  const browser = await sharedBrowser();
  const context = await browser.newContext({ colorScheme: 'light', ...look, viewport });
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints = listenForComplaints(page, server.url);
  await page.addInitScript({ path: axePath });
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) =>
      console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`),
    );
  });
  if (init) await page.addInitScript(init);
  await page.goto(server.url);
  return { page, complaints };
}

export function waitForState(page, state) {
  return page.locator(`.stream[data-state="${state}"]`).waitFor();
}

/** The row of the message log, or of the clients table, that holds this text. */
export function logRow(page, text) {
  return page.locator('.log .table-body .row', { hasText: text });
}

export function clientRow(page, address) {
  return page.locator('.clients .table-body .row', { hasText: address });
}

function listenForComplaints(page, origin) {
  const complaints = [];
  page.on('console', (line) => {
    const grave = ['error', 'warning'].includes(line.type());
    const expected = SERVER_DOWN.test(line.text()) || ASKED_FOR.test(line.location().url);
    if (grave && !expected) complaints.push(line.text());
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss().catch(() => {});
  });
  page.on('request', (request) => {
    const away = !request.url().startsWith(origin) && !request.url().startsWith('data:');
    if (away) complaints.push(`request to ${request.url()}`);
  });
  return complaints;
}
