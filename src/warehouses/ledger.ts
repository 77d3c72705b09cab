import { createHash } from "node:crypto";
import { WarehouseError } from "../core/errors.ts";
import type { ColumnSpec } from "../core/table.ts";
import type { LedgerRow, LoadUnit } from "../ports/warehouse.ts";

/** What DDL needs to know of a table. */
export interface Relation {
  readonly name: string;
  readonly doc: string;
  readonly columns: readonly ColumnSpec[];
}

/** Version of the warehouse's tables. A program refuses a warehouse of a newer one. */
export const WAREHOUSE_FORMAT = 1;

const FORMAT = /\(warehouse format (\d+)\)$/;

/** The warehouse's own record; its doc carries the format, where any program can read it. */
export const LEDGER: Relation = {
  name: "load_ledger",
  doc: `What was loaded from the lake: a row for each table, month and series (warehouse format ${WAREHOUSE_FORMAT})`,
  columns: [
    { name: "table_name", type: "STRING", unit: "", doc: "The table that was loaded." },
    { name: "month", type: "STRING", unit: "", doc: "UTC calendar month of the event time, YYYY-MM." },
    { name: "series", type: "STRING", unit: "", doc: "The series, as file names spell it." },
    { name: "content", type: "STRING", unit: "", doc: "Hash over the content hashes of the series' partitions." },
    { name: "row_count", type: "INT64", unit: "rows", doc: "Rows of the series in that month." },
    { name: "job_id", type: "STRING", unit: "", doc: "The load that brought them." },
    { name: "loaded_at", type: "TIMESTAMP", unit: "UTC", doc: "When the load was verified." },
  ],
};

/** The format that a ledger's comment names; undefined where it names none. */
export function formatOf(comment: string): number | undefined {
  const found = FORMAT.exec(comment);
  return found?.[1] === undefined ? undefined : Number(found[1]);
}

/** @throws WarehouseError `newer-format` where a later version of the program made the warehouse */
export function checkFormat(comment: string, label: string): void {
  const format = formatOf(comment);
  if (format === undefined || format <= WAREHOUSE_FORMAT) return;
  throw new WarehouseError(
    "newer-format",
    `${label} has format ${format}; this candlelake knows up to ${WAREHOUSE_FORMAT}. Install a newer candlelake.`,
    "candlelake --version",
  );
}

/** Same unit, same content: same id. */
export function jobId(unit: LoadUnit): string {
  const content = unit.series.map((part) => `${part.series} ${part.content}`).sort();
  const hash = createHash("sha256").update(content.join("\n")).digest("hex");
  return `${unit.table.name}_${unit.month}_${hash.slice(0, 16)}`;
}

export function ledgerRows(unit: LoadUnit, loadedAt: number): LedgerRow[] {
  const id = jobId(unit);
  return unit.series.map(({ series, content, rows }) => ({
    table: unit.table.name,
    month: unit.month,
    series,
    content,
    rows,
    jobId: id,
    loadedAt,
  }));
}
