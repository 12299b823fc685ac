import { useEffect } from 'preact/hooks';
import { useView } from '../store/context';
import { sendForm } from '../store/preferences';
import type { View } from '../store/view';
import { keyTarget } from './keyTarget';
import { layout } from './pageSize';
import { closeSendForm, openSendForm } from './sendFormFocus';

/** Keys that move the focus to a part of the page, by its name in `data-keys`. */
const TARGETS: Record<string, string> = {
  '/': 'filter',
  l: 'log',
  c: 'clients',
  g: 'chart',
  d: 'detail',
};
/** Keys that press a button. None of them does what cannot be taken back. */
const BUTTONS: Record<string, string> = {
  p: 'pause',
  b: 'projector',
  a: 'api',
  u: 'utc',
  f: 'faults',
};

/** Keys of the page as a whole: silent while something is typed or a dialog is open. */
export function usePageKeys(onHelp: () => void): void {
  const view = useView();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
      const modal = document.querySelector('dialog:modal');
      if (modal && !closesRules(event.key, modal)) return;
      if (event.key === 'Escape') leaveOrClose(event.target, view);
      else if (isTyping(event.target)) return;
      else if (event.key === '?') onHelp();
      else if (!press(event.key)) return;
      event.preventDefault();
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, [onHelp, view]);
}

/** What opened the rules also closes them where they are a drawer. */
function closesRules(key: string, modal: Element): boolean {
  return key === 'f' && modal.matches('[data-kind="faults"]');
}

/** Leaves a field that is typed into, else closes what was opened last; a form that opens goes with its field. */
function leaveOrClose(target: EventTarget | null, view: View): void {
  const closing = sendForm.value === 'open' && layout.value === 'compact' && !view.detail.value;
  if (isTyping(target) && target instanceof HTMLElement && !closing) target.blur();
  else if (view.detail.value) view.close();
  else closeSendForm();
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.matches('input:not([type="radio"], [type="checkbox"]), select, textarea')
  );
}

function press(key: string): boolean {
  if (key === 's') return openSendForm();
  const target = keyTarget(TARGETS[key]);
  target?.focus();
  const button = keyTarget(BUTTONS[key]);
  button?.click();
  return target !== null || button !== null;
}
