/**
 * The messages the page knows, in order, and what it does not know of them: a gap is a row of its own.
 * Bounded in rows and in characters, since one message may be 20 bytes or 100 kB.
 */
import type { Gap, Message } from '../api/types';

export type LogRow =
  | { kind: 'message'; key: string; message: Message }
  | { kind: 'gap'; key: string; gap: Gap }
  | { kind: 'restart'; key: string; at: number };

export interface LogLimits {
  rows: number;
  characters: number;
}

const DEFAULT_LIMITS: LogLimits = { rows: 20_000, characters: 48_000_000 };

export class MessageLog {
  rows: LogRow[] = [];
  /** Where rows[0] stands among all rows there ever were: it tells a view how far its rows have moved. */
  origin = 0;
  /** Messages that came by the stream, those in gaps included. */
  arrived = 0;
  /** Sequence numbers begin anew with each epoch. */
  private epoch = 0;
  /** Index, from the origin, of the first row of this epoch. */
  private epochStart = 0;
  private characters = 0;

  constructor(private readonly limits: LogLimits = DEFAULT_LIMITS) {}

  append(messages: readonly Message[]): void {
    for (const message of messages) this.push(this.messageRow(message));
    this.arrived += messages.length;
    this.trim();
  }

  /** A gap that continues the one before it is the same gap. */
  appendGap(gap: Gap): void {
    const count = gap.matched ?? gap.to - gap.from + 1;
    if (count <= 0) return;
    this.arrived += count;
    const last = this.rows.at(-1);
    if (last?.kind === 'gap' && last.gap.reason === gap.reason && last.gap.to + 1 === gap.from) {
      this.rows[this.rows.length - 1] = this.gapRow(joinGaps(last.gap, gap));
    } else {
      this.push(this.gapRow(gap));
      this.trim();
    }
  }

  /** The gateway began a new log: what stands so far is of the old one. */
  beginEpoch(at: number): void {
    this.epoch += 1;
    if (this.rows.length > 0) this.push({ kind: 'restart', key: `${this.epoch}:restart`, at });
    this.epochStart = this.origin + this.rows.length;
    this.trim();
  }

  /** Puts in what was there before the stream began: of `messages` those before this epoch's first row. */
  insertHistory(messages: readonly Message[]): void {
    const at = Math.max(0, this.epochStart - this.origin);
    const before = firstSeq(this.rows[at]);
    const rows = messages.filter((m) => m.seq < before).map((m) => this.messageRow(m));
    this.rows.splice(at, 0, ...rows);
    this.origin -= rows.length;
    this.epochStart -= rows.length;
    for (const row of rows) this.characters += weight(row);
    this.trim();
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

function weight(row: LogRow | undefined): number {
  if (row?.kind !== 'message') return 0;
  const { received, sent } = row.message;
  return [received, sent].reduce(
    (sum, p) => sum + (p?.base64.length ?? 0) + (p?.text?.length ?? 0),
    0,
  );
}
