/** The columns of a table. */
export interface Column {
  label: string;
  /** What the table can be ordered by, in the words of `Sorting`. */
  sort?: string;
}

export interface Sorting {
  by: string;
  descending: boolean;
}
