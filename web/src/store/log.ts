/**
 * The messages the page knows, in order, and what it does not know of them: a gap is a row of its own.
 * Bounded in rows and in characters, since one message may be 20 bytes or 100 kB.
 */
import type { Gap, Message } from '../api/types';

export type LogRow =
  | { kind: 'message'; key: string; message: Message }
  | { kind: 'gap'; key: string; gap: Gap }
  | { kind: 'note'; key: string; note: Note; at: number };

/** What happened to the log as a whole. */
export type Note = 'restarted' | 'resumed' | 'cleared';

export interface LogLimits {
  rows: number;
  characters: number;
}

const DEFAULT_LIMITS: LogLimits = { rows: 20_000, characters: 48_000_000 };

export class MessageLog {
  rows: LogRow[] = [];
  /** Index of rows[0] counted from the first row ever: tells a view how far its rows have moved. */
  origin = 0;
  /** Messages that came by the stream, those in gaps included. */
  arrived = 0;
  /** Sequence numbers begin anew with each epoch. */
  private epoch = 0;
  /** Where the rows of runs stand whose log is gone: the first, and the one behind the last. */
  private endedRuns = new Map<string, [from: number, to: number]>();
  /** Index, from the origin, of the first row of this epoch. */
  private epochStart = 0;
  private characters = 0;
  /** The newest sequence number of this epoch that is known, shown or in a gap. */
  private newest = 0;
  /** The last thing that happened to the log as a whole. */
  lastNote: { note: Note; at: number } | null = null;
  private clearedAt = 0;
  /** While it is read, a full log drops new rows and keeps those that are shown. */
  held = false;
  /** The newest messages are not in `rows`: the log must be loaded again to show them. */
  detached = false;

  constructor(private readonly limits: LogLimits = DEFAULT_LIMITS) {}

  /** A copy that later messages do not change. */
  snapshot(): MessageLog {
    const copy = Object.assign(new MessageLog(this.limits), this);
    copy.rows = [...this.rows];
    copy.endedRuns = new Map(this.endedRuns);
    return copy;
  }

  append(messages: readonly Message[]): void {
    // The history request may have been answered before the stream's event.
    const fresh = messages.filter(({ seq }) => seq > this.newest);
    this.arrived += fresh.length;
    this.newest = fresh.at(-1)?.seq ?? this.newest;
    this.detachIfFull();
    if (this.detached) return;
    for (const message of fresh) this.push(this.messageRow(message));
    this.trim();
  }

  /** A gap that continues the one before it is the same gap. */
  appendGap(gap: Gap): void {
    const count = gapCount(gap) - this.countKnown(gap);
    if (count <= 0) return;
    const from = Math.max(gap.from, this.newest + 1);
    const fresh: Gap = from === gap.from ? gap : { ...gap, from, matched: count };
    this.arrived += count;
    this.newest = Math.max(this.newest, gap.to);
    this.detachIfFull();
    if (this.detached) return;
    const last = this.rows.at(-1);
    if (last?.kind === 'gap' && last.gap.reason === fresh.reason && last.gap.to + 1 === from) {
      this.rows[this.rows.length - 1] = this.gapRow(joinGaps(last.gap, fresh));
    } else {
      this.push(this.gapRow(fresh));
      this.trim();
    }
  }

  /** How many messages of a gap are loaded already. */
  private countKnown(gap: Gap): number {
    if (gap.from > this.newest) return 0;
    let known = 0;
    for (let i = this.rows.length - 1; i >= 0 && lastSeq(this.rows[i]) >= gap.from; i -= 1)
      if (this.rows[i]?.kind === 'message') known += 1;
    return known;
  }

  private detachIfFull(): void {
    if (this.held && this.isFull()) this.detached = true;
  }

  /** The server began a new log: the rows so far belong to the old one. */
  beginEpoch(at: number, endedRun = ''): void {
    if (endedRun)
      this.endedRuns.set(endedRun, [this.epochIndex + this.origin, this.origin + this.rows.length]);
    this.epoch += 1;
    this.lastNote = { note: 'restarted', at };
    if (this.rows.length > 0) this.push(this.noteRow('restarted', at));
    this.epochStart = this.origin + this.rows.length;
    this.newest = 0;
    this.trim();
  }

