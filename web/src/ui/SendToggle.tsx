import { useView } from '../store/context';
import { sendForm } from '../store/preferences';
import { closeSendForm, openSendForm } from './sendFormFocus';

/** Opens the form where it is not always there. */
export function SendToggle() {
  const { showsApi } = useView();
  const open = sendForm.value === 'open';
  if (showsApi.value) return null;
  return (
    <button
      type="button"
      class="button"
      aria-expanded={open}
      data-keys="send"
      onClick={() => (open ? closeSendForm() : openSendForm())}
    >
      Send…
    </button>
  );
}
