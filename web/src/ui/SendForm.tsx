import { useId } from 'preact/hooks';
import type { Listener, PayloadEncoding } from '../api/types';
import type { FieldProblem, Packet } from '../store/packet';
import { Field } from './Field';
import { Segments } from './Segments';
import { TargetFields } from './TargetFields';
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
