import { useState } from 'preact/hooks';
import { useGateway, useView } from '../store/context';
import { formatCount } from '../text/format';
import { LogRowView, rowId } from './LogRowView';
import { Panel } from './Panel';
import { useNarrow } from './useMedia';
import { VirtualTable } from './VirtualTable';

const COLUMNS = ['No.', 'Time', 'Service', 'Client', 'Received', 'Reply', 'Size', 'Took'].map(
  (label) => ({ label }),
);

export function LogPanel() {
  const gateway = useGateway();
  const view = useView();
  const { log } = gateway;
  const narrow = useNarrow();
  /** Null while the tail is followed, else how much had arrived when it was left. */
  const [leftAt, setLeftAt] = useState<number | null>(null);
  /** The row the arrow keys stand on, counted from the log's origin. */
  const [activeAt, setActiveAt] = useState<number | null>(null);
  void gateway.logVersion.value;
  const fresh = leftAt === null ? 0 : log.arrived - leftAt;
  const detail = view.detail.value;
  const shown = detail?.kind === 'message' ? log.indexOf(detail.seq) : -1;
  const active = activeAt === null ? -1 : activeAt - log.origin;

  const onFollow = (follow: boolean) => {
    if (follow !== (leftAt === null)) setLeftAt(follow ? null : log.arrived);
  };
  const open = (index: number) => {
    const row = log.rows[index];
    if (row?.kind === 'message') view.show({ kind: 'message', seq: row.message.seq });
  };
  const onMove = (index: number) => {
    setActiveAt(index + log.origin);
    if (index < log.rows.length - 1) onFollow(false);
    if (detail?.kind === 'message') open(index);
  };
  return (
    <Panel
      class="log-panel"
      title="Messages"
      note={leftAt === null ? 'following the newest' : 'held while you read'}
    >
      <VirtualTable
        label="Messages, oldest first"
        class="log"
        columns={COLUMNS}
        count={log.rows.length}
        origin={log.origin}
        rowHeight={narrow ? 52 : 28}
        firstColumnChars={formatCount(gateway.status.value?.log.newest_seq ?? 0).length}
        follow={leftAt === null}
        onFollow={onFollow}
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
      {leftAt !== null && (
        <button type="button" class="log-resume" onClick={() => setLeftAt(null)}>
          {fresh > 0 ? `${formatCount(fresh)} new` : 'To the end'} <span aria-hidden="true">↓</span>
        </button>
      )}
    </Panel>
  );
}

function EmptyLog() {
  return (
    <div class="empty log-empty">
      <p>No message yet.</p>
      <p>Send one from the form, or run a client against one of the addresses above.</p>
    </div>
  );
}
