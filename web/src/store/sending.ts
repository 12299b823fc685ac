/** Runs of test datagrams: sends them one after the other from one port, so that a run is one client,
 * and keeps what became of each. The interval is from one sending to the next, unless the wait for a
 * reply takes longer: nothing in a reply says which datagram it answers, so of two that wait at one
 * port neither round trip could be told. */
import { signal } from '@preact/signals';
import type { Api } from '../api/client';
import { ApiProblem } from '../api/problem';
import type { DatagramRequest, DatagramResult, Listener } from '../api/types';
import {
  FIRST_PACKET,
  type FieldProblem,
  fieldOfParam,
  type Packet,
  packetProblem,
  packetSeries,
  type Series,
} from './packet';
import { rememberPacket } from './savedPackets';

const KEPT_ATTEMPTS = 100;
/** The server allows ten a second to others than its own listeners. */
const TOO_MANY = 429;
/** Where the server does not say how long. */
const TOO_MANY_PAUSE_S = 1;
/** So many times in a row one datagram is refused before the run ends with the server's words. */
const TOO_MANY_TRIES = 10;
const STOP_LOOK_MS = 200;

export interface Attempt {
  id: number;
  at: Date;
  timeoutMs: number;
  result: DatagramResult;
}

/** A run so far: how many of how many, and the round trips of those that were answered. */
export interface Run {
  count: number;
  sent: number;
  rtts: number[];
  stopped: boolean;
  /** From one to the next in the mean, as it was; null before the second. */
  everyMs: number | null;
  /** The server's words, where its limit sets the pace. */
  limit: string | null;
}

const FIRST_RUN = { sent: 0, rtts: [], stopped: false, everyMs: null, limit: null };

interface Deps {
  api: Pick<Api, 'sendDatagram'>;
  pause(ms: number): Promise<void>;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
}

export class Sending {
  /** What the form holds. */
  readonly packet = signal<Packet>(FIRST_PACKET);
  readonly busy = signal(false);
  readonly run = signal<Run | null>(null);
  readonly attempts = signal<readonly Attempt[]>([]);
  readonly problem = signal<FieldProblem | null>(null);
  private nextId = 1;

  constructor(private readonly deps: Deps) {}

  stop(): void {
    const run = this.run.value;
    if (run) this.run.value = { ...run, stopped: true };
  }

  /** Sends what the form holds, unless that cannot be sent. */
  submit(listeners: readonly Listener[]): void {
    const packet = this.packet.value;
    if (packetProblem(packet)) return;
    rememberPacket(packet);
    void this.send(packetSeries(packet, listeners));
  }

  async send({ request, count, intervalMs }: Series): Promise<void> {
    if (this.busy.value) return;
    this.busy.value = true;
    this.problem.value = null;
    this.run.value = { ...FIRST_RUN, count };
    try {
      let fromPort = request.from_port;
      let due = this.deps.now();
      let first = due;
      for (let n = 0; n < count && !this.run.value.stopped; n += 1) {
        if (n > 0) await this.pauseUnlessStopped(Math.max(0, due - this.deps.now()));
        if (this.run.value.stopped) break;
        const accepted = await this.sendPaced({ ...request, from_port: fromPort });
        if (!accepted) break;
        const { result, at } = accepted;
        if (n === 0) first = at;
        this.note(result, request.timeout_ms, n > 0 ? (at - first) / n : null);
        fromPort = Number(result.from.slice(result.from.lastIndexOf(':') + 1));
        due = Math.max(due + intervalMs, this.deps.now() - intervalMs);
      }
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      this.problem.value = { field: fieldOfParam(error.param), message: error.sentence };
    } finally {
      this.busy.value = false;
    }
  }

  /** Tries again where there were too many; null where the run was stopped meanwhile. `at` is when
   * it was asked for. */
  private async sendPaced(
    request: DatagramRequest,
  ): Promise<{ result: DatagramResult; at: number } | null> {
    for (let tries = 1; !this.run.value?.stopped; tries += 1) {
      const at = this.deps.now();
      try {
        return { result: await this.deps.api.sendDatagram(request), at };
      } catch (error) {
        if (!(error instanceof ApiProblem) || error.status !== TOO_MANY) throw error;
        if (tries === TOO_MANY_TRIES) throw error;
        if (this.run.value) this.run.value = { ...this.run.value, limit: error.sentence };
        await this.pauseUnlessStopped((error.retryAfterS ?? TOO_MANY_PAUSE_S) * 1000);
      }
    }
    return null;
  }

  /** In pieces, so that Stop need not wait for its end. */
  private async pauseUnlessStopped(ms: number): Promise<void> {
    for (let left = ms; left > 0 && !this.run.value?.stopped; left -= STOP_LOOK_MS)
      await this.deps.pause(Math.min(left, STOP_LOOK_MS));
  }

  private note(result: DatagramResult, timeoutMs: number, everyMs: number | null): void {
    const attempt = { id: this.nextId++, at: new Date(), timeoutMs, result };
    this.attempts.value = [attempt, ...this.attempts.value].slice(0, KEPT_ATTEMPTS);
    const run = this.run.value;
    if (!run) return;
    const rtts = result.rtt_us === null ? run.rtts : [...run.rtts, result.rtt_us];
    this.run.value = { ...run, sent: run.sent + 1, rtts, everyMs };
  }
}

export interface Summary {
  min: number;
  median: number;
  p99: number;
}

/** By nearest rank: every figure is a round trip that really was. */
export function summarize(rtts: readonly number[]): Summary | null {
  if (rtts.length === 0) return null;
  const sorted = [...rtts].sort((a, b) => a - b);
  const rank = (part: number) => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
  return { min: rank(0), median: rank(0.5), p99: rank(0.99) };
}
