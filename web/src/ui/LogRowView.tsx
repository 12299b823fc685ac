import type { LogRow } from '../store/log';
import { GapRow } from './GapRow';
import { MessageRow } from './MessageRow';
import { RestartRow } from './RestartRow';

export function LogRowView({ row, index }: { row: LogRow | undefined; index: number }) {
  if (row?.kind === 'message') return <MessageRow message={row.message} index={index} />;
  if (row?.kind === 'gap') return <GapRow gap={row.gap} index={index} />;
  if (row?.kind === 'restart') return <RestartRow at={row.at} index={index} />;
  return null;
}
