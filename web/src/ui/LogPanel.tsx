import { useState } from 'preact/hooks';
import { useGateway } from '../store/context';
import { formatCount } from '../text/format';
import { LogRowView } from './LogRowView';
import { Panel } from './Panel';
import { useNarrow } from './useNarrow';
import { VirtualTable } from './VirtualTable';

const COLUMNS = ['No.', 'Time', 'Service', 'Client', 'Received', 'Reply', 'Size', 'Took'];

export function LogPanel() {
  const gateway = useGateway();
  const { log } = gateway;
  const narrow = useNarrow();
  /** Null while the tail is followed, else how much had arrived when it was left. */
  const [leftAt, setLeftAt] = useState<number | null>(null);
  void gateway.logVersion.value;
  const fresh = leftAt === null ? 0 : log.arrived - leftAt;

  const onFollow = (follow: boolean) => {
    if (follow !== (leftAt === null)) setLeftAt(follow ? null : log.arrived);
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
        row={(index) => (
          <LogRowView key={log.rows[index]?.key} row={log.rows[index]} index={index} />
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
