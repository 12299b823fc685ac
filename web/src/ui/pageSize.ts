/** How large the page is in the unit of its style sheets, the root's size of type. */
import { computed, signal } from '@preact/signals';

const remPx = signal(10);
const widthPx = signal(1440);
const widthRem = computed(() => widthPx.value / remPx.value);

/** Pixels of so many rem; whole ones, so that rows stay sharp. */
export const pixels = (rem: number): number => Math.round(rem * remPx.value);

/** Of the log and of the clients table. The same limit as in styles/rows-narrow.css: rows on two lines. */
export const rowHeight = computed(() => pixels(widthRem.value <= 78 ? 5.2 : 2.5));

/** The same limits as in styles/compact.css and styles/phone.css. */
export const layout = computed(() =>
  widthRem.value > 118 ? 'desk' : widthRem.value > 70 ? 'compact' : 'phone',
);

/** Call whenever the root's size of type or the page's width may have changed. */
export function measurePage(page: HTMLElement): void {
  remPx.value = Number.parseFloat(getComputedStyle(page.ownerDocument.documentElement).fontSize);
  widthPx.value = page.clientWidth;
}
