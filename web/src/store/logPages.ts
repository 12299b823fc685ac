/**
 * Fills the log from the server's pages: first with the newest or with what stands around a message,
 * then backwards to the first.
 */
import type { Api } from '../api/client';
import type { List, Message } from '../api/types';
import { type Filter, filterEntries, isEmptyFilter, NO_FILTER } from './filter';
import type { MessageLog } from './log';
import type { MessageRef } from './urlState';

const FIRST_PAGE = 200;
const OLDER_PAGE = 500;
/** Rows loaded after a linked message. */
const NEWER_ROWS = 50;
/** Pages that may pass in one go with too few rows: those that the log holds, or that found little. */
const ROUNDS_MAX = 5;

/** The next cursor, valid while the log still begins where this page ended. */
interface Bookmark {
  oldestSeq: number;
  cursor: string | null;
}

export class LogPages {
  private filter: Filter = NO_FILTER;
  private bookmark: Bookmark | null = null;
  /** Changes when a running request is no longer wanted. */
  private version = 0;

  constructor(
    private readonly log: MessageLog,
    private readonly api: Pick<Api, 'message' | 'messages'>,
  ) {}

  setFilter(filter: Filter): void {
    this.filter = filter;
    this.clear();
  }

  /** Empties the log, which is to be loaded anew. */
  clear(): void {
    this.log.clear();
    this.bookmark = null;
    this.forgetRequests();
  }

  /** What was asked for belongs to another log or to another place of it. */
  forgetRequests(): void {
    this.version += 1;
  }

  /** Whether there may be messages before the log's first row. */
  hasOlder(): boolean {
    const { bookmark, log } = this;
    if (!log.oldestMessage() || log.oldestSeq() <= 1) return false;
    return bookmark?.oldestSeq !== log.oldestSeq() || bookmark.cursor !== null;
  }

  async loadNewest(): Promise<void> {
    const { version } = this;
    const list = await this.ask({ limit: FIRST_PAGE });
    if (version === this.version) this.insert(list);
  }

  async loadOlder(): Promise<void> {
    const { version } = this;
    for (let round = 0; round < ROUNDS_MAX && this.hasOlder(); round += 1) {
      const list = await this.ask({ ...this.cursorBefore(), limit: OLDER_PAGE });
      if (version !== this.version || this.insert(list) > 0) return;
    }
  }

  /**
   * Puts what stands around a message in the place of what the log holds, the message itself where the
   * filter lets it through. Where nothing stands behind it the log is left as it is.
   */
  async loadAround({ seq, run }: MessageRef, isStillWanted: () => boolean): Promise<void> {
    const { version } = this;
    // An error where the message is gone, or another run's.
    const [, newer] = await Promise.all([this.api.message(seq, run), this.askFrom(seq)]);
    if (!newer[0]) return;
    const older = await this.ask({ ...this.before(newer[0]), limit: OLDER_PAGE });
    if (version !== this.version || !isStillWanted()) return;
    this.forgetRequests();
    this.log.beginAt(newer);
    this.insert(older);
  }

  /** A message and some behind it, oldest first. */
  private async askFrom(seq: number): Promise<Message[]> {
    const found: Message[] = [];
    let query: Record<string, string | number> = { after: Math.max(0, seq - 1) };
    for (let round = 0; round < ROUNDS_MAX && found.length <= NEWER_ROWS; round += 1) {
      const { items, page } = await this.ask({ ...query, limit: NEWER_ROWS + 1 });
      found.push(...items);
      if (page.next === null) break;
      query = { cursor: page.next };
    }
    return found;
  }

  /**
   * A page of what the filter lets through. To the API `after` is where a list that goes on to newer
   * ones begins; to the page it is a bound: what comes before it is left out here.
   */
  async ask(query: Record<string, string | number>): Promise<List<Message>> {
    const { after, ...rest } = this.filter;
    const list = await this.api.messages({
      ...Object.fromEntries(filterEntries(rest)),
      ...query,
      ...(after && 'after' in query && { after: Math.max(Number(query.after), Number(after)) }),
    });
    if (after === undefined) return list;
    const items = list.items.filter(({ seq }) => seq > Number(after));
    const isWhole = items.length === list.items.length;
    return { ...list, items, page: isWhole ? list.page : { ...list.page, next: null } };
  }

  /** By cursor; where the log has let rows go since, by the time of what is its first row now. */
  private cursorBefore(): Record<string, string> {
    const { bookmark, log } = this;
    if (bookmark?.cursor && bookmark.oldestSeq === log.oldestSeq())
      return { cursor: bookmark.cursor };
    const oldest = log.oldestMessage();
    return oldest ? this.before(oldest) : {};
  }

  /** Exclusive and in milliseconds: the page begins with a few that are known. */
  private before(message: Message): Record<string, string> {
    const before = new Date(Date.parse(message.received_at) + 1).toISOString();
    const { until } = this.filter;
    return { until: until && Date.parse(until) < Date.parse(before) ? until : before };
  }

  private insert({ items, page }: List<Message>): number {
    const inserted = this.log.insertHistory([...items].reverse());
    const atFirst = page.next === null && this.log.oldestMessage() !== null;
    if (atFirst && isEmptyFilter(this.filter)) this.log.insertFirstGap('evicted');
    this.bookmark = { oldestSeq: this.log.oldestSeq(), cursor: page.next };
    return inserted;
  }
}
