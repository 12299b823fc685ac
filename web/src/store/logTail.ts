/**
 * Follows the log through a filter. The event stream is one for all tabs and carries everything: when
 * it tells of news, the server is asked which of them match. So the filter is judged in one place.
 */
import type { Message } from '../api/types';
import type { LogPages } from './logPages';

const PAGE = 200;
/** A larger backlog is skipped and shown as a gap. */
const ROUNDS_MAX = 5;
const INTERVAL_MS = 250;

interface Sink {
  append(messages: readonly Message[]): void;
  appendGap(gap: { from: number; to: number; reason: string }): void;
}

export class LogTail {
  /** The newest number in the stream, and the newest up to which all matching messages are loaded. */
  private told = 0;
  private known = 0;
  private asking = false;
  /** Changes when a running request is no longer wanted. */
  private version = 0;

  constructor(
    private readonly pages: LogPages,
    private readonly sink: Sink,
    private readonly pause: (ms: number) => Promise<void>,
    private readonly onNews: () => void,
  ) {}

  /** The log is loaded up to this number; later messages are requested. */
  begin(newest: number): void {
    this.version += 1;
    this.told = newest;
    this.known = newest;
  }

  notice(newest: number): void {
    this.told = Math.max(this.told, newest);
    if (!this.asking && this.told > this.known) void this.follow();
  }

  private async follow(): Promise<void> {
    this.asking = true;
    while (this.told > this.known) {
      // A failed request is repeated with the next news.
      const { told } = this;
      const answered = await this.catchUp().catch(() => false);
      await this.pause(INTERVAL_MS);
      if (!answered && told === this.told) break;
    }
    this.asking = false;
  }

  private async catchUp(): Promise<boolean> {
    const { told, version } = this;
    let query: Record<string, string | number> = { after: this.known };
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const { items, page } = await this.pages.ask({ ...query, limit: PAGE });
      if (version !== this.version) return true;
      this.take(items);
      if (page.next === null || !page.has_more) {
        this.known = Math.max(this.known, told);
        return true;
      }
      query = { cursor: page.next };
    }
    return this.skip(told, version);
  }

  /** Skips the messages between and adds a gap row. */
  private async skip(told: number, version: number): Promise<boolean> {
    const { items } = await this.pages.ask({ limit: PAGE });
    if (version !== this.version) return true;
    const newest = items.reverse();
    const to = (newest[0]?.seq ?? told + 1) - 1;
    if (to > this.known) this.sink.appendGap({ from: this.known + 1, to, reason: 'sampled' });
    this.take(newest);
    this.known = Math.max(this.known, told);
    return true;
  }

  private take(items: readonly Message[]): void {
    this.sink.append(items);
    this.known = Math.max(this.known, items.at(-1)?.seq ?? 0);
    if (items.length > 0) this.onNews();
  }
}
