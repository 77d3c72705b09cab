import type { TableName } from "../../core/table.ts";
import type { Month } from "../../core/time.ts";
import { TABLE } from "../../market/tables.ts";
import type { LedgerRow } from "../../ports/warehouse.ts";

/** What is loaded of a table's month. */
export interface LoadedUnit {
  readonly table: TableName;
  readonly month: Month;
  readonly jobId: string;
  /** Milliseconds. */
  readonly loadedAt: number;
  /** By series; none where the month was emptied. */
  readonly rows: ReadonlyMap<string, LedgerRow>;
}

/** The series of a row that says that a month has none. */
export const NO_SERIES = "";

const unitKey = (table: string, month: Month): string => `${table} ${month}`;

/**
 * The ledger's rows, read back. Rows are only ever added, all series of a unit at once: of each unit the newest job's
 * rows are what is loaded, and a row that is there twice says the same twice.
 */
export class LedgerState {
  private readonly units = new Map<string, LoadedUnit & { readonly rows: Map<string, LedgerRow> }>();
  /** Times of the jobs of each table. */
  private readonly jobs = new Map<string, Map<string, number>>();
  private readonly all: LedgerRow[] = [];

  /** Rows as they were read, past ones among them. */
  get size(): number {
    return this.all.length;
  }

  add(row: LedgerRow): void {
    const { table, month, jobId, loadedAt, series } = row;
    this.all.push(row);
    const jobs = this.jobs.get(table) ?? new Map<string, number>();
    this.jobs.set(table, jobs.set(jobId, loadedAt));
    const key = unitKey(table, month);
    let unit = this.units.get(key);
    if (unit === undefined || loadedAt > unit.loadedAt) {
      unit = { table, month, jobId, loadedAt, rows: new Map() };
      this.units.set(key, unit);
    }
    if (unit.jobId === jobId && series !== NO_SERIES) unit.rows.set(series, row);
  }

  unit(table: TableName, month: Month): LoadedUnit | undefined {
    return this.units.get(unitKey(table, month));
  }

  /** When a table was last loaded, or emptied; in milliseconds, undefined where it never was. */
  lastJob(table: string): number | undefined {
    const times = [...(this.jobs.get(table)?.values() ?? [])];
    return times.length === 0 ? undefined : times.reduce((last, time) => Math.max(last, time));
  }

  /** Jobs that wrote to the table since; in milliseconds. */
  jobsSince(table: TableName, time: number): number {
    return [...(this.jobs.get(table)?.values() ?? [])].filter((loadedAt) => loadedAt >= time).length;
  }

  /** Rows that still tell something: what is loaded, and which jobs there were since. */
  kept(since: number): LedgerRow[] {
    return this.all.filter((row) => row.loadedAt >= since || row.jobId === this.unit(row.table, row.month)?.jobId);
  }

  /** What is loaded now, by table, month and series. */
  rows(): LedgerRow[] {
    const rows = [...this.units.values()].flatMap((unit) => [...unit.rows.values()]);
    const key = (row: LedgerRow): string => `${row.table} ${row.month} ${row.series}`;
    return rows.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }
}

/** A ledger row as the REST interface gives it; undefined for a table that this program does not load. */
export function ledgerRowOf(cells: Readonly<Record<string, string>>): LedgerRow | undefined {
  const table = Object.values(TABLE).find((known) => known.name === cells["table_name"])?.name;
  if (table === undefined) return undefined;
  const { month = "", series = "", content = "" } = cells;
  const loadedAt = Math.floor(Number(cells["loaded_at"]) / 1000);
  return { table, month, series, content, rows: Number(cells["row_count"]), jobId: cells["job_id"] ?? "", loadedAt };
}
