import { effect } from '@preact/signals';
import { resolvedTheme, size } from '../store/preferences';
import { measurePage } from './pageSize';

/** Tells the style sheet the theme and the size of type, now and whenever they change. */
export function followPreferences(root: HTMLElement, page: HTMLElement): void {
  effect(() => {
    root.dataset.theme = resolvedTheme.value;
    root.dataset.size = size.value;
    measurePage(page);
  });
  new ResizeObserver(() => measurePage(page)).observe(page);
}
