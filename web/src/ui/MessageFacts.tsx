import type { Message } from '../api/types';
import { useView } from '../store/context';
import { formatMicros } from '../text/format';
import { type Fact, Facts } from './Facts';
import { Hints } from './Hints';
import { Outcome } from './Outcome';
import { Moment } from './Time';

export function MessageFacts({ message }: { message: Message }) {
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
    </>
  );
}

/** It is no part of the message, but of what has to be sent to say it again. */
function lineEndWords({ line_end }: Message) {
  if (line_end === 'none') return 'none';
  return <code>{line_end === 'lf' ? '\\n' : '\\r\\n'}</code>;
}
