/** What fault rules did to a message: a chip for its row, and sentences. docs/faults.md explains the rules. */
import type { Fault, Side } from '../api/types';
import { type CurlOptions, curlCommand } from './curl';
import { formatWords } from './format';

/** What the API tells of the bytes that corrupt changed. */
const TOLD_CHANGES = 8;

/** As short as a row needs it: "lost · kurose", "+27 ms", "2×". */
export function faultChip(fault: Fault): string {
  switch (fault.effect) {
    case undefined:
      return `+${fault.more ?? 0} more`;
    case 'loss':
      return `lost · ${fault.rule}`;
    case 'delay':
    case 'rate':
      return `+${heldTime(fault.us ?? 0)}`;
    case 'duplicate':
      return `${(fault.copies ?? 1) + 1}×`;
    case 'reorder':
      return '⇄';
    case 'corrupt':
      return `≠ ${bits(fault)}`;
    case 'truncate':
      return `✂ ${fault.to} B`;
    default:
      return `${formatWords(fault.effect)} · ${fault.rule}`;
  }
}

/** One sentence on what was done, and one on why this message was hit; `client` is who sent it. */
export function faultSentence(fault: Fault, client: string): string {
  if (fault.effect === undefined)
    return `${plural(fault.more ?? 0, 'further entry', 'further entries')} had no room.`;
  return `${whatWasDone(fault)} ${whyThis(fault, client)}`;
}

/** Those of one side; what had no room is told with the reply. */
export function faultsOf(side: Side, faults: readonly Fault[] = []): Fault[] {
  return faults.filter((fault) => (fault.side ?? 'sent') === side);
}

/** Adds the rule that did it, as it was then, so that the same is done to the same messages again. */
export function faultCurl(fault: Fault, listener: string, options: CurlOptions): string {
  const body = { listener, rule: fault.text, name: fault.rule };
  const path = '/api/v1/faults';
  return curlCommand({ method: 'POST', path, body, parameters: [], produces: [] }, options);
}

function whatWasDone(fault: Fault): string {
  const rule = `rule ${fault.rule} (${fault.text})`;
  const sent = fault.side === 'sent';
  const it = sent ? 'The reply' : 'The message';
  switch (fault.effect) {
    case 'loss':
      return sent
        ? `The reply was made and thrown away by ${rule}.`
        : `The message was thrown away by ${rule} before the service saw it.`;
    case 'delay':
      return `${it} was held for ${heldTime(fault.us ?? 0)} by ${rule}.`;
    case 'rate':
      return `${it} waited ${heldTime(fault.us ?? 0)} for its turn at ${rule}.`;
    case 'duplicate':
      return `${it} was ${sent ? 'sent' : 'answered'} ${plural(fault.copies ?? 1, 'more time', 'more times')} by ${rule}.`;
    case 'reorder':
      return `${it} was held by ${rule} until ${passed(fault.after ?? 0)}.`;
    case 'corrupt':
      return `${bits(fault)} of the ${sent ? 'reply' : 'message'} ${flipped(fault)} flipped by ${rule}: ${changes(fault)}.`;
    case 'truncate':
      return `${it} was cut from ${fault.from} to ${plural(fault.to ?? 0, 'byte', 'bytes')} by ${rule}.`;
    case 'overflow':
      return `${it} was lost: ${rule} had to hold it, and --hold-size had no room.`;
    case 'queue_full':
      return `${it} was lost: the queue of ${rule} was full.`;
    case 'stopped':
      return `${it} was held by ${rule} when socklens stopped, and was not sent.`;
    default:
      return `${it} was hit by ${rule}: ${formatWords(String(fault.effect))}.`;
  }
}

function whyThis({ text = '', n, draw }: Fault, client: string): string {
  const share = shareOf(text);
  const number = `It was message ${n} ${scopeOf(text, client)}`;
  if (draw === undefined) return `${number}.`;
  const below = share === null ? 'was a hit' : `is below ${rounded(share)}`;
  return `${number}; the draw ${rounded(draw)} ${below}.`;
}

/** Whose messages are numbered together. */
function scopeOf(text: string, client: string): string {
  const words = wordsOf(text);
  const per = words[words.indexOf('per') + 1];
  if (words.includes('per') && per === 'listener') return 'of the listener';
  if (words.includes('per') && per === 'client') return `from ${client}`;
  return `from ${client.slice(0, client.lastIndexOf(':')).replace(/^\[|\]$/g, '')}`;
}

/** Words whose next word is no share, whatever it looks like. */
const TAKES_A_WORD = new Set(['burst', 'client', 'starts', 'contains', 'name']);

/** Of "loss 4/11 seed 7" 0.364; null where the rule has no share of its own. */
function shareOf(text: string): number | null {
  const words = wordsOf(text);
  const share = words.find(
    (word, i) => /^[\d.]+%$|^\d+\/\d+$/.test(word) && !TAKES_A_WORD.has(words[i - 1] ?? ''),
  );
  if (share === undefined) return null;
  const [part = 0, whole = 100] = share.split(/[/%]/).filter(Boolean).map(Number);
  return part / whole;
}

function wordsOf(text: string): string[] {
  return text.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? [];
}

function rounded(value: number): string {
  return value.toFixed(3);
}

function bits(fault: Fault): string {
  const told = fault.changes?.length ?? 0;
  const asked = Number(/^corrupt (\d+)/.exec(fault.text ?? '')?.[1] ?? 1);
  if (told === TOLD_CHANGES && asked > told) return `${told}+ bits`;
  return plural(told, 'bit', 'bits');
}

function flipped({ changes = [] }: Fault): string {
  return changes.length === 1 ? 'was' : 'were';
}

function changes(fault: Fault): string {
  const all = fault.changes ?? [];
  return all.map(({ at, was, is }) => `byte ${at} from ${was} to ${is}`).join(', ');
}

function passed(after: number): string {
  if (after === 0) return 'its time was over, and none passed it';
  return `${plural(after, 'later one of its client', 'later ones of its client')} had passed`;
}

/** A time that a rule names, without decimals that say nothing: 27 ms, 1.5 s. */
function heldTime(us: number): string {
  if (us < 1000) return `${us} µs`;
  const [value, unit] = us < 1_000_000 ? [us / 1000, 'ms'] : [us / 1_000_000, 's'];
  return `${Number(value.toPrecision(3))} ${unit}`;
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
