/**
 * What the page knows of the server. The event stream feeds it; components read its signals.
 * The log and the client table are plain objects whose version signals move at most ten times a second.
 */
import { signal } from '@preact/signals';
import type { Api } from '../api/client';
import { ApiProblem } from '../api/problem';
import type { ServerEvent } from '../api/sse';
import type { StreamState } from '../api/stream';
import type { ClientChanges, Gap, Listener, Message, Status } from '../api/types';
import { ClientPages } from './clientPages';
import { ClientTable, type ClientView } from './clients';
import { type Filter, isEmptyFilter, NO_FILTER } from './filter';
import { MessageLog } from './log';
import { LogPages } from './logPages';
import { LogTail } from './logTail';
import { RateHistory } from './rateHistory';
import { forgetLatest, nextRates, type Rates } from './rates';
import type { MessageRef } from './urlState';

const CLOCK_TOLERANCE_MS = 500;
/** After this the server has counted the second in which the page connected. */
const RATES_AGAIN_MS = 1500;

export interface ServerDeps {
  api: Pick<Api, 'message' | 'messages' | 'clients' | 'rates'>;
  /** Runs `commit` soon; calls before it ran are one. */
  schedule(commit: () => void): void;
  pause(ms: number): Promise<void>;
  clock(): number;
}

export class Server {
  readonly stream = signal<StreamState>({ name: 'connecting' });
  readonly status = signal<Status | null>(null);
  readonly rates = signal<Rates>(new Map());
  /** When the stream last said anything, on this machine's clock. */
  readonly heardAt = signal<number | null>(null);
  /** How far the server's clock is ahead of this machine's: ages are computed on the server's. */
  readonly clockAheadMs = signal(0);
  readonly history = new RateHistory();
  readonly historyVersion = signal(0);
  readonly logVersion = signal(0);
  readonly clientsVersion = signal(0);
  /** The log was emptied and is being filled with the newest. */
  readonly searching = signal(false);
  /** Why the server would not take the filter. */
  readonly filterProblem = signal<string | null>(null);
  readonly loadingOlder = signal(false);
  readonly log = new MessageLog();
  readonly clients = new ClientTable();
  readonly clientView = signal<ClientView>({ filter: 'all', order: null });

  private lastId = '';
  private logId = '';
  private run = '';
  /** Events of a new run, kept until its status says which log it belongs to. */
  private early: ServerEvent[] = [];
  private historyWanted = true;
  private filter: Filter = NO_FILTER;
  private readonly pages: LogPages;
  private readonly tail: LogTail;
  private readonly clientPages: ClientPages;
  private clientsMissed = false;
  /** No status has come since the stream went live. */
  private becameLive = false;
  /** Time of the first status since then, on the server's clock; null once the rates were loaded again. */
  private liveSince: number | null = null;

  constructor(private readonly deps: ServerDeps) {
    this.pages = new LogPages(this.log, deps.api);
    const commit = () => this.deps.schedule(() => this.commit());
    this.tail = new LogTail(this.pages, this.log, deps.pause, commit);
    this.clientPages = new ClientPages(this.clients, deps.api);
  }

  /** Those that a datagram can be sent to. */
  get udpListeners(): Listener[] {
    return this.status.value?.listeners.filter(({ transport }) => transport === 'udp') ?? [];
  }

  /** The time, on the server's clock, at which the state shown was last confirmed. */
  knownUntil(now: number): number {
    const live = this.stream.value.name === 'live';
    return (live ? now : (this.heardAt.value ?? now)) + this.clockAheadMs.value;
  }

  /** True if the log cannot hold messages of this run: a log in memory holds the current run only. */
  isForeign(run: string | undefined): boolean {
    const status = this.status.value;
    return Boolean(run && status && !status.store && !status.run.startsWith(run));
  }

  /** The run that gave a row its number, where that is known without asking. */
  runAt(index: number, log = this.log): string | undefined {
    const status = this.status.value;
    const running = status && !status.store ? status.run : undefined;
    return log.endedRunAt(index) ?? running;
  }

