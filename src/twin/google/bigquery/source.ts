import type { Field } from "./schema.ts";

/** Rows that a job brings, not yet anywhere. */
export interface Source {
  /** The columns that the files have, as BigQuery types them; undefined where files do not say. */
  readonly fields: readonly Field[] | undefined;
  /** Columns whose files leave the time zone open. */
  readonly naive: ReadonlySet<string>;
  /** Writes the rows into a new table with these columns. @throws Failure where a file cannot be read */
  copyTo(rows: string, fields: readonly Field[]): Promise<void>;
  /** Rows that were left out, once they were copied. */
  badRecords(): number;
  close(): Promise<void>;
}
