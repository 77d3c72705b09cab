import { WarehouseError } from "../../core/errors.ts";
import { DAY, iso } from "../../core/time.ts";
import type { LedgerRow } from "../../ports/warehouse.ts";
import { layoutOf } from "../bigquery-sql.ts";
import { checkFormat, LEDGER } from "../ledger.ts";
import { differencesOf } from "./differences.ts";
import { attemptId, hashOf } from "./job-id.ts";
import type { Jobs } from "./jobs.ts";
import { LedgerState, ledgerRowOf } from "./ledger-state.ts";
import { isTransient, jobFailure } from "./refusal.ts";
import { fieldsOf, type Tables } from "./tables.ts";
import type { TableResource } from "./wire.ts";

const MOST_ATTEMPTS = 5;

/** The warehouse's own record: read as table data, which is not billed, and appended by one load job a run. */
export class LedgerTable {
  private readonly tables: Tables;
  private readonly jobs: Jobs;
  private readonly label: string;
  private readonly long: number;

  /** @param long rows from which on what is past is left out */
  constructor(tables: Tables, jobs: Jobs, label: string, long: number) {
    this.long = long;
    this.tables = tables;
    this.jobs = jobs;
    this.label = label;
  }

  /** undefined where there is no ledger. @throws WarehouseError `newer-format`, `table-differs` */
  async find(): Promise<TableResource | undefined> {
    const table = await this.tables.table(LEDGER.name);
    if (!table) return undefined;
    checkFormat(table.description ?? "", this.label);
    const [difference] = differencesOf(layoutOf(LEDGER.name), table);
    const next = `candlelake setup ${this.tables.named}`;
    if (difference) throw new WarehouseError("table-differs", `${this.label}: ${LEDGER.name}: ${difference}.`, next);
    return table;
  }

  async read(table: TableResource): Promise<LedgerState> {
    const state = new LedgerState();
    for await (const cells of this.tables.rows(table)) {
      const row = ledgerRowOf(cells);
      if (row) state.add(row);
    }
    return state;
  }

  /**
   * Adds the rows; the same rows twice are there once. Where most of a long ledger is past, it is written anew without
   * that.
   * @param started hears of each job that this run started for it
   * @throws WarehouseError
   */
  async append(
    table: TableResource,
    state: LedgerState,
    added: readonly LedgerRow[],
    now: number,
    started: () => void,
  ): Promise<void> {
    const all = new LedgerState();
    for (const row of [...state.kept(now - DAY), ...added]) all.add(row);
    const kept = all.kept(now - DAY);
    const isLong = state.size >= this.long && state.size > 2 * kept.length;
    const isAnew = isLong && (await this.isUnchanged(table));
    await this.write(table, isAnew ? kept : added, isAnew ? "WRITE_TRUNCATE" : "WRITE_APPEND", started);
  }

  /** Whether nobody wrote to the ledger since it was read. */
  private async isUnchanged({ lastModifiedTime }: TableResource): Promise<boolean> {
    return (await this.tables.table(LEDGER.name))?.lastModifiedTime === lastModifiedTime;
  }

  private async write(
    table: TableResource,
    rows: readonly LedgerRow[],
    writeDisposition: "WRITE_APPEND" | "WRITE_TRUNCATE",
    started: () => void,
  ): Promise<void> {
    const media = rows.map((row) => `${JSON.stringify(cellsOf(row))}\n`).join("");
    const load = {
      sourceFormat: "NEWLINE_DELIMITED_JSON",
      schema: { fields: fieldsOf(layoutOf(LEDGER.name)) },
      destinationTable: this.tables.reference(LEDGER.name),
      writeDisposition,
      createDisposition: "CREATE_NEVER",
    };
    const configuration = { labels: { app: "candlelake", table: LEDGER.name }, load };
    const hash = hashOf([this.tables.reference(LEDGER.name), table.creationTime, writeDisposition, media]);
    const doing = `write ${LEDGER.name}`;
    for (let attempt = 1; ; attempt++) {
      const id = attemptId(`candlelake_${LEDGER.name}_${hash}`, attempt);
      const { found, failure } = await this.jobs.settle({ id, configuration, media, doing, started });
      if (!failure) return;
      // What an earlier run met may be over.
      if (!found && (!isTransient(failure) || attempt >= MOST_ATTEMPTS)) throw jobFailure(this.label, doing, failure);
    }
  }
}

const cellsOf = ({ table, month, series, content, rows, jobId, loadedAt }: LedgerRow): object => ({
  table_name: table,
  month,
  series,
  content,
  row_count: String(rows),
  job_id: jobId,
  loaded_at: iso(loadedAt),
});
