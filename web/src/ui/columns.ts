/** The columns of a table. */
export interface Column {
  label: string;
  /** What it shows, by its name in the API's description: a schema, or SCHEMA.PROPERTY. */
  word?: string;
  /** What the table can be ordered by, in the words of `Sorting`. */
  sort?: string;
}

export interface Sorting {
  by: string;
  descending: boolean;
}
