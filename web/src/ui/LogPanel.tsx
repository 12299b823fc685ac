import { useEffect, useState } from 'preact/hooks';
import { useServer, useView } from '../store/context';
import { isEmptyFilter } from '../store/filter';
import type { Note } from '../store/log';
import type { Server } from '../store/server';
import { formatCount } from '../text/format';
import { FilterBar } from './FilterBar';
import { LogMenu } from './LogMenu';
import { LogRowView, rowId } from './LogRowView';
import { Panel } from './Panel';
import { rowHeight } from './pageSize';
import { useLinkedMessage } from './useLinkedMessage';
import { type LogHold, useLogHold } from './useLogHold';
import { usePageTitle } from './usePageTitle';
import { useTimeChars } from './useTimeChars';
import { VirtualTable } from './VirtualTable';

const COLUMNS = [
  { label: 'No.', word: 'Message.seq' },
  { label: 'Time', word: 'Message.received_at' },
  { label: 'Service', word: 'Service' },
  { label: 'Client', word: 'Message.client' },
  { label: 'Received', word: 'Message.received' },
  { label: 'Reply', word: 'Message.sent' },
  { label: 'Size', word: 'Payload.size' },
  { label: 'Took', word: 'Message.service_us' },
];
/** Older messages are requested this many rows before the first. */
const OLDER_WITHIN_ROWS = 60;

export function LogPanel() {
  const server = useServer();
  const view = useView();
  const hold = useLogHold();
  usePageTitle(hold);
  const { log } = hold;
  /** The row the arrow keys stand on, counted from the log's origin. */
  const [activeAt, setActiveAt] = useState<number | null>(null);
  const detail = view.detail.value;
  const shown = detail?.kind === 'message' ? server.indexOf(detail, log) : -1;
  const timeChars = useTimeChars(log.timeSpan(), 3);
  const active = activeAt === null ? -1 : activeAt - log.origin;
  const target = useLinkedMessage(hold);
  useEffect(() => {
    if (target && target.at === shown + log.origin) setActiveAt(target.at);
  }, [target]);

  const open = (index: number) => {
    const row = log.rows[index];
    if (row?.kind !== 'message') return;
    const run = server.runAt(index, log);
    view.show({ kind: 'message', seq: row.message.seq, ...(run && { run }) });
  };
  const onMove = (index: number) => {
    setActiveAt(index + log.origin);
    if (index < log.rows.length - 1) hold.follow(false);
    if (detail?.kind === 'message') open(index);
  };
  const onFollow = (follow: boolean) => {
    // The end of a frozen view is not the end of the log.
    if (!(follow && hold.paused)) hold.follow(follow);
  };
  const onView = (first: number) => {
    if (!hold.following && !hold.paused && first - log.epochIndex < OLDER_WITHIN_ROWS)
      void server.loadOlder();
  };
  return (
    <Panel
      class="log-panel"
      title="Messages"
      note={server.loadingOlder.value ? 'loading older ones…' : words(hold)}
      tools={
        <div class="panel-tools">
          <LogMenu />
          <PauseButton hold={hold} />
        </div>
      }
    >
      <FilterBar log={log} />
      <VirtualTable
        label="Messages, oldest first"
        class="log"
        keysName="log"
        columns={COLUMNS}
        count={log.rows.length}
        origin={log.origin}
        rowHeight={rowHeight.value}
        firstColumnChars={formatCount(server.status.value?.log.newest_seq ?? 0).length}
        timeChars={timeChars}
        follow={hold.following}
        onFollow={onFollow}
        onEnd={() => hold.follow(true)}
        target={target}
        onView={onView}
        active={active}
        rowId={(index) => {
          const row = log.rows[index];
          return row && rowId(row);
        }}
        onMove={onMove}
        onOpen={open}
        row={(index) => (
          <LogRowView
            key={log.rows[index]?.key}
            row={log.rows[index]}
            index={index}
            active={index === active}
            selected={index === shown}
            onOpen={() => {
              setActiveAt(index + log.origin);
              open(index);
            }}
          />
        )}
      />
      {log.rows.length === 0 && <EmptyLog />}
      {!hold.following && (
        <button type="button" class="log-resume" onClick={() => hold.follow(true)}>
          {hold.fresh > 0 ? `${formatCount(hold.fresh)} new` : 'To the end'}{' '}
          <span aria-hidden="true">↓</span>
        </button>
      )}
    </Panel>
  );
}

const NEWS: Record<Note, string> = {
  cleared: 'the log was cleared since',
  restarted: 'socklens was restarted since',
  resumed: 'socklens was restarted since',
};

function words({ following, paused, note, log }: LogHold): string {
  if (paused) return note ? `paused · ${NEWS[note]}` : 'paused';
  if (following) return 'following the newest';
  return log.detached ? 'not at the newest' : 'held while you read';
}

function EmptyLog() {
  const server = useServer();
  const filtered = !isEmptyFilter(useView().filter.value);
  if (server.searching.value) return null;
  return (
    <div class="empty log-empty">
      <p>{filtered ? 'No message matches the filter.' : nothingYet(server)}</p>
      <p>
        {filtered
          ? 'What matches from now on is shown here.'
          : 'Send one from the form, or run a client against one of the addresses above.'}
      </p>
    </div>
  );
}

function nothingYet({ status }: Server): string {
  return status.value?.log.cleared ? 'No message since the log was cleared.' : 'No message yet.';
}

/** Freezes the log as it is shown; what comes is counted on. */
function PauseButton({ hold }: { hold: LogHold }) {
  return (
    <button
      type="button"
      class="button"
      aria-pressed={hold.paused}
      data-keys="pause"
      onClick={() => (hold.paused ? hold.follow(true) : hold.pause())}
    >
      Pause
    </button>
  );
}
