import { useMemo } from 'preact/hooks';
import type { Message } from '../api/types';
import { differences, payloadView } from '../store/preferences';
import { bytesFromBase64 } from '../text/bytes';
import { diffBytes } from '../text/diff';
import { rawBytes } from '../text/rawBytes';
import { MessageFacts } from './MessageFacts';
import { Outcome } from './Outcome';
import { PayloadSide } from './PayloadSide';
import { Segments } from './Segments';
import { SnippetBox } from './SnippetBox';

const VIEWS = [
  { value: 'text', label: 'Text' },
  { value: 'hex', label: 'Hex' },
  { value: 'escaped', label: 'Escaped' },
] as const;

interface Props {
  message: Message;
  onSendAgain: (message: Message) => void;
}

/** Both sides of an exchange, and what can be done with it. */
export function MessageBody({ message, onSendAgain }: Props) {
  const view = payloadView.value;
  const { received, sent } = message;
  const comparable = sent !== null && isDerived(message);
  const marking = comparable && differences.value === 'marked';
  const bytes = useMemo(
    () => ({
      received: bytesFromBase64(received.base64),
      sent: bytesFromBase64(sent?.base64 ?? ''),
    }),
    [received.base64, sent?.base64],
  );
  const marks = useMemo(
    () => (marking ? diffBytes(bytes.received, bytes.sent) : null),
    [marking, bytes],
  );
  const raw = useMemo(() => rawBytes(message), [message]);
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
        {comparable && (
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
          raw={raw}
          marks={marks?.left ?? null}
        />
        {sent ? (
          <PayloadSide
            {...common}
            title="Reply"
            side="sent"
            payload={sent}
            bytes={bytes.sent}
            raw={bytes.sent}
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
      <SnippetBox message={message} raw={raw} />
    </>
  );
}

/** The reply is made of the message's own bytes; chat answers with a sentence about them. */
function isDerived({ service }: Message): boolean {
  return service.endsWith('-upper');
}
