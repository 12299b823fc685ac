/** Fills the log from the gateway's pages: first with the newest, then backwards to the first. */
import type { Api } from '../api/client';
import type { List, Message } from '../api/types';
import { type Filter, filterEntries, isEmptyFilter, NO_FILTER } from './filter';
import type { MessageLog } from './log';

const FIRST_PAGE = 200;
const OLDER_PAGE = 500;
/** Pages that may pass without a new row in one go: those that the log holds already. */
const ROUNDS_MAX = 5;

/** How to go on: good as long as the log still begins where this page ended. */
interface Bookmark {
  oldestSeq: number;
  cursor: string | null;
}

export class LogPages {
  private filter: Filter = NO_FILTER;
  private bookmark: Bookmark | null = null;

  constructor(
    private readonly log: MessageLog,
    private readonly api: Pick<Api, 'messages'>,
  ) {}

  setFilter(filter: Filter): void {
    this.filter = filter;
    this.bookmark = null;
  }

  /** Whether there may be messages before the log's first row. */
  hasOlder(): boolean {
    const { bookmark, log } = this;
    if (!log.oldestMessage() || log.oldestSeq() <= 1) return false;
    return bookmark?.oldestSeq !== log.oldestSeq() || bookmark.cursor !== null;
  }

  async loadNewest(isStillWanted: () => boolean): Promise<void> {
    const list = await this.ask({ limit: FIRST_PAGE });
    if (isStillWanted()) this.insert(list);
  }

  async loadOlder(): Promise<void> {
    const { filter } = this;
    for (let round = 0; round < ROUNDS_MAX && this.hasOlder(); round += 1) {
      const list = await this.ask({ ...this.placeBefore(), limit: OLDER_PAGE });
      if (filter !== this.filter || this.insert(list) > 0) return;
    }
  }

  /**
   * A page of what the filter lets through. To the API `after` is where a list that goes on to newer
   * ones begins; to the page it is a bound: what comes before it is left out here.
   */
  async ask(place: Record<string, string | number>): Promise<List<Message>> {
    const { after, ...rest } = this.filter;
    const list = await this.api.messages({
      ...Object.fromEntries(filterEntries(rest)),
      ...place,
      ...(after && 'after' in place && { after: Math.max(Number(place.after), Number(after)) }),
    });
    if (after === undefined) return list;
    const items = list.items.filter(({ seq }) => seq > Number(after));
    const isWhole = items.length === list.items.length;
    return { ...list, items, page: isWhole ? list.page : { ...list.page, next: null } };
  }

  /** By cursor; where the log has let rows go since, by the time of what is its first row now. */
  private placeBefore(): Record<string, string> {
    const { bookmark, log } = this;
    if (bookmark?.cursor && bookmark.oldestSeq === log.oldestSeq())
      return { cursor: bookmark.cursor };
    const oldest = log.oldestMessage();
    if (!oldest) return {};
    // Exclusive and in milliseconds: the page begins with a few that are known.
    const before = new Date(Date.parse(oldest.received_at) + 1).toISOString();
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
