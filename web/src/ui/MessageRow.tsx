import type { Message } from '../api/types';
import { formatBytes, formatCount, formatMicros, formatTime } from '../text/format';
import { Outcome } from './Outcome';
import { PayloadText } from './PayloadText';
import { ServiceTag } from './ServiceTag';

interface Props {
  message: Message;
  index: number;
}

export function MessageRow({ message, index }: Props) {
  const { received, sent, service_us, outcome } = message;
  return (
    <div
      role="row"
      class="row"
      aria-rowindex={index + 2}
      data-seq={message.seq}
      data-outcome={outcome}
    >
      <span role="cell" class="cell cell-seq">
        {formatCount(message.seq)}
      </span>
      <time role="cell" class="cell cell-time" dateTime={message.received_at}>
        {formatTime(message.received_at)}
      </time>
      <span role="cell" class="cell cell-service">
        <ServiceTag service={message.service} />
      </span>
      <code role="cell" class="cell cell-client address">
        {message.client.address}
      </code>
      <span role="cell" class="cell cell-received">
        <PayloadText payload={received} />
      </span>
      <span role="cell" class="cell cell-sent">
        {outcome !== 'replied' && <Outcome outcome={outcome} />}
        {sent && <PayloadText payload={sent} />}
      </span>
      <span role="cell" class="cell cell-size">
        {formatBytes(received.size)}
      </span>
      <span role="cell" class="cell cell-took">
        {service_us === null ? '–' : formatMicros(service_us)}
      </span>
    </div>
  );
}