  /** Replaces the filter and empties the log, which is then loaded again. */
  setFilter(filter: Filter): void {
    this.filter = filter;
    this.pages.setFilter(filter);
    this.filterProblem.value = null;
    this.searching.value = true;
    this.historyWanted = this.logId === '';
    if (!this.historyWanted) void this.loadHistory();
    this.commit();
  }

  /** While old rows are read a full log takes no new ones; after that it is loaded again from the newest. */
  hold(held: boolean): void {
    this.log.held = held;
    if (held || !this.log.detached) return;
    this.pages.clear();
    this.searching.value = true;
    void this.loadHistory();
  }

  /** The row of a message, or -1. Another run may have given its number to another message. */
  indexOf({ seq, run }: MessageRef, log = this.log): number {
    const index = log.indexOf(seq, run);
    const ended = log.endedRunAt(index) !== null;
    return ended || !this.isForeign(run) ? index : -1;
  }

  /**
   * Where a message stands or would stand, counted from the log's origin. What is around it is loaded
   * if need be, and the log then is held. Null where the message is gone or not wanted any more.
   */
  async reach(message: MessageRef, isStillWanted: () => boolean): Promise<number | null> {
    const { log } = this;
    const index = this.indexOf(message);
    if (index >= 0) return index + log.origin;
    if (this.isForeign(message.run)) return null;
    const problem = await this.tryLoad(() => this.pages.loadAround(message, isStillWanted));
    if (problem || !isStillWanted() || !log.detached) return null;
    this.deps.schedule(() => this.commit());
    return log.indexNear(message.seq) + log.origin;
  }

  /** Which clients are looked at. */
  showClients(view: ClientView): void {
    this.clientView.value = view;
    void this.loadClients(() => this.clientPages.setView(view));
    this.commit();
  }

  /** The next page of a list that is longer than what is known of it. */
  loadMoreClients(): void {
    if (!this.clients.whole) void this.loadClients(() => this.clientPages.more());
  }

  /** Whether there may be messages before the first row. */
  get hasOlder(): boolean {
    return this.pages.hasOlder();
  }

  /** Puts a page of what came before the first row in front of it. */
  async loadOlder(): Promise<void> {
    if (this.loadingOlder.value || this.searching.value || !this.pages.hasOlder()) return;
    this.loadingOlder.value = true;
    await this.tryLoad(() => this.pages.loadOlder());
    this.loadingOlder.value = false;
    this.deps.schedule(() => this.commit());
  }

  onState(state: StreamState): void {
    this.stream.value = state;
    if (state.name === 'live') {
      void this.loadClients(() => this.clientPages.restart());
      void this.loadRates();
      this.becameLive = true;
    } else this.rates.value = forgetLatest(this.rates.value);
  }

  private get newestTold(): number {
    return Number(this.lastId.slice(this.lastId.lastIndexOf(':') + 1)) || 0;
  }

  /** The event id from which a new stream continues. */
  resumeId(): string {
    return this.lastId;
  }

  onEvents(events: readonly ServerEvent[]): void {
    this.heardAt.value = this.deps.clock();
    for (const event of events) this.onEvent(event);
    this.deps.schedule(() => this.commit());
  }

  private commit(): void {
    this.logVersion.value += 1;
    this.clientsVersion.value += 1;
  }

  private onEvent(event: ServerEvent): void {
    const run = event.id.slice(0, Math.max(0, event.id.lastIndexOf(':')));
    if (run && event.type !== 'status' && run !== this.run) {
      // The next status says which log it belongs to.
      this.early.push(event);
      return;
    }
    if (event.id) this.lastId = event.id;
    const data: unknown = JSON.parse(event.data);
    if (event.type === 'messages') this.onMessages((data as { items: Message[] }).items);
    else if (event.type === 'clients') this.onClients(data as ClientChanges);
    else if (event.type === 'gap') this.onGap(data as Gap);
    else if (event.type === 'status') this.onStatus(data as Status, event.id);
  }

