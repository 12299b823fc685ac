import { useDescription } from '../store/context';
import type { Column, Sorting } from './columns';

interface Props {
  column: Column;
  sorting: Sorting | undefined;
  onSort: ((by: string) => void) | undefined;
}

/** The name of a column; a button where the table can be ordered by it. */
export function ColumnHead({ column: { label, word, sort }, sorting, onSort }: Props) {
  const description = useDescription();
  const title = word ? description.word(word) : undefined;
  if (!sort || !onSort)
    return (
      <span role="columnheader" class="cell" title={title}>
        {label}
      </span>
    );
  const order = sorting?.by !== sort ? 'none' : sorting.descending ? 'descending' : 'ascending';
  return (
    <span role="columnheader" class="cell" aria-sort={order} title={title}>
      <button type="button" class="sort" data-order={order} onClick={() => onSort(sort)}>
        {label}
      </button>
    </span>
  );
}
