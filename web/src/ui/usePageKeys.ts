import { useEffect } from 'preact/hooks';

/** Keys that lead to a place of the page; each place carries its name in `data-keys`. */
const PLACES: Record<string, string> = {
  '/': 'filter',
  l: 'log',
  c: 'clients',
  s: 'payload',
};
/** Keys that press a button. None of them does what cannot be taken back. */
const BUTTONS: Record<string, string> = { p: 'pause', b: 'projector' };

interface Handlers {
  onHelp: () => void;
  onEscape: () => void;
}

/** Keys of the page as a whole: silent while something is typed or a dialog is open. */
export function usePageKeys({ onHelp, onEscape }: Handlers): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
      if (document.querySelector('dialog:modal')) return;
      if (event.key === 'Escape') onEscape();
      else if (isTyping(event.target)) return;
      else if (event.key === '?') onHelp();
      else if (!press(event.key)) return;
      event.preventDefault();
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, [onHelp, onEscape]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.matches('input:not([type="radio"]), select, textarea');
}

function press(key: string): boolean {
  const place = find(PLACES[key]);
  place?.focus();
  const button = find(BUTTONS[key]);
  button?.click();
  return place !== null || button !== null;
}

function find(name: string | undefined): HTMLElement | null {
  return name === undefined ? null : document.querySelector(`[data-keys="${name}"]`);
}