  /** A restart is shown by a row of its own (see enterRun), and the new log is loaded. */
  private onGap(gap: Gap): void {
    if (gap.reason === 'cleared') this.log.noteCleared(this.deps.clock());
    else if (gap.reason === 'restarted') return;
    else if (isEmptyFilter(this.filter)) this.log.appendGap(gap);
    else this.tail.notice(gap.to);
  }

  private onMessages(messages: readonly Message[]): void {
    if (isEmptyFilter(this.filter)) this.log.append(messages);
    else this.tail.notice(messages.at(-1)?.seq ?? 0);
  }

  private onClients({ items, more }: ClientChanges): void {
    this.clients.merge(items);
    if (more > 0) this.clientsMissed = true;
  }

  private onStatus(status: Status, id: string): void {
    this.enterRun(status);
    this.rates.value = nextRates(this.rates.value, this.status.value, status);
    this.history.note(status);
    if (this.liveSince !== null && Date.parse(status.now) - this.liveSince > RATES_AGAIN_MS) {
      this.liveSince = null;
      void this.loadRates();
    } else if (this.becameLive) {
      this.becameLive = false;
      this.liveSince = Date.parse(status.now);
    }
    this.historyVersion.value += 1;
    this.status.value = status;
    this.compareClocks(status);
    this.fetchMissedClients();
    if (!id) this.lastId = `${status.run}:${status.log.newest_seq}`;
    if (this.historyWanted) {
      this.historyWanted = false;
      void this.loadHistory();
    }
  }

  /** Network delay varies by some milliseconds: smaller differences are ignored. */
  private compareClocks(status: Status): void {
    const ahead = Date.parse(status.now) - this.deps.clock();
    if (Math.abs(ahead - this.clockAheadMs.value) > CLOCK_TOLERANCE_MS) {
      this.clockAheadMs.value = ahead;
    }
  }

  /** A new run has new clients, even where it continues the same log. */
  private enterRun({ run, log, started_at }: Status): void {
    if (run === this.run) return;
    const restarted = this.run !== '';
    const sameLog = log.id === this.logId;
    this.enterLog(log.id);
    this.run = run;
    const { early } = this;
    this.early = [];
    for (const event of early) this.onEvent(event);
    if (!restarted) return;
    if (sameLog) this.log.noteRestart(run, Date.parse(started_at), this.deps.clock());
    this.clients.clear();
    void this.loadClients(() => this.clientPages.restart());
  }

  private enterLog(id: string): void {
    if (id === this.logId) return;
    const restarted = this.logId !== '';
    this.logId = id;
    this.historyWanted = true;
    this.pages.forgetRequests();
    if (restarted) this.log.beginEpoch(this.deps.clock(), this.run);
  }

  private async loadHistory(): Promise<void> {
    const { filter } = this;
    this.tail.begin(this.newestTold);
    const problem = await this.tryLoad(() => this.pages.loadNewest());
    if (filter !== this.filter) return;
    this.searching.value = false;
    this.filterProblem.value = problem?.status === 400 ? problem.sentence : null;
    this.deps.schedule(() => this.commit());
  }

  /** A failed load is repaired by the stream, by the next connection or by the next request. */
  private async tryLoad(load: () => Promise<void>): Promise<ApiProblem | null> {
    try {
      await load();
      return null;
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      return error;
    }
  }

  /** If this fails, the curves begin with the events that follow. */
  private async loadRates(): Promise<void> {
    await this.tryLoad(async () => this.history.take(await this.deps.api.rates()));
    this.historyVersion.value += 1;
  }

  /** At most once a status, so that many new clients do not cause as many requests. */
  private fetchMissedClients(): void {
    if (!this.clientsMissed) return;
    this.clientsMissed = false;
    void this.loadClients(() => this.clientPages.refresh());
  }

  private async loadClients(load: () => Promise<void>): Promise<void> {
    await this.tryLoad(load);
    this.deps.schedule(() => this.commit());
  }
}
