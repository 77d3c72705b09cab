/** Column types, in BigQuery's names. TIMESTAMP is UTC with microseconds. */
export type ColumnType = "TIMESTAMP" | "FLOAT64" | "INT64" | "STRING";

export interface ColumnSpec {
  readonly name: string;
  readonly type: ColumnType;
  readonly unit: string;
  readonly doc: string;
  /** The folder names carry it too (`interval=1h`). */
  readonly partitionKey?: true;
}

export type TableName = "spot_klines" | "futures_klines" | "funding_rates" | "open_interest" | "futures_metrics";

/** One value from which the Parquet schema, both DDLs, the TypeScript type and the docs page come. */
export interface Table {
  readonly name: TableName;
  readonly doc: string;
  /** In file order; new ones go at the end. */
  readonly columns: readonly ColumnSpec[];
  /** The column whose UTC day decides the partition and whose month the load unit. */
  readonly eventTime: string;
  /** Columns that identify a row, within a partition's constants. */
  readonly key: readonly string[];
  /** Warehouse clustering. */
  readonly cluster: readonly string[];
  readonly source: "fetched" | "derived";
  /** Tables that a warehouse holds; the others stay in the lake. */
  readonly loaded: boolean;
}

export function columnIndex(table: Table, name: string): number {
  const index = table.columns.findIndex((column) => column.name === name);
  if (index < 0) throw new RangeError(`${table.name} has no column ${name}`);
  return index;
}
