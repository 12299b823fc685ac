import { effect } from '@preact/signals';
import { resolvedTheme, size } from '../store/preferences';
import { measurePage } from './pageSize';

/** Tells the style sheet the theme and the size of type, now and whenever they change. */
export function followPreferences(root: HTMLElement, page: HTMLElement): void {
  effect(() => {
    root.dataset.theme = resolvedTheme.value;
    root.dataset.size = size.value;
    judgeContainer(page);
    measurePage(page);
  });
  new ResizeObserver(() => measurePage(page)).observe(page);
}

/**
 * Chromium judges a container query again when the container's size changes, not when only its unit does:
 * after a reload with large type the limits in rem would be those of the usual type. Another kind of
 * container for the moment of one layout makes it look.
 */
function judgeContainer(page: HTMLElement): void {
  page.style.containerType = 'normal';
  void page.offsetWidth;
  page.style.containerType = '';
}
