// Starts the real server on free ports and stops it by its own process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const START_MS = 10_000;
const STOP_MS = 10_000;

export class Server {
  #command;
  #any;
  #store;
  #flags;
  #process = null;

  /** The addresses it listens on: udpUpper, tcpUpper, tcpChat, http, each {host, port, text}. */
  addresses = null;

  /** The log is kept in memory, or in a file that outlives a restart; `via` is a command that runs it. */
  constructor(exe, { store = 'memory', flags = [], host = '127.0.0.1', via = [] } = {}) {
    this.#command = [...via, exe];
    this.#store = store;
    this.#flags = flags;
    this.#any = `${host}:0`;
  }

  get url() {
    const scheme = this.#flags.includes('--tls-cert') ? 'https' : 'http';
    return `${scheme}://${this.addresses.http.text}/`;
  }

  /** Starts on free ports; after a stop, on the ports it had before. */
  async start() {
    const folder = await mkdtemp(path.join(tmpdir(), 'socklens-browser-'));
    const readyFile = path.join(folder, 'ready.json');
    const at = (name) => this.addresses?.[name].text ?? this.#any;
    const [program, ...before] = this.#command;
    this.#process = spawn(
      program,
      // biome-ignore format: a flag and its value stand together
      [...before, '--udp-upper', at('udpUpper'), '--tcp-upper', at('tcpUpper'), '--tcp-chat', at('tcpChat'),
       '--http', at('http'), '--store', this.#store, '--ready-file', readyFile,
       ...this.#flags],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, HOME: folder, SOCKLENS_STORE: 'memory' },
      },
    );
    let complaint = '';
    this.#process.stderr.on('data', (data) => {
      complaint = (complaint + data).slice(-4000);
    });
    try {
      this.addresses = parseReady(await this.#ready(readyFile));
    } catch (error) {
      await this.stop();
      throw new Error(`${error.message}\n${complaint}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #ready(file) {
    for (const end = Date.now() + START_MS; Date.now() < end; await pause(20)) {
      if (this.#process.exitCode !== null) throw new Error('the server ended while starting');
      const text = await readFile(file, 'utf8').catch(() => null);
      if (text) return JSON.parse(text);
    }
    throw new Error('the server wrote no ready file');
  }

  /** SIGSTOP makes it silent without closing a connection. */
  signal(name) {
    this.#process.kill(name);
  }

  async stop() {
    const server = this.#process;
    this.#process = null;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    server.kill('SIGCONT');
    const stuck = setTimeout(() => server.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(stuck);
  }
}

function parseReady(ready) {
  const address = (text) => {
    const colon = text.lastIndexOf(':');
    return { text, host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
  };
  return {
    udpUpper: address(ready.udp_upper[0]),
    tcpUpper: address(ready.tcp_upper[0]),
    tcpChat: address(ready.tcp_chat[0]),
    http: address(ready.http[0]),
  };
}
