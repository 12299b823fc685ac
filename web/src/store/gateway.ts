/**
 * What the page knows of the gateway. The event stream feeds it; components read its signals.
 * The log and the client table are plain objects whose version signals move at most ten times a second.
 */
import { signal } from '@preact/signals';
import type { Api } from '../api/client';
import type { ServerEvent } from '../api/sse';
import type { StreamState } from '../api/stream';
import type { Client, ClientChanges, Gap, List, Message, Status } from '../api/types';
import { ClientTable } from './clients';
import { MessageLog } from './log';
import { forgetLatest, nextRates, type Rates } from './rates';

/** How much of the past the page asks for when it opens. */
const HISTORY_MESSAGES = 200;
const HISTORY_CLIENTS = 500;
const CLOCK_TOLERANCE_MS = 500;

export interface GatewayDeps {
  api: Pick<Api, 'messages' | 'clients'>;
  /** Runs `commit` soon; calls before it ran are one. */
  schedule(commit: () => void): void;
  clock(): number;
}

export class Gateway {
  readonly stream = signal<StreamState>({ name: 'connecting' });
  readonly status = signal<Status | null>(null);
  readonly rates = signal<Rates>(new Map());
  /** When the stream last said anything, on this machine's clock. */
  readonly heardAt = signal<number | null>(null);
  /** How far the gateway's clock is ahead of this machine's: ages are told on the gateway's. */
  readonly clockAheadMs = signal(0);
  readonly logVersion = signal(0);
  readonly clientsVersion = signal(0);
  readonly log = new MessageLog();
  readonly clients = new ClientTable();

  private lastId = '';
  private logId = '';
  private historyWanted = true;

  constructor(private readonly deps: GatewayDeps) {}

  onState(state: StreamState): void {
    this.stream.value = state;
    if (state.name === 'live') void this.loadClients();
    else this.rates.value = forgetLatest(this.rates.value);
  }

  /** Where a stream that has not carried a message yet would have to go on. */
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
    const logId = event.id.slice(0, Math.max(0, event.id.lastIndexOf(':')));
    if (logId && event.type !== 'status') this.enterLog(logId);
    const data: unknown = JSON.parse(event.data);
    if (event.type === 'messages') this.log.append((data as { items: Message[] }).items);
    else if (event.type === 'clients') this.clients.merge((data as ClientChanges).items);
    else if (event.type === 'gap') this.onGap(data as Gap);
    else if (event.type === 'status') this.onStatus(data as Status);
  }

  /** A restart has its own row, from the log's id; what the new log already holds is fetched. */
  private onGap(gap: Gap): void {
    if (gap.reason !== 'restarted') this.log.appendGap(gap);
  }

  private onStatus(status: Status): void {
    this.enterLog(status.log.id);
    this.rates.value = nextRates(this.rates.value, this.status.value, status);
    this.status.value = status;
    this.compareClocks(status);
    this.lastId = `${status.log.id}:${status.log.newest_seq}`;
    if (this.historyWanted) {
      this.historyWanted = false;
      void this.loadHistory(status.log.newest_seq);
    }
  }

  /** The way here takes a few ms, now more, now less: only a real difference counts. */
  private compareClocks(status: Status): void {
    const ahead = Date.parse(status.now) - this.deps.clock();
    if (Math.abs(ahead - this.clockAheadMs.value) > CLOCK_TOLERANCE_MS) {
      this.clockAheadMs.value = ahead;
    }
  }

  private enterLog(id: string): void {
    if (id === this.logId) return;
    const restarted = this.logId !== '';
    this.logId = id;
    this.historyWanted = true;
    if (!restarted) return;
    this.log.beginEpoch(this.deps.clock());
    this.clients.clear();
    void this.loadClients();
  }

  private async loadHistory(newest: number): Promise<void> {
    const logId = this.logId;
    const after = Math.max(0, newest - HISTORY_MESSAGES);
    const list = await this.load(() => this.deps.api.messages({ after, limit: HISTORY_MESSAGES }));
    if (!list || logId !== this.logId) return;
    this.log.insertHistory(list.items);
    this.deps.schedule(() => this.commit());
  }

  private async loadClients(): Promise<void> {
    const logId = this.logId;
    const list = await this.load<Client>(() => this.deps.api.clients({ limit: HISTORY_CLIENTS }));
    if (!list || (logId && logId !== this.logId)) return;
    this.clients.merge(list.items);
    this.deps.schedule(() => this.commit());
  }

  /** What cannot be loaded now comes by the stream or with the next connection. */
  private async load<T>(fetchList: () => Promise<List<T>>): Promise<List<T> | null> {
    try {
      return await fetchList();
    } catch {
      return null;
    }
  }
}
