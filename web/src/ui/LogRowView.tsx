import type { LogRow } from '../store/log';
import { GapRow } from './GapRow';
import { MessageRow } from './MessageRow';
import { NoteRow } from './NoteRow';

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
