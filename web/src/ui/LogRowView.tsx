import type { Gap, Message } from '../api/types';
import { useDescription, useView } from '../store/context';
import { isEmptyFilter } from '../store/filter';
import { gapCount, type LogRow, type Note } from '../store/log';
import { formatBytes, formatCount, formatMicros, formatWords } from '../text/format';
import { FaultChip } from './Faults';
import { FilterLink } from './FilterLink';
import { HintMark } from './Hints';
import { Outcome } from './Outcome';
import { PayloadText } from './PayloadText';
import { ServiceTag } from './ServiceTag';
import { Time } from './Time';

interface Props {
  row: LogRow | undefined;
  index: number;
  active: boolean;
  selected: boolean;
  onOpen: () => void;
}

export function LogRowView({ row, index, active, selected, onOpen }: Props) {
  if (!row) return null;
  const place = { index, id: rowId(row), active };
  if (row.kind === 'gap') return <GapRow gap={row.gap} {...place} />;
  if (row.kind === 'note') return <NoteRow note={row.note} at={row.at} {...place} />;
  return <MessageRow message={row.message} {...place} selected={selected} onOpen={onOpen} />;
}

export function rowId(row: LogRow): string {
  return `row-${row.key}`;
}

interface MessageRowProps {
  message: Message;
  index: number;
  id: string;
  active: boolean;
  selected: boolean;
  onOpen: () => void;
}

function MessageRow({ message, index, id, active, selected, onOpen }: MessageRowProps) {
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
        <FaultChip message={message} side="received" />
        <PayloadText payload={received} />
      </span>
      <span role="gridcell" class="cell cell-sent">
        <FaultChip message={message} side="sent" />
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

const REASONS: Record<string, string> = {
  sampled: 'too fast to show one by one',
  evicted: 'no longer held',
  lost: 'could not be stored',
};

interface GapRowProps {
  gap: Gap;
  index: number;
  id: string;
  active: boolean;
}

/** Messages that are missing, by number and reason. */
function GapRow({ gap, index, id, active }: GapRowProps) {
  const description = useDescription();
  const count = gapCount(gap);
  // What is gone cannot be asked whether it would have matched.
  const filtered = gap.matched === undefined && !isEmptyFilter(useView().filter.value);
  return (
    <div
      role="row"
      class="row row-gap"
      id={id}
      aria-rowindex={index + 2}
      data-active={active}
      data-reason={gap.reason}
    >
      <span role="gridcell" class="cell cell-gap">
        <span class="gap-count">
          {filtered && 'up to '}
          {formatCount(count)} {count === 1 ? 'message' : 'messages'} not shown
        </span>
        <span class="gap-range">
          {formatCount(gap.from)} – {formatCount(gap.to)}
        </span>
        <span title={description.valueWord('GapReason', gap.reason)}>
          {REASONS[gap.reason] ?? formatWords(gap.reason)}
        </span>
      </span>
    </div>
  );
}

const WORDS: Record<Note, [what: string, then: string]> = {
  restarted: ['socklens was restarted', 'numbers begin anew'],
  resumed: ['socklens was restarted', 'the log goes on'],
  cleared: ['The log was cleared', 'what came before is gone'],
};

interface NoteRowProps {
  note: Note;
  at: number;
  index: number;
  id: string;
  active: boolean;
}

function NoteRow({ note, at, index, id, active }: NoteRowProps) {
  return (
    <div
      role="row"
      class="row row-gap"
      id={id}
      aria-rowindex={index + 2}
      data-active={active}
      data-reason={note}
    >
      <span role="gridcell" class="cell cell-gap">
        <span class="gap-count">{WORDS[note][0]}</span>
        <span class="gap-range">
          <Time at={new Date(at).toISOString()} digits={0} />
        </span>
        <span>{WORDS[note][1]}</span>
      </span>
    </div>
  );
}