  /** The server was started again at `since` and goes on with the same log and its numbers. */
  noteRestart(run: string, since: number, at: number): void {
    let index = this.rows.length;
    while (index > this.epochIndex && isSince(this.rows[index - 1], since)) index -= 1;
    if (index === 0) return;
    const note = 'resumed';
    this.lastNote = { note, at };
    this.rows.splice(index, 0, { kind: 'note', key: `${this.epoch}:${run}`, note, at });
  }

  /** Empties the log: another filter, or a detached log that goes back to the newest. */
  clear(): void {
    this.origin += this.rows.length;
    this.epochStart = this.origin;
    this.rows = [];
    this.characters = 0;
    this.newest = 0;
    this.detached = false;
  }

  /** Begins anew with messages that are not the newest, for somebody who reads them. */
  beginAt(messages: readonly Message[]): void {
    this.clear();
    this.held = true;
    this.detached = true;
    this.insertHistory(messages);
  }

  /** The server's log was cleared; numbers continue. */
  noteCleared(at: number): void {
    this.clear();
    this.lastNote = { note: 'cleared', at };
    this.clearedAt = this.arrived;
    this.epoch += 1;
    this.push(this.noteRow('cleared', at));
    this.epochStart = this.origin + this.rows.length;
  }

  /** How many of those that arrived since `arrived` was read are still there. */
  freshSince(arrived: number): number {
    return this.arrived - Math.max(arrived, this.clearedAt);
  }

  private noteRow(note: Note, at: number): LogRow {
    return { kind: 'note', key: `${this.epoch}:${note}`, note, at };
  }

  /** Inserts older messages: those of `messages` before this epoch's first row. */
  insertHistory(messages: readonly Message[]): number {
    const before = this.oldestSeq();
    const rows = messages.filter((m) => m.seq < before).map((m) => this.messageRow(m));
    const newest = messages.at(-1)?.seq ?? 0;
    this.newest = Math.max(this.newest, newest);
    this.insert(rows);
    return rows.length;
  }

  /** Nothing older is left: adds a gap for what is missing before this epoch's first row. */
  insertFirstGap(reason: Gap['reason']): void {
    const to = this.oldestSeq() - 1;
    if (to >= 1 && Number.isFinite(to)) this.insert([this.gapRow({ from: 1, to, reason })]);
  }

  private insert(rows: LogRow[]): void {
    this.rows.splice(this.epochIndex, 0, ...rows);
    this.origin -= rows.length;
    this.epochStart -= rows.length;
    for (const row of rows) this.characters += weight(row);
    if (this.held) this.cutTail();
    else this.trim();
  }

  /** Index of the first row of this epoch. */
  get epochIndex(): number {
    return Math.max(0, this.epochStart - this.origin);
  }

  /** The first sequence number of this epoch that is accounted for. */
  oldestSeq(): number {
    return firstSeq(this.rows[this.epochIndex]);
  }

  /** When the first and the last message of all rows came; empty where there is none. */
  timeSpan(): [first: string, last: string] {
    const at = (row: LogRow | undefined) =>
      row?.kind === 'message' ? row.message.received_at : '';
    const isMessage = ({ kind }: LogRow) => kind === 'message';
    return [at(this.rows.find(isMessage)), at(this.rows.findLast(isMessage))];
  }

  oldestMessage(): Message | null {
    for (let i = this.epochIndex; i < this.rows.length; i += 1) {
      const row = this.rows[i];
      if (row?.kind === 'message') return row.message;
    }
    return null;
  }

  /** A message of this epoch, or of the epoch that ended with `run`. */
  find(seq: number, run?: string): Message | null {
    const row = this.rows[this.indexOf(seq, run)];
    return row?.kind === 'message' ? row.message : null;
  }

