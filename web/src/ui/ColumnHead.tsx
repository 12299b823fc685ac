import type { Column, Sorting } from './columns';

interface Props {
  column: Column;
  sorting: Sorting | undefined;
  onSort: ((by: string) => void) | undefined;
}

/** The name of a column; a button where the table can be ordered by it. */
export function ColumnHead({ column: { label, sort }, sorting, onSort }: Props) {
  if (!sort || !onSort)
    return (
      <span role="columnheader" class="cell">
        {label}
      </span>
    );
  const order = sorting?.by !== sort ? 'none' : sorting.descending ? 'descending' : 'ascending';
  return (
    <span role="columnheader" class="cell" aria-sort={order}>
      <button type="button" class="sort" data-order={order} onClick={() => onSort(sort)}>
        {label}
      </button>
    </span>
  );
}
