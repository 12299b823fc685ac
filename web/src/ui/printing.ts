/** While the page is printed, what is otherwise drawn only where it is in view is drawn as a whole. */
import { signal } from '@preact/signals';

export const printing = signal(false);

/** Of a table so many rows are printed, about fifty sheets. */
export const PRINT_ROWS_MAX = 2000;

/** The browser lays the sheets out after these events, with what was drawn until then. */
export function followPrinting(window: Window): void {
  const print = window.matchMedia('print');
  const look = () => {
    printing.value = print.matches;
  };
  window.addEventListener('beforeprint', () => {
    printing.value = true;
  });
  window.addEventListener('afterprint', look);
  print.addEventListener('change', look);
}
