import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { keyTarget } from './keyTarget';

/** When the pane goes with the focus in it, the focus returns to where it was before, or to a part of the page. */
export function useFocusBack(pane: RefObject<HTMLDialogElement | null>, fallback: string): void {
  const target = useRef(fallback);
  target.current = fallback;
  useLayoutEffect(() => {
    const element = pane.current;
    if (!element) return;
    let outside: Element | null = document.activeElement;
    const note = ({ target }: FocusEvent) => {
      if (target instanceof Element && !element.contains(target)) outside = target;
    };
    document.addEventListener('focusin', note);
    return () => {
      document.removeEventListener('focusin', note);
      if (!element.contains(document.activeElement)) return;
      // Outside a modal dialog nothing takes the focus.
      element.close();
      if (outside instanceof HTMLElement && outside !== document.body && outside.isConnected)
        outside.focus();
      else keyTarget(target.current)?.focus();
    };
  }, [pane]);
}
