import { effect } from '@preact/signals';
import { resolvedTheme, size } from '../store/preferences';

/** Tells the style sheet the theme and the size of type, now and whenever they change. */
export function followPreferences(root: HTMLElement): void {
  effect(() => {
    root.dataset.theme = resolvedTheme.value;
    root.dataset.size = size.value;
  });
}
