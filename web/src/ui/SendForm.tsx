import { useId } from 'preact/hooks';
import type { Listener, PayloadEncoding } from '../api/types';
import type { FieldProblem, Packet } from '../store/packet';
import { Field } from './Field';
import { Segments } from './Segments';
import { textInput } from './textInput';

const ENCODINGS = [
  { value: 'text', label: 'Text' },
  { value: 'hex', label: 'Hex' },
  { value: 'base64', label: 'Base64' },
] as const;
const EXAMPLES: Record<PayloadEncoding, string> = {
  text: 'hello from client1',
  hex: '68 65 6c 6c 6f',
  base64: 'aGVsbG8=',
};
const HINTS: Record<PayloadEncoding, string> = {
  text: '\\n \\0 \\xff are escapes; no line end is added',
  hex: 'Two digits a byte; spaces do not count',
  base64: 'The standard alphabet, padded',
};

const FIGURES = [
  { field: 'count', label: 'Count' },
  { field: 'intervalMs', label: 'Interval, ms' },
  { field: 'timeoutMs', label: 'Timeout, ms' },
  { field: 'fromPort', label: 'Source port' },
] as const;

const INTERVAL_HINT = 'The interval is kept, unless the wait for a reply or the timeout is longer';

interface Props {
  packet: Packet;
  listeners: readonly Listener[];
  busy: boolean;
  problem: FieldProblem | null;
  onChange: (changes: Partial<Packet>) => void;
  onSend: () => void;
  onStop: () => void;
}

export function SendForm(props: Props) {
  const { packet, listeners, busy, problem, onChange } = props;
  const { encoding } = packet;
  const errorAt = (field: FieldProblem['field']) =>
    problem?.field === field ? problem.message : undefined;
  const onSubmit = (event: SubmitEvent) => {
    event.preventDefault();
    if (busy) props.onStop();
    else props.onSend();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !busy) props.onSend();
  };
  const changeEncoding = (next: PayloadEncoding) =>
    onChange(
      packet.payload === EXAMPLES[encoding]
        ? { encoding: next, payload: EXAMPLES[next] }
        : { encoding: next },
    );
  const wrong = FIGURES.find(({ field }) => field === problem?.field);
  const said = wrong ? `${wrong.label}: ${problem?.message}` : errorAt('form');
  const note = useId();
  return (
    <form class="send-form" noValidate onSubmit={onSubmit}>
      <TargetFields
        to={packet.to}
        listeners={listeners}
        error={errorAt('to')}
        onChange={(to) => onChange({ to })}
      />
      <Field
        label="Payload"
        hint={HINTS[encoding]}
        error={errorAt('payload')}
        tools={
          <Segments
            label="Payload is given as"
            options={ENCODINGS}
            value={encoding}
            onChange={changeEncoding}
          />
        }
      >
        {(control) => (
          <textarea
            {...control}
            {...textInput(packet.payload, (payload) => onChange({ payload }))}
            class="mono"
            rows={3}
            data-keys="payload"
            onKeyDown={onKeyDown}
          />
        )}
      </Field>
      <div class="send-figures">
        {FIGURES.map(({ field, label }) => (
          <Field key={field} label={label} error={errorAt(field)} noteAt={note}>
            {(control) => (
              <input
                {...control}
                {...textInput(packet[field], (value) => onChange({ [field]: value }))}
                inputMode="numeric"
              />
            )}
          </Field>
        ))}
      </div>
      {/* One place for the four of them, always there, so that the button below never moves. */}
      <p
        id={note}
        class={said ? 'field-note send-problem' : 'field-note'}
        role={said ? 'alert' : undefined}
      >
        {said ?? INTERVAL_HINT}
      </p>
      <button type="submit" class="button-main">
        {busy ? 'Stop' : 'Send'}
        {!busy && <kbd class="key">Ctrl ↵</kbd>}
      </button>
    </form>
  );
}

const OTHER = '';

interface TargetFieldsProps {
  to: string;
  listeners: readonly Listener[];
  error: string | undefined;
  onChange: (to: string) => void;
}

/** One of the server's own listeners, or any address it may send to. */
function TargetFields({ to, listeners, error, onChange }: TargetFieldsProps) {
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
