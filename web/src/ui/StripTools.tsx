import { useView } from '../store/context';
import { sendForm, size, theme } from '../store/preferences';
import { layout } from './pageSize';
import { closeSendForm, openSendForm } from './sendFormFocus';

const THEMES = [
  { value: 'system', label: 'System' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
] as const;

interface Props {
  onShowKeys: () => void;
}

/** Where else the page leads, how it looks, and what its keys are. */
export function StripTools({ onShowKeys }: Props) {
  const large = size.value === 'projector';
  return (
    <div class="strip-tools">
      {layout.value === 'compact' && <SendToggle />}
      <ApiToggle />
      <select
        aria-label="Theme"
        value={theme.value}
        onChange={(event) => {
          const chosen = THEMES.find(({ value }) => value === event.currentTarget.value);
          theme.value = chosen?.value ?? 'system';
        }}
      >
        {THEMES.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="button desk-only"
        aria-pressed={large}
        title="Projector mode: large type"
        data-keys="projector"
        onClick={() => {
          size.value = large ? 'normal' : 'projector';
        }}
      >
        <span aria-hidden="true">A+</span>
        <span class="unseen">Projector mode</span>
      </button>
      <button type="button" class="button desk-only" title="Keys" onClick={onShowKeys}>
        <span class="mono" aria-hidden="true">
          ?
        </span>
        <span class="unseen">Keys</span>
      </button>
    </div>
  );
}

/** A link, so that it can be opened beside the traffic. */
function ApiToggle() {
  const view = useView();
  const there = view.reference.value !== null;
  return (
    <a
      class="button"
      href={there ? view.trafficHref() : view.referenceHref()}
      data-keys="api"
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        if (there) view.showTraffic();
        else view.showReference();
      }}
    >
      {there ? 'Traffic' : 'API'}
    </a>
  );
}

function SendToggle() {
  const traffic = useView().reference.value === null;
  const open = sendForm.value === 'open';
  if (!traffic) return null;
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
