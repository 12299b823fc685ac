import type { TargetedInputEvent } from 'preact';
import { useState } from 'preact/hooks';
import type { Listener, PayloadEncoding } from '../api/types';
import { useGateway } from '../store/context';
import { Field } from './Field';
import { Segments } from './Segments';
import type { FieldProblem } from './SendPanel';
import type { Draft, SendField } from './sendDraft';

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
  text: 'Sent as UTF-8, with no line end added',
  hex: 'Two digits a byte; spaces do not count',
  base64: 'The standard alphabet, padded',
};
const OTHER = '';

interface Props {
  busy: boolean;
  problem: FieldProblem | null;
  onSend: (draft: Draft) => void;
}

export function SendForm({ busy, problem, onSend }: Props) {
  const listeners = useGateway().status.value?.listeners.filter((l) => l.transport === 'udp') ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  const [address, setAddress] = useState('');
  const [encoding, setEncoding] = useState<PayloadEncoding>('text');
  const [payload, setPayload] = useState(EXAMPLES.text);
  const [fromPort, setFromPort] = useState('0');
  const [timeoutMs, setTimeoutMs] = useState('1000');

  const target = chosen ?? listeners[0]?.address ?? OTHER;
  const errorAt = (field: SendField) => (problem?.field === field ? problem.message : undefined);
  const submit = () =>
    onSend({
      target: target === OTHER ? { to: address } : targetOf(target, listeners),
      encoding,
      payload,
      fromPort: Number(fromPort),
      timeoutMs: Number(timeoutMs),
    });
  const onSubmit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!busy) submit();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !busy) submit();
  };
  const changeEncoding = (next: PayloadEncoding) => {
    if (payload === EXAMPLES[encoding]) setPayload(EXAMPLES[next]);
    setEncoding(next);
  };
  return (
    <form class="send-form" noValidate onSubmit={onSubmit}>
      <Field label="To" error={target === OTHER ? undefined : errorAt('target')}>
        {(field) => (
          <select {...field} value={target} onChange={(e) => setChosen(e.currentTarget.value)}>
            {listeners.map((l) => (
              <option key={l.address} value={l.address}>
                {l.service} · {l.address}
              </option>
            ))}
            <option value={OTHER}>Another address…</option>
          </select>
        )}
      </Field>
      {target === OTHER && (
        <Field label="Address" hint="HOST:PORT" error={errorAt('target')}>
          {(field) => (
            <input
              {...field}
              {...textInput(address, setAddress)}
              class="mono"
              placeholder="127.0.0.1:12000"
            />
          )}
        </Field>
      )}
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
        {(field) => (
          <textarea
            {...field}
            {...textInput(payload, setPayload)}
            class="mono"
            rows={4}
            onKeyDown={onKeyDown}
          />
        )}
      </Field>
      <div class="send-pair">
        <Field label="Source port" hint="0: any free" error={errorAt('fromPort')}>
          {(field) => (
            <input {...field} {...textInput(fromPort, setFromPort)} inputMode="numeric" />
          )}
        </Field>
        <Field label="Timeout, ms" hint="wait for the reply" error={errorAt('timeoutMs')}>
          {(field) => (
            <input {...field} {...textInput(timeoutMs, setTimeoutMs)} inputMode="numeric" />
          )}
        </Field>
      </div>
      <p class="send-problem" role="alert">
        {errorAt('form')}
      </p>
      <button type="submit" class="button-main" aria-disabled={busy}>
        {busy ? 'Waiting for the reply…' : 'Send'}
        <span class="key">Ctrl ↵</span>
      </button>
    </form>
  );
}

/** By its service where that says enough, so that a wildcard address is the gateway's to resolve. */
function targetOf(address: string, listeners: Listener[]): Draft['target'] {
  const service = listeners.find((l) => l.address === address)?.service;
  const alone = listeners.filter((l) => l.service === service).length === 1;
  return service && alone ? { listener: service } : { to: address };
}

function textInput(value: string, set: (value: string) => void) {
  return {
    value,
    spellcheck: false,
    autocomplete: 'off' as const,
    onInput: (event: TargetedInputEvent<HTMLInputElement | HTMLTextAreaElement>) =>
      set(event.currentTarget.value),
  };
}
