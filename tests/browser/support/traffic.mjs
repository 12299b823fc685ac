// Plain clients, as a student would write them.
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const RETRIES = 5;
const RETRY_MS = 2000;
/** Small enough for the default receive buffer, so that a slow machine loses none. */
const BURST = 100;

/** A UDP client on one port; `ask` sends and gives the reply, `send` does not wait. */
export async function udpClient(t, to, from = '127.0.0.1') {
  const socket = dgram.createSocket('udp4');
  socket.bind(0, from);
  await once(socket, 'listening');
  t.after(() => socket.close());
  return {
    address: `${from}:${socket.address().port}`,
    send: (data) => new Promise((done) => socket.send(data, to.port, to.host, done)),
    /** UDP loses datagrams on a machine that is busy: sent again, as any careful client does. */
    async ask(data) {
      for (let tries = 0; tries < RETRIES; tries += 1) {
        const reply = once(socket, 'message', { signal: AbortSignal.timeout(RETRY_MS) });
        socket.send(data, to.port, to.host);
        const [bytes] = await reply.catch(() => []);
        if (bytes) return bytes;
      }
      throw new Error(`no reply from ${to.text}`);
    },
  };
}

/** A TCP connection; `ask` sends and gives what comes next. */
export async function tcpClient(t, to) {
  const socket = net.connect(to.port, to.host);
  socket.on('error', () => {});
  await once(socket, 'connect');
  t.after(() => socket.destroy());
  return {
    address: `127.0.0.1:${socket.localPort}`,
    send: (data) => socket.write(data),
    async ask(data) {
      const reply = once(socket, 'data', { signal: AbortSignal.timeout(RETRIES * RETRY_MS) });
      socket.write(data);
      return (await reply)[0];
    },
  };
}

/** Sends `count` datagrams without waiting for replies. */
export async function flood(client, count, text) {
  for (let sent = 0; sent < count; sent += BURST) {
    const burst = Array.from({ length: BURST }, (_, n) => client.send(text(sent + n)));
    await Promise.all(burst);
    await pause(1);
  }
}

/** Sends so many a second for so many seconds; a machine that cannot keep up sends what it can. */
export async function steadyFlood(client, perSecond, seconds, text) {
  const began = performance.now();
  for (let sent = 0; performance.now() - began < seconds * 1000; ) {
    const due = Math.min(((performance.now() - began) / 1000) * perSecond, perSecond * seconds);
    const burst = Math.min(BURST, Math.floor(due) - sent);
    if (burst <= 0) {
      await pause(1);
      continue;
    }
    await Promise.all(Array.from({ length: burst }, (_, n) => client.send(text(sent + n))));
    sent += burst;
  }
}
