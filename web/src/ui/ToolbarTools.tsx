import { size, theme } from '../store/preferences';
import { ApiToggle } from './ApiToggle';
import { layout } from './pageSize';
import { SendToggle } from './SendToggle';
import { ZoneToggle } from './ZoneToggle';

const THEMES = [
  { value: 'system', label: 'System' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
] as const;

interface Props {
  onShowKeys: () => void;
}

/** Where else the page leads, how it looks, and what its keys are. */
export function ToolbarTools({ onShowKeys }: Props) {
  const large = size.value === 'projector';
  return (
    <div class="toolbar-tools">
      {layout.value === 'compact' && <SendToggle />}
      <ApiToggle />
      <ZoneToggle />
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
        <span class="sr-only">Projector mode</span>
      </button>
      <button type="button" class="button desk-only" title="Keys" onClick={onShowKeys}>
        <span class="mono" aria-hidden="true">
          ?
        </span>
        <span class="sr-only">Keys</span>
      </button>
    </div>
  );
}
