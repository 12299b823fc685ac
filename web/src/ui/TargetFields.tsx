import type { Listener } from '../api/types';
import { Field } from './Field';
import { textInput } from './textInput';

const OTHER = '';

interface Props {
  to: string;
  listeners: readonly Listener[];
  error: string | undefined;
  onChange: (to: string) => void;
}

/** One of the server's own listeners, or any address it may send to. */
export function TargetFields({ to, listeners, error, onChange }: Props) {
  const known = listeners.find((l) => l.address === to || l.service === to);
  // A name that no listener has any more is no address either: before the first status it waits.
  const other = !known && (listeners.length > 0 || to.includes(':') || to === OTHER);
  return (
    <>
      <Field label="To" error={other ? undefined : error}>
        {(control) => (
          <select
            {...control}
            value={known?.address ?? OTHER}
            onChange={(event) => onChange(event.currentTarget.value)}
          >
            {listeners.map((l) => (
              <option key={l.address} value={l.address}>
                {l.service} · {l.address}
              </option>
            ))}
            <option value={OTHER}>Another address…</option>
          </select>
        )}
      </Field>
      {other && (
        <Field label="Address" hint="HOST:PORT" error={error}>
          {(control) => (
            <input
              {...control}
              {...textInput(to, onChange)}
              class="mono"
              placeholder="127.0.0.1:12000"
            />
          )}
        </Field>
      )}
    </>
  );
}
