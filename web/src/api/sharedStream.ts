/**
 * One event stream for all tabs. A browser opens six connections to a host at most, and a stream holds
 * one for as long as it lives: one tab, the reader, reads it and tells the others.
 *
 * The tabs agree over a BroadcastChannel, which is there on insecure origins too, unlike locks. What
 * the reader tells each second is its sign of life. When it says goodbye, or falls silent because it
 * crashed or sleeps, another tab takes over and goes on from the last event it heard. Two that read
 * at once notice each other by what they tell, and the lesser one stops.
 */
import type { ServerEvent } from './sse';
import { SILENCE_MS, type StreamHandlers, type StreamState } from './stream';

interface Tab {
  id: string;
  visible: boolean;
}

type Told = { from: Tab } & (
  | { kind: 'hello' }
  | { kind: 'bye' }
  | { kind: 'state'; state: StreamState }
  | { kind: 'events'; events: ServerEvent[] }
);

/** What reads the events from the server. */
export interface Source {
  start(): unknown;
  stop(): void;
  retryNow(): void;
}

/** So long a reader has to answer a tab that has just come. */
const ANSWER_MS = 150;
/** Tabs that would all take over at once are told apart by chance. */
const SPREAD_MS = 100;
/** Timers of a hidden tab are late: one that is looked at goes first. */
const HIDDEN_MS = 400;

export class SharedStream {
  private readonly id = randomId();
  private channel: BroadcastChannel | null = null;
  private source: Source | null = null;
  private state: StreamState = { name: 'connecting' };
  private lastStatus: ServerEvent | null = null;
  private heardAt = 0;
  private watchdog: ReturnType<typeof setInterval> | undefined;
  private candidacy: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly name: string,
    private readonly open: (handlers: StreamHandlers) => Source,
    private readonly handlers: StreamHandlers,
    private readonly visible: () => boolean = () => !document.hidden,
  ) {}

  start(): void {
    if (this.channel) return;
    this.channel = new BroadcastChannel(this.name);
    this.channel.onmessage = ({ data }: MessageEvent<Told>) => this.hear(data);
    this.watchdog = setInterval(() => this.checkSilence(), 1000);
    this.heardAt = performance.now();
    this.post({ kind: 'hello' });
    this.stand(ANSWER_MS);
  }

  stop(): void {
    clearInterval(this.watchdog);
    this.withdraw();
    if (this.source) this.post({ kind: 'bye' });
    this.close();
    this.channel?.close();
    this.channel = null;
  }

  /** The page is looked at, or the network is back. */
  retryNow(): void {
    this.source?.retryNow();
    this.checkSilence();
  }

  /** Reads unless a reader is heard before the time is up. */
  private stand(ms: number): void {
    if (this.candidacy !== undefined) return;
    const wait = ms + Math.random() * SPREAD_MS + (this.visible() ? 0 : HIDDEN_MS);
    this.candidacy = setTimeout(() => this.lead(), wait);
  }

  private withdraw(): void {
    clearTimeout(this.candidacy);
    this.candidacy = undefined;
  }

  private lead(): void {
    this.withdraw();
    if (!this.channel) return;
    const source = this.open({
      onState: (state) => {
        if (this.source !== source) return;
        this.post({ kind: 'state', state });
        this.enter(state);
      },
      onEvents: (events) => {
        if (this.source !== source) return;
        this.post({ kind: 'events', events });
        this.take(events);
      },
      resumeId: () => this.handlers.resumeId(),
    });
    this.source = source;
    source.start();
  }

  private close(): void {
    const { source } = this;
    this.source = null;
    source?.stop();
  }

  private post(told: { kind: Told['kind'] } & Partial<Told>): void {
    this.channel?.postMessage({ ...told, from: this.tab });
  }

  private get tab(): Tab {
    return { id: this.id, visible: this.visible() };
  }

  private hear(told: Told): void {
    if (told.kind === 'hello') {
      if (this.source) this.welcome();
    } else if (told.kind === 'bye') {
      if (!this.source) this.stand(0);
    } else if (this.source && !precedes(told.from, this.tab)) {
      this.welcome();
    } else {
      this.follow(told);
    }
  }

  private follow(told: Told): void {
    this.close();
    this.withdraw();
    this.heardAt = performance.now();
    if (told.kind === 'state') this.enter(told.state);
    if (told.kind !== 'events') return;
    if (this.state.name !== 'live') this.enter({ name: 'live' });
    this.take(told.events);
  }

  /** A tab that has just opened need not wait for the next second. */
  private welcome(): void {
    this.post({ kind: 'state', state: this.state });
    if (this.lastStatus) this.post({ kind: 'events', events: [this.lastStatus] });
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
    if (!this.channel || this.source) return;
    if (performance.now() - this.heardAt > SILENCE_MS) this.stand(0);
  }
}

function precedes(one: Tab, other: Tab): boolean {
  if (one.visible !== other.visible) return one.visible;
  return one.id < other.id;
}

/** crypto.randomUUID() is there on secure origins only. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(16)).join('-');
}
