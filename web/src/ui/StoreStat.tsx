import type { StoreStatus } from '../api/types';
import { formatBytes, formatCompact, formatCount, formatWords } from '../text/format';
import { Stat } from './Stat';

/** What is on disk; and, where that is not all, how much is missing. */
export function StoreStat({ store }: { store: StoreStatus }) {
  const whole = store.state === 'recording' && store.lost === 0;
  const missing = store.lost > 0 ? `${formatCompact(store.lost)} lost` : formatWords(store.state);
  return (
    <Stat
      label="Stored"
      value={formatCount(store.messages)}
      detail={whole ? formatBytes(store.file_bytes - store.wal_bytes) : missing}
      title={`Messages in ${store.path}, and the size of this file. Its WAL has ${formatBytes(store.wal_bytes)} more and goes when socklens stops.`}
      tone={whole ? undefined : 'warn'}
    />
  );
}
