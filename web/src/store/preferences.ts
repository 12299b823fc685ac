/** What a person prefers, kept in this browser; a browser that keeps nothing still works. */
import { computed, effect, type Signal, signal } from '@preact/signals';

const PREFIX = 'socklens.';

export function readStored(name: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name) ?? 'null');
  } catch {
    return null;
  }
}

export function writeStored(name: string, value: unknown): void {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Full or forbidden: it is good for as long as the page is open.
  }
}

/** One of a few values; whatever else was stored counts as the first. */
function choice<T extends string>(name: string, values: readonly [T, ...T[]]): Signal<T> {
  const stored = readStored(name);
  const chosen = signal<T>(values.find((value) => value === stored) ?? values[0]);
  effect(() => writeStored(name, chosen.value));
  return chosen;
}

export const theme = choice('theme', ['system', 'light', 'dark']);
/** Of the times on the page: this machine's zone, or the API's. */
export const timeZone = choice('zone', ['local', 'utc']);
export const size = choice('size', ['normal', 'projector']);
export const payloadView = choice('payload', ['text', 'hex', 'escaped']);
export const differences = choice('differences', ['marked', 'plain']);
export const snippetKind = choice('snippet', ['nc', 'socat', 'python', 'c']);
/** Hints that were put away. */
export const hintSeen = choice('hint', ['none', 'nat']);
/** Where there is not always room for it. */
export const sendForm = choice('send', ['closed', 'open']);
export const chartMetric = choice('chart', ['messages', 'bytes']);
export const chartRange = choice('range', ['1', '5', '15']);

const dark = globalThis.matchMedia?.('(prefers-color-scheme: dark)');
const systemDark = signal(dark?.matches ?? false);
dark?.addEventListener('change', () => {
  systemDark.value = dark.matches;
});

export const resolvedTheme = computed(() => {
  if (theme.value !== 'system') return theme.value;
  return systemDark.value ? 'dark' : 'light';
});
