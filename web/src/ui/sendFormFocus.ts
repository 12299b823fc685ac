/** The send form, which a page of middling width shows only when asked for. */
import { sendForm } from '../store/preferences';
import { keyTarget } from './keyTarget';
import { layout } from './pageSize';

/** Shows it and puts the caret into it; false where the page has none. */
export function openSendForm(): boolean {
  const payload = keyTarget('payload');
  sendForm.value = 'open';
  payload?.focus();
  // Where it was hidden it can take the focus once it is drawn.
  if (document.activeElement !== payload) requestAnimationFrame(() => payload?.focus());
  return payload !== null;
}

export function closeSendForm(): void {
  if (layout.value !== 'compact' || sendForm.value === 'closed') return;
  sendForm.value = 'closed';
  keyTarget('send')?.focus();
}