  /** Where it stands, or -1. */
  indexOf(seq: number, run?: string): number {
    const ended = run && [...this.endedRuns].find(([name]) => name.startsWith(run))?.[1];
    if (ended) return this.indexBetween(seq, ended[0] - this.origin, ended[1] - this.origin);
    let low = this.epochIndex;
    let high = this.rows.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const row = this.rows[middle];
      if (row?.kind === 'message' && row.message.seq === seq) return middle;
      if (this.seqAtOrBefore(middle) < seq) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** The row of a message of this epoch, or the first row after it. */
  indexNear(seq: number): number {
    const index = this.rows.findIndex((row, at) => at >= this.epochIndex && lastSeq(row) >= seq);
    return index >= 0 ? index : this.rows.length - 1;
  }

  private indexBetween(seq: number, from: number, to: number): number {
    for (let index = Math.max(0, from); index < to; index += 1) {
      const row = this.rows[index];
      if (row?.kind === 'message' && row.message.seq === seq) return index;
    }
    return -1;
  }

  /** The run that ended with the epoch of this row, or null where the epoch goes on. */
  endedRunAt(index: number): string | null {
    const at = index + this.origin;
    for (const [run, [from, to]] of this.endedRuns) if (at >= from && at < to) return run;
    return null;
  }

  /** A note between two messages has no number of its own. */
  private seqAtOrBefore(index: number): number {
    let at = index;
    while (at > this.epochIndex && this.rows[at]?.kind === 'note') at -= 1;
    return lastSeq(this.rows[at]);
  }

  private messageRow(message: Message): LogRow {
    return { kind: 'message', key: `${this.epoch}:${message.seq}`, message };
  }

  private gapRow(gap: Gap): LogRow {
    return { kind: 'gap', key: `${this.epoch}:gap:${gap.from}`, gap };
  }

  private push(row: LogRow): void {
    this.rows.push(row);
    this.characters += weight(row);
  }

  private isFull(): boolean {
    return this.rows.length >= this.limits.rows || this.characters >= this.limits.characters;
  }

  /** While old rows are read, the newest are removed. */
  private cutTail(): void {
    while (this.isFull() && this.rows.length > 1) {
      this.characters -= weight(this.rows.pop());
      this.detached = true;
    }
  }

  /** Cuts a tenth at a time, so that a full log does not copy itself with every message. */
  private trim(): void {
    const { rows, limits } = this;
    if (rows.length <= limits.rows && this.characters <= limits.characters) return;
    const keepCharacters = limits.characters * 0.9;
    let cut = Math.max(0, rows.length - Math.floor(limits.rows * 0.9));
    for (let i = 0; i < cut; i += 1) this.characters -= weight(rows[i]);
    while (this.characters > keepCharacters && cut < rows.length - 1) {
      this.characters -= weight(rows[cut]);
      cut += 1;
    }
    this.rows = rows.slice(cut);
    this.origin += cut;
  }
}

function isSince(row: LogRow | undefined, since: number): boolean {
  return row?.kind === 'message' && Date.parse(row.message.received_at) >= since;
}

function joinGaps(first: Gap, second: Gap): Gap {
  const joined: Gap = { from: first.from, to: second.to, reason: first.reason };
  if (first.matched === undefined && second.matched === undefined) return joined;
  return { ...joined, matched: gapCount(first) + gapCount(second) };
}

export function gapCount(gap: Gap): number {
  return gap.matched ?? gap.to - gap.from + 1;
}

function firstSeq(row: LogRow | undefined): number {
  if (row?.kind === 'message') return row.message.seq;
  if (row?.kind === 'gap') return row.gap.from;
  return Number.POSITIVE_INFINITY;
}

function lastSeq(row: LogRow | undefined): number {
  if (row?.kind === 'message') return row.message.seq;
  return row?.kind === 'gap' ? row.gap.to : 0;
}

function weight(row: LogRow | undefined): number {
  if (row?.kind !== 'message') return 0;
  const { received, sent } = row.message;
  return [received, sent].reduce(
    (sum, p) => sum + (p?.base64.length ?? 0) + (p?.text?.length ?? 0),
    0,
  );
}
