import type { Message } from '../api/types';
import { formatBytes, formatCount, formatMicros } from '../text/format';
import { FilterLink } from './FilterLink';
import { HintMark } from './Hints';
import { Outcome } from './Outcome';
import { PayloadText } from './PayloadText';
import { ServiceTag } from './ServiceTag';
import { Time } from './Time';

interface Props {
  message: Message;
  index: number;
  id: string;
  active: boolean;
  selected: boolean;
  onOpen: () => void;
}

export function MessageRow({ message, index, id, active, selected, onOpen }: Props) {
  const { received, sent, service_us, outcome } = message;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the table takes the keys for its rows
    <div
      role="row"
      class="row row-link"
      id={id}
      aria-rowindex={index + 2}
      aria-selected={selected}
      data-active={active}
      data-seq={message.seq}
      data-outcome={outcome}
      onClick={onOpen}
    >
      <span role="gridcell" class="cell cell-seq">
        {formatCount(message.seq)}
      </span>
      <span role="gridcell" class="cell cell-time">
        <Time at={message.received_at} />
      </span>
      <span role="gridcell" class="cell cell-service">
        <FilterLink filter={{ service: message.service }} title={`Only ${message.service}`}>
          <ServiceTag service={message.service} />
        </FilterLink>
      </span>
      <span role="gridcell" class="cell cell-client address">
        <FilterLink
          filter={{ client: String(message.client.id) }}
          title={`Only messages of ${message.client.address}`}
        >
          {message.client.address}
        </FilterLink>
      </span>
      <span role="gridcell" class="cell cell-received">
        <HintMark hints={message.hints ?? []} />
        <PayloadText payload={received} />
      </span>
      <span role="gridcell" class="cell cell-sent">
        {outcome !== 'replied' && <Outcome outcome={outcome} />}
        {sent && <PayloadText payload={sent} />}
      </span>
      <span role="gridcell" class="cell cell-size">
        {formatBytes(received.size)}
      </span>
      <span role="gridcell" class="cell cell-took">
        {service_us === null ? '–' : formatMicros(service_us)}
      </span>
    </div>
  );
}
