// A reverse proxy in front of a server, as nginx and Caddy are configured for it.
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';

/**
 * Serves the server under `path`; `key` and `cert` (PEM) make it speak TLS. Host reaches the server as the
 * browser wrote it where `passHost` says so, else as the server's own address. Returns where it is.
 */
export async function startProxy(
  t,
  server,
  { path = '/', passHost = false, name, key, cert } = {},
) {
  const relay = (request, answer) => {
    const { host, port, text } = server.addresses.http;
    if (!request.url.startsWith(path)) {
      answer.writeHead(404).end();
      return;
    }
    const headers = { ...request.headers, connection: 'close' };
    if (!passHost) headers.host = text;
    const asked = http.request(
      { host, port, method: request.method, path: `/${request.url.slice(path.length)}`, headers },
      (got) => {
        answer.writeHead(got.statusCode, { ...got.headers, connection: 'close' });
        answer.flushHeaders();
        got.pipe(answer);
      },
    );
    asked.on('error', () => answer.destroy());
    answer.on('close', () => asked.destroy());
    request.pipe(asked);
  };
  const listener = cert ? https.createServer({ key, cert }, relay) : http.createServer(relay);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.after(() => {
    listener.closeAllConnections();
    listener.close();
  });
  const scheme = cert ? 'https' : 'http';
  return { url: `${scheme}://${name ?? '127.0.0.1'}:${listener.address().port}${path}` };
}
