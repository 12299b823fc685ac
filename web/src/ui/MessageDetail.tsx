import { useMemo } from 'preact/hooks';
import { api } from '../api/client';
import type { Message } from '../api/types';
import { useGateway, useView } from '../store/context';
import { differences, payloadView } from '../store/preferences';
import { bytesFromBase64 } from '../text/bytes';
import { diffBytes } from '../text/diff';
import { formatMicros, formatMoment } from '../text/format';
import { wireBytes } from '../text/wire';
import { type Fact, Facts } from './Facts';
import { Outcome } from './Outcome';
import { PayloadSide } from './PayloadSide';
import { Segments } from './Segments';
import { SnippetBox } from './SnippetBox';
import { useLoaded } from './useLoaded';

const VIEWS = [
  { value: 'text', label: 'Text' },
  { value: 'hex', label: 'Hex' },
  { value: 'escaped', label: 'Escaped' },
] as const;

interface Props {
  seq: number;
  onSendAgain: (message: Message) => void;
}

export function MessageDetail({ seq, onSendAgain }: Props) {
  const gateway = useGateway();
  const known = gateway.log.find(seq);
  const loaded = useLoaded(seq, gateway.status.value?.log.id, async () =>
    known ? known : api.message(seq),
  );
  const message = known ?? loaded.value;
  if (message) return <MessageBody message={message} onSendAgain={onSendAgain} />;
  return <p class="detail-note">{loaded.problem ?? 'Loading…'}</p>;
}

interface BodyProps {
  message: Message;
  onSendAgain: (message: Message) => void;
}

function MessageBody({ message, onSendAgain }: BodyProps) {
  const view = payloadView.value;
  const marking = differences.value === 'marked';
  const { received, sent } = message;
  const bytes = useMemo(
    () => ({
      received: bytesFromBase64(received.base64),
      sent: bytesFromBase64(sent?.base64 ?? ''),
    }),
    [received.base64, sent?.base64],
  );
  const marks = useMemo(
    () => (marking && sent ? diffBytes(bytes.received, bytes.sent) : null),
    [marking, sent, bytes],
  );
  const wire = useMemo(() => wireBytes(message), [message]);
  const common = { seq: message.seq, view };
  return (
    <>
      <MessageFacts message={message} />
      <div class="detail-tools">
        <Segments
          label="Show payloads as"
          options={VIEWS}
          value={view}
          onChange={(next) => {
            payloadView.value = next;
          }}
        />
        {sent && (
          <label class="check">
            <input
              type="checkbox"
              checked={marking}
              onChange={() => {
                differences.value = marking ? 'plain' : 'marked';
              }}
            />
            Mark differences
          </label>
        )}
      </div>
      <div class="sides">
        <PayloadSide
          {...common}
          title="Received"
          side="received"
          payload={received}
          bytes={bytes.received}
          wire={wire}
          marks={marks?.left ?? null}
        />
        {sent ? (
          <PayloadSide
            {...common}
            title="Reply"
            side="sent"
            payload={sent}
            bytes={bytes.sent}
            wire={bytes.sent}
            marks={marks?.right ?? null}
          />
        ) : (
          <section class="side" aria-label="Reply">
            <header class="side-head">
              <h3>Reply</h3>
            </header>
            <p class="side-note">
              none: <Outcome outcome={message.outcome} />
            </p>
          </section>
        )}
      </div>
      {message.service.startsWith('udp') && (
        <p class="detail-tools">
          <button type="button" class="button" onClick={() => onSendAgain(message)}>
            Send again
          </button>
        </p>
      )}
      <SnippetBox message={message} wire={wire} />
    </>
  );
}

function MessageFacts({ message }: { message: Message }) {
  const view = useView();
  const { client, service_us } = message;
  const isStream = !message.service.startsWith('udp');
  const facts: Fact[] = [
    [
      'Client',
      <button
        type="button"
        key="client"
        class="link address"
        onClick={() => view.show({ kind: 'client', id: client.id })}
      >
        {client.address}
      </button>,
    ],
    [
      'Listener',
      <span key="listener">
        {message.service} · <code>{message.listener}</code>
      </span>,
    ],
    ['Received', formatMoment(message.received_at)],
    ['Replied', message.replied_at ? formatMoment(message.replied_at) : '–'],
    ...(isStream ? ([['Line end', lineEndWords(message)]] as Fact[]) : []),
    ['Took', service_us === null ? '–' : formatMicros(service_us)],
    ['Outcome', <Outcome key="outcome" outcome={message.outcome} />],
  ];
  return <Facts facts={facts} />;
}

/** It is no part of the message, but of what has to be sent to say it again. */
function lineEndWords({ line_end }: Message) {
  if (line_end === '') return 'none';
  return <code>{line_end === '\n' ? '\\n' : '\\r\\n'}</code>;
}
