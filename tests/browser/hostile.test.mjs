// Pages from elsewhere try to use the visitor's browser against the server. What each attempt says
// in the page is one thing; what the server then knows over its API is what counts.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { launchBrowser, startServer } from './support/dashboard.mjs';
import { tcpClient, udpClient } from './support/traffic.mjs';

/** A name that resolves to this machine, as an attacker's name server has it. */
const EVIL = 'evil.example';
/** Chromium keeps strangers' pages from this machine; other browsers do not. */
const NO_HELP_FROM_THE_BROWSER =
  '--disable-features=BlockInsecurePrivateNetworkRequests,LocalNetworkAccessChecks';
const BODY = JSON.stringify({ listener: 'udp-upper', text: 'sent by a stranger' });
/** What readAll gives where the browser shows the page none of it. */
const NOTHING_READ = {
  cors: 'refused',
  opaque: 'refused',
  events: 'refused',
  script: 'refused',
  code: 'refused',
  style: 'refused',
  picture: 'refused',
};

async function hostileBrowser(t) {
  const browser = await launchBrowser([
    `--host-resolver-rules=MAP ${EVIL} 127.0.0.1`,
    NO_HELP_FROM_THE_BROWSER,
  ]);
  t.after(() => browser.close());
  return browser;
}

/** The attacker's own listener, which lets its pages do anything. */
async function hostileServer(t) {
  const listener = http.createServer((_, answer) => {
    answer.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><body>free money');
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.after(() => {
    listener.closeAllConnections();
    listener.close();
  });
  return listener.address().port;
}

/** A server with something to read and somebody to disconnect. */
async function victim(t) {
  const server = await startServer(t);
  const chat = await tcpClient(t, server.addresses.tcpChat);
  await chat.ask('secret');
  const udp = await udpClient(t, server.addresses.udpUpper);
  await udp.ask('secret');
  const ask = async (path) => (await fetch(`${server.url}${path}`)).json();
  const seen = async () => {
    const { items } = await ask('api/v1/messages');
    const clients = (await ask('api/v1/clients')).items;
    return {
      texts: items.map((item) => item.received.text),
      clients: clients.map((client) => [client.id, client.service, client.state]),
      streams: (await ask('api/v1/status')).http.streams,
    };
  };
  const { id } = (await ask('api/v1/clients?service=tcp-chat')).items[0];
  return { server, chat, seen, clientId: id };
}

/** How often the server has answered such a request so: an attempt that the browser never sent
 * proves nothing of the server. Methods that it does not have are "any". */
async function answered(server, method, status) {
  const metrics = await (await fetch(`${server.url}metrics`)).text();
  const line = new RegExp(
    `^socklens_http_requests_total\\{method="${method}",[^}]*status="${status}"\\} (\\d+)`,
    'gm',
  );
  return [...metrics.matchAll(line)].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** In the page: sends and deletes by fetch in every way that a page from elsewhere has. */
async function changeByFetch([url, body, clientId]) {
  const tell = (request) =>
    request.then(
      (answer) => `${answer.type} ${answer.status}`,
      (error) => error.name,
    );
  const post = (headers, mode) =>
    tell(fetch(`${url}api/v1/datagrams`, { method: 'POST', mode, headers, body }));
  const remove = (path) => tell(fetch(`${url}api/v1/${path}`, { method: 'DELETE' }));
  return {
    simple: await post({ 'content-type': 'text/plain' }, 'no-cors'),
    json: await post({ 'content-type': 'application/json' }, 'no-cors'),
    preflight: await post({ 'content-type': 'application/json' }, 'cors'),
    beacon: navigator.sendBeacon(`${url}api/v1/datagrams`, new Blob([body])) && 'queued',
    client: await remove(`clients/${clientId}`),
    messages: await remove('messages?confirm=yes'),
  };
}

/** In the page: reads by whatever may name another origin; each says "read" or how it failed. */
async function readAll([url]) {
  const byElement = (name, attribute, path, more = {}) =>
    new Promise((tell) => {
      const element = Object.assign(document.createElement(name), more);
      element.onload = () => tell('read');
      element.onerror = () => tell('refused');
      element[attribute] = url + path;
      document.body.append(element);
    });
  const byFetch = (mode) =>
    fetch(`${url}api/v1/messages`, { mode }).then(
      async (answer) => (answer.ok && (await answer.text()) ? 'read' : 'refused'),
      () => 'refused',
    );
  const byEvents = new Promise((tell) => {
    const events = new EventSource(`${url}api/v1/events`);
    events.onopen = events.onmessage = () => tell('read');
    events.onerror = () => {
      events.close();
      tell('refused');
    };
  });
  return {
    cors: await byFetch('cors'),
    opaque: await byFetch('no-cors'),
    events: await byEvents,
    script: await byElement('script', 'src', 'api/v1/messages'),
    code: await byElement('script', 'src', 'app.js'),
    style: await byElement('link', 'href', 'app.css', { rel: 'stylesheet' }),
    picture: await byElement('img', 'src', 'favicon.svg'),
  };
}

/** In the page: a form cannot choose its headers, but needs nobody's leave. */
function submitForm([url, enctype, body]) {
  const frame = Object.assign(document.createElement('iframe'), { name: enctype });
  const form = Object.assign(document.createElement('form'), { enctype, target: enctype });
  form.method = 'post';
  form.action = `${url}api/v1/datagrams`;
  // As text/plain this leaves as the JSON document itself.
  const field = Object.assign(document.createElement('input'), { type: 'hidden' });
  field.name = `${body.slice(0, -1)},"ignored":"`;
  field.value = '"}';
  form.append(field);
  document.body.append(frame, form);
  form.submit();
}

/** Waits until the server has answered that many such requests. */
async function untilAnswered(server, method, status, count) {
  for (let tries = 0; tries < 300; tries += 1) {
    if ((await answered(server, method, status)) >= count) return;
    await pause(100);
  }
  assert.fail(`${count} times ${method} ${status} did not come`);
}

for (const [where, host] of [
  ['another port', '127.0.0.1'],
  ['another site', EVIL],
]) {
  test(`a page from ${where} changes nothing and reads nothing`, async (t) => {
    const { server, chat, seen, clientId } = await victim(t);
    const page = await (await hostileBrowser(t)).newPage();
    await page.goto(`http://${host}:${await hostileServer(t)}/`);
    const before = await seen();

    assert.deepEqual(await page.evaluate(changeByFetch, [server.url, BODY, clientId]), {
      simple: 'TypeError',
      json: 'TypeError',
      preflight: 'TypeError',
      beacon: 'queued',
      client: 'TypeError',
      messages: 'TypeError',
    });
    await untilAnswered(server, 'POST', 403, 3);
    await untilAnswered(server, 'any', 405, 3); // preflights
    for (const enctype of ['text/plain', 'application/x-www-form-urlencoded']) {
      const refusals = await answered(server, 'POST', 403);
      await page.evaluate(submitForm, [server.url, enctype, BODY]);
      await untilAnswered(server, 'POST', 403, refusals + 1);
    }

    assert.deepEqual(await page.evaluate(readAll, [server.url]), NOTHING_READ);
    assert.ok((await answered(server, 'GET', 403)) >= 4);

    assert.deepEqual(await seen(), before);
    assert.equal(String(await chat.ask('still here')), 'Your data was 10 bytes');
  });
}

test('the dashboard shows itself in nobody’s frame, and to no opener', async (t) => {
  const server = await startServer(t);
  const page = await (await hostileBrowser(t)).newPage();
  await page.goto(`http://${EVIL}:${await hostileServer(t)}/`);
  await page.evaluate((url) => {
    const frame = Object.assign(document.createElement('iframe'), { src: url });
    return new Promise((done) => {
      frame.onload = done;
      document.body.append(frame);
    });
  }, server.url);
  assert.deepEqual(
    page.frames().map((frame) => frame.url().startsWith(server.url)),
    [false, false],
  );

  const popup = page.waitForEvent('popup');
  await page.evaluate((url) => {
    window.opened = window.open(url);
  }, server.url);
  await (await popup).waitForLoadState();
  await page.waitForFunction(() => window.opened.closed);
  assert.equal(await (await popup).evaluate(() => window.opener), null);
});

test('a name that was turned to this machine gets nothing', async (t) => {
  const { server, chat, seen, clientId } = await victim(t);
  const page = await (await hostileBrowser(t)).newPage();
  const site = `http://${EVIL}:${server.addresses.http.port}/`;
  const before = await seen();
  const direct = await page.goto(site);
  assert.equal(direct.status(), 421);
  assert.equal((await direct.json()).status, 421);

  // The page came while the name was the attacker's own; what it asks for now goes to the server,
  // which to the browser is its own origin.
  await page.route(`${site}bait`, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><body>free money' }),
  );
  await page.goto(`${site}bait`);
  const misdirected = await page.evaluate(
    async ([body, id]) => {
      const json = { 'content-type': 'application/json' };
      const ask = async (path, method, more) =>
        (await fetch(`/api/v1/${path}`, { method, ...more })).status;
      return [
        await ask('messages', 'GET'),
        await ask('export?format=ndjson', 'GET'),
        await ask('datagrams', 'POST', { headers: json, body }),
        await ask(`clients/${id}`, 'DELETE'),
        await ask('messages?confirm=yes', 'DELETE'),
      ];
    },
    [BODY, clientId],
  );
  assert.deepEqual(misdirected, [421, 421, 421, 421, 421]);
  assert.deepEqual(await page.evaluate(readAll, [site]), NOTHING_READ);

  assert.deepEqual(await seen(), before);
  assert.equal(String(await chat.ask('still here')), 'Your data was 10 bytes');
});
