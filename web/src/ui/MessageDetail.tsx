import { useEffect, useMemo } from 'preact/hooks';
import { api } from '../api/client';
import { ApiProblem } from '../api/problem';
import type { Message } from '../api/types';
import { useServer, useView } from '../store/context';
import { differences, payloadView } from '../store/preferences';
import { bytesFromBase64 } from '../text/bytes';
import { diffBytes } from '../text/diff';
import { formatMicros } from '../text/format';
import { rawBytes } from '../text/rawBytes';
import { type Fact, Facts } from './Facts';
import { Faults } from './Faults';
import { Hints } from './Hints';
import { Outcome } from './Outcome';
import { PayloadSide } from './PayloadSide';
import { Segments } from './Segments';
import { SnippetBox } from './SnippetBox';
import { Moment } from './Time';
import { useLoaded } from './useLoaded';

interface Props {
  seq: number;
  /** The run that gave it its number; the one that runs where nothing is said. */
  run: string | undefined;
  onSendAgain: (message: Message) => void;
}

export function MessageDetail({ seq, run, onSendAgain }: Props) {
  const server = useServer();
  const view = useView();
  const version = `${server.status.value?.run} ${run}`;
  const loaded = useLoaded(seq, version, async () => {
    if (server.isForeign(run)) throw new ApiProblem(410, goneWith(run));
    return api.message(seq, run);
  });
  const answer = isOf(loaded.value?.run, run) ? loaded.value : null;
  const recordedBy = answer?.run;
  useEffect(() => {
    if (recordedBy) view.pin(recordedBy);
  }, [view, recordedBy]);
  // Under the number alone another message may stand here by now.
  const at = server.log.indexOf(seq, run);
  const known = isOf(server.runAt(at), run) ? server.log.find(seq, run) : null;
  const message = answer ?? known;
  return (
    <>
      {loaded.problem && (
        <p class="detail-note" role="status">
          {loaded.problem}
        </p>
      )}
      {message && <MessageBody message={message} onSendAgain={onSendAgain} />}
      {!message && !loaded.problem && <p class="detail-note">Loading…</p>}
    </>
  );
}

function goneWith(run = ''): string {
  return `This message is one of another run (${run.slice(0, 8)}), whose log has gone.`;
}

function isOf(recordedBy: string | undefined, run: string | undefined): boolean {
  return run === undefined || recordedBy?.startsWith(run.slice(0, 8)) === true;
}

const VIEWS = [
  { value: 'text', label: 'Text' },
  { value: 'hex', label: 'Hex' },
  { value: 'escaped', label: 'Escaped' },
] as const;

interface MessageBodyProps {
  message: Message;
  onSendAgain: (message: Message) => void;
}

/** Both sides of an exchange, and what can be done with it. */
function MessageBody({ message, onSendAgain }: MessageBodyProps) {
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
    ['Received', <Moment key="received" at={message.received_at} />],
    ['Replied', message.replied_at ? <Moment key="replied" at={message.replied_at} /> : '–'],
    ...(isStream ? ([['Line end', lineEndWords(message)]] as Fact[]) : []),
    ['Read to reply', service_us === null ? '–' : formatMicros(service_us)],
    ['Outcome', <Outcome key="outcome" outcome={message.outcome} />],
  ];
  return (
    <>
      <Facts facts={facts} />
      <Hints hints={message.hints ?? []} />
      <Faults message={message} />
    </>
  );
}

/** It is no part of the message, but of what has to be sent to say it again. */
function lineEndWords({ line_end }: Message) {
  if (line_end === 'none') return 'none';
  return <code>{line_end === 'lf' ? '\\n' : '\\r\\n'}</code>;
}
