import { columnIndex, type Table } from "./table.ts";

/**
 * Numbers of a column. FLOAT64 as they are, INT64 as whole doubles (all ours are below 2^53),
 * TIMESTAMP as microseconds since the epoch, exact in a double until the year 2255.
 */
export interface NumberColumn {
  readonly values: Float64Array;
  /** 1 where there is a value, 0 where it is NULL; null when nothing is NULL. */
  readonly valid: Uint8Array | null;
}

/** Text as codes into a short dictionary; null codes mean that every row has the first word. */
export interface TextColumn {
  readonly dictionary: readonly string[];
  readonly codes: Uint8Array | null;
}

export type Column = NumberColumn | TextColumn;

/** Rows of one table as columns, in the table's order. Never changed after it was made. */
export interface Batch {
  readonly table: Table;
  readonly rows: number;
  readonly columns: readonly Column[];
}

export const isText = (column: Column): column is TextColumn => "dictionary" in column;

export const constant = (word: string): TextColumn => ({ dictionary: [word], codes: null });

export function numbers(batch: Batch, name: string): NumberColumn {
  const column = batch.columns[columnIndex(batch.table, name)];
  if (!column || isText(column)) throw new TypeError(`${batch.table.name}.${name} holds no numbers`);
  return column;
}

export function text(batch: Batch, name: string): TextColumn {
  const column = batch.columns[columnIndex(batch.table, name)];
  if (!column || !isText(column)) throw new TypeError(`${batch.table.name}.${name} holds no text`);
  return column;
}

/** Rows `[from, to)` of a batch; numbers are views of the same memory. */
export function slice(batch: Batch, from: number, to: number): Batch {
  if (from === 0 && to === batch.rows) return batch;
  return {
    table: batch.table,
    rows: to - from,
    columns: batch.columns.map((column) =>
      isText(column)
        ? { dictionary: column.dictionary, codes: column.codes?.subarray(from, to) ?? null }
        : { values: column.values.subarray(from, to), valid: column.valid?.subarray(from, to) ?? null },
    ),
  };
}

/** The rows at `indices`, in that order, as a batch of its own memory. */
export function take(batch: Batch, indices: ArrayLike<number>): Batch {
  const rows = indices.length;
  const pick = <T extends Float64Array | Uint8Array>(from: T, to: T): T => {
    for (let i = 0; i < rows; i++) to[i] = from[indices[i] as number] as number;
    return to;
  };
  return {
    table: batch.table,
    rows,
    columns: batch.columns.map((column) =>
      isText(column)
        ? { dictionary: column.dictionary, codes: column.codes && pick(column.codes, new Uint8Array(rows)) }
        : {
            values: pick(column.values, new Float64Array(rows)),
            valid: column.valid && pick(column.valid, new Uint8Array(rows)),
          },
    ),
  };
}

function joinText(parts: readonly TextColumn[], lengths: readonly number[], rows: number): TextColumn {
  const dictionary = [...new Set(parts.flatMap((part) => part.dictionary))];
  if (dictionary.length === 1) return { dictionary, codes: null };
  const codes = new Uint8Array(rows);
  let at = 0;
  parts.forEach((part, p) => {
    const length = lengths[p] as number;
    for (let i = 0; i < length; i++) {
      codes[at + i] = dictionary.indexOf(part.dictionary[part.codes?.[i] ?? 0] as string);
    }
    at += length;
  });
  return { dictionary, codes };
}

function joinNumbers(parts: readonly NumberColumn[], lengths: readonly number[], rows: number): NumberColumn {
  const values = new Float64Array(rows);
  const valid = parts.some((part) => part.valid) ? new Uint8Array(rows).fill(1) : null;
  let at = 0;
  parts.forEach((part, p) => {
    values.set(part.values, at);
    if (valid && part.valid) valid.set(part.valid, at);
    at += lengths[p] as number;
  });
  return { values, valid };
}

/** Batches of one table, one after the other. */
export function concat(table: Table, batches: readonly Batch[]): Batch {
  const [only] = batches;
  if (only && batches.length === 1) return only;
  const lengths = batches.map((batch) => batch.rows);
  const rows = lengths.reduce((sum, length) => sum + length, 0);
  const columns = table.columns.map((spec, c) => {
    const parts = batches.map((batch) => batch.columns[c] as Column);
    if (spec.type === "STRING") return joinText(parts.length ? (parts as TextColumn[]) : [constant("")], lengths, rows);
    return joinNumbers(parts as NumberColumn[], lengths, rows);
  });
  return { table, rows, columns };
}

/** One row as an object, for small results and messages only. */
export function rowAt(batch: Batch, index: number): Record<string, number | string | null> {
  const row: Record<string, number | string | null> = {};
  batch.table.columns.forEach((spec, c) => {
    const column = batch.columns[c] as Column;
    if (isText(column)) row[spec.name] = column.dictionary[column.codes?.[index] ?? 0] ?? null;
    else row[spec.name] = column.valid && !column.valid[index] ? null : (column.values[index] as number);
  });
  return row;
}
