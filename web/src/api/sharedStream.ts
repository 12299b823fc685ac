/**
 * One event stream for all tabs that look through the same filter. A browser opens six connections to
 * a host at most, and a stream holds one for as long as it lives: the tab that holds the lock reads the
 * stream and tells the others; when it goes, the next one goes on from the last event it heard.
 */
import type { ServerEvent } from './sse';
import { EventStream, SILENCE_MS, type StreamHandlers, type StreamState } from './stream';

type Told =
  | { kind: 'hello' }
  | { kind: 'state'; state: StreamState }
  | { kind: 'events'; events: ServerEvent[] };

const MUTE: StreamState = {
  name: 'reconnecting',
  problem: 'The tab that reads the stream is silent.',
};

export class SharedStream {
  private readonly name: string;
  private readonly leaving = new AbortController();
  private channel: BroadcastChannel | null = null;
  private leader: EventStream | null = null;
  private state: StreamState = { name: 'connecting' };
  private lastStatus: ServerEvent | null = null;
  private heardAt = performance.now();
  private watchdog: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly url: string,
    private readonly handlers: StreamHandlers,
  ) {
    this.name = `socklens ${url}`;
  }

  start(): void {
    // Locks are there on secure origins only; elsewhere every tab has a stream of its own.
    if (!navigator.locks || typeof BroadcastChannel === 'undefined') {
      this.leader = new EventStream(this.url, this.handlers);
      void this.leader.start();
      return;
    }
    this.channel = new BroadcastChannel(this.name);
    this.channel.onmessage = ({ data }: MessageEvent<Told>) => this.hear(data);
    this.tell({ kind: 'hello' });
    this.watchdog = setInterval(() => this.checkSilence(), 1000);
    const { signal } = this.leaving;
    navigator.locks
      .request(this.name, { signal }, () => this.lead(signal))
      // Left before it was this tab's turn.
      .catch(() => {});
  }

  stop(): void {
    clearInterval(this.watchdog);
    this.leaving.abort();
    this.leader?.stop();
    this.channel?.close();
    this.channel = null;
  }

  retryNow(): void {
    this.leader?.retryNow();
  }

  /** Holds the lock until the tab stops listening. */
  private lead(signal: AbortSignal): Promise<void> {
    this.leader = new EventStream(this.url, {
      onState: (state) => {
        this.tell({ kind: 'state', state });
        this.enter(state);
      },
      onEvents: (events) => {
        this.tell({ kind: 'events', events });
        this.take(events);
      },
      resumeId: () => this.handlers.resumeId(),
    });
    void this.leader.start();
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
  }

  private tell(told: Told): void {
    this.channel?.postMessage(told);
  }

  private hear(told: Told): void {
    if (told.kind === 'hello') {
      if (this.leader) this.welcome();
      return;
    }
    if (this.leader) return;
    this.heardAt = performance.now();
    if (told.kind === 'state') this.enter(told.state);
    else {
      if (this.state.name !== 'live') this.enter({ name: 'live' });
      this.take(told.events);
    }
  }

  /** A tab that has just opened need not wait for the next second. */
  private welcome(): void {
    this.tell({ kind: 'state', state: this.state });
    if (this.lastStatus) this.tell({ kind: 'events', events: [this.lastStatus] });
  }

  private enter(state: StreamState): void {
    if (state.name === this.state.name && state.name === 'live') return;
    this.state = state;
    this.handlers.onState(state);
  }

  private take(events: ServerEvent[]): void {
    this.lastStatus = events.findLast(({ type }) => type === 'status') ?? this.lastStatus;
    this.handlers.onEvents(events);
  }

  private checkSilence(): void {
    if (this.leader || this.state.name === 'connecting') return;
    if (performance.now() - this.heardAt > SILENCE_MS) this.enter(MUTE);
  }
}
