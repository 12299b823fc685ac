/**
 * The event stream, read with fetch rather than EventSource: fetch shows the heartbeat comments, so
 * that a silent connection is noticed; it says why a stream was refused; and Last-Event-ID survives
 * every kind of failure, not only those after which a browser chooses to try again.
 */
import { authorizedFetch, tokenWanted } from './authorized';
import { ApiProblem } from './problem';
import { type ServerEvent, SseParser } from './sse';

export type StreamState =
  | { name: 'connecting' }
  | { name: 'live' }
  | { name: 'reconnecting'; problem: string };

export interface StreamHandlers {
  onState(state: StreamState): void;
  onEvents(events: ServerEvent[]): void;
  /** The id to go on from when the stream itself has not given one yet; may be empty. */
  resumeId(): string;
}

/** A status event comes each second: this long without a byte means that the connection is dead. */
export const SILENCE_MS = 5000;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 3000;

export class EventStream {
  private parser = new SseParser();
  private abort = new AbortController();
  private stopped = false;
  private readonly lastByte = { at: 0, clock: 0 };
  private wake: () => void = () => {};

  constructor(
    private readonly url: string,
    private readonly handlers: StreamHandlers,
  ) {}

  async start(): Promise<void> {
    this.handlers.onState({ name: 'connecting' });
    const watchdog = setInterval(() => this.checkSilence(), 1000);
    let retryMs = FIRST_RETRY_MS;
    while (!this.stopped) {
      const connectedAt = performance.now();
      const problem = await this.readOnce();
      if (this.stopped) break;
      this.handlers.onState({ name: 'reconnecting', problem });
      if (performance.now() - connectedAt > LONGEST_RETRY_MS) retryMs = FIRST_RETRY_MS;
      // Without the token it would be refused again, and again.
      do await this.pause(retryMs);
      while (tokenWanted.value && !this.stopped);
      retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
    }
    clearInterval(watchdog);
  }

  stop(): void {
    this.stopped = true;
    this.abort.abort();
    this.wake();
  }

  /** Try again now rather than at the end of the pause: the page is looked at, or the network is back. */
  retryNow(): void {
    this.wake();
  }

  /** Reads until the connection ends; the answer says why it did. */
  private async readOnce(): Promise<string> {
    this.abort = new AbortController();
    this.noteByte();
    try {
      const body = await this.connect();
      this.handlers.onState({ name: 'live' });
      await this.pump(body);
      return 'socklens ended the stream.';
    } catch (error) {
      return error instanceof ApiProblem ? error.message : ApiProblem.unreachable().message;
    }
  }

  private async connect(): Promise<ReadableStream<Uint8Array>> {
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    const lastId = this.parser.lastId || this.handlers.resumeId();
    if (lastId) headers['Last-Event-ID'] = lastId;
    const response = await authorizedFetch(this.url, { headers, signal: this.abort.signal });
    if (!response.ok || !response.body) throw await ApiProblem.fromResponse(response);
    return response.body;
  }

  private async pump(body: ReadableStream<Uint8Array>): Promise<void> {
    // A half-read event of the last connection must not run into this one.
    const { lastId, retryMs } = this.parser;
    this.parser = Object.assign(new SseParser(), { lastId, retryMs });
    const reader = body.getReader();
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.stopped) return;
      this.noteByte();
      const events = this.parser.push(decoder.decode(value, { stream: true }));
      if (events.length > 0) this.handlers.onEvents(events);
    }
  }

  private noteByte(): void {
    Object.assign(this.lastByte, { at: performance.now(), clock: Date.now() });
  }

  /** By both clocks: a laptop that sleeps may stop the one, and the other may be set. */
  private checkSilence(): void {
    const { at, clock } = this.lastByte;
    const silent = Math.max(performance.now() - at, Date.now() - clock);
    if (silent > SILENCE_MS) this.abort.abort();
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
