import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Interrupted, WarehouseError } from "../core/errors.ts";
import type { TableName } from "../core/table.ts";
import type { LedgerRow, LoadUnit, QueryResult, SetupReport, Warehouse } from "../ports.ts";
import { DATASET, type Datasets, datasetsOf } from "./dataset.ts";
import { batchesOf, loadBatch, rowsOf } from "./duckdb/load.ts";
import { type OnStep, Replacement } from "./duckdb/replacement.ts";
import { interruptible, lockDown, MEMORY_LIMIT, openSession, type Session } from "./duckdb/session.ts";
import { answer } from "./duckdb/statement.ts";
import { createAll, identifier, literal, selectLedger } from "./duckdb-sql.ts";

export interface DuckDbOptions {
  readonly file: string;
  readonly dataset?: string | undefined;
  /** The world that the file belongs to. */
  readonly synthetic: boolean;
  /** DuckDB's spelling, `512MB`. */
  readonly memoryLimit?: string | undefined;
  readonly now?: (() => number) | undefined;
  readonly onStep?: OnStep | undefined;
}

/** A DuckDB file. Changes are made in a copy that then takes its place, so that open notebooks neither block nor see them. */
export class DuckDbWarehouse implements Warehouse {
  readonly label: string;
  private readonly file: string;
  private readonly datasets: Datasets;
  private readonly synthetic: boolean;
  private readonly memoryLimit: string;
  private readonly now: () => number;
  private readonly onStep: OnStep;

  constructor(options: DuckDbOptions) {
    this.label = `duckdb:${options.file}`;
    this.file = path.resolve(options.file);
    this.datasets = datasetsOf(options.dataset ?? DATASET, options.synthetic);
    this.synthetic = options.synthetic;
    this.memoryLimit = options.memoryLimit ?? MEMORY_LIMIT;
    this.now = options.now ?? Date.now;
    this.onStep = options.onStep ?? (() => {});
  }

  ddl(): string {
    return createAll(this.datasets);
  }

  async setup(): Promise<SetupReport> {
    await this.replace(async () => {});
    return { created: [], exists: [], differs: [] };
  }

  async ledger(): Promise<readonly LedgerRow[]> {
    if (!(await this.exists())) return [];
    const session = await this.read();
    try {
      const rows = await (await session.connection.run(selectLedger(this.datasets.raw))).getRowsJS();
      return rows.map(([table, month, series, content, count, jobId, loadedAt]) => ({
        table: String(table) as TableName,
        month: String(month),
        series: String(series),
        content: String(content),
        rows: Number(count),
        jobId: String(jobId),
        loadedAt: Number(loadedAt),
      }));
    } finally {
      session.close();
    }
  }

  async load(
    units: readonly LoadUnit[],
    done: (unit: LoadUnit, rows: number) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    if (units.length === 0) return;
    const finished: LoadUnit[] = [];
    let failure: unknown;
    await this.replace(async (session) => {
      for (const batch of batchesOf(units)) {
        try {
          await interruptible(session, signal, async () => {
            await session.connection.run("BEGIN");
            await loadBatch(session.connection, batch, {
              schema: this.datasets.raw,
              synthetic: this.synthetic,
              now: this.now,
            });
            await this.onStep("commit");
            await session.connection.run("COMMIT");
          });
          finished.push(...batch);
        } catch (error) {
          await session.connection.run("ROLLBACK");
          failure = error;
          return;
        }
      }
    });
    for (const unit of finished) done(unit, rowsOf(unit));
    if (failure) throw failure;
    if (signal?.aborted) throw new Interrupted();
  }

  async query(sql: string, signal?: AbortSignal): Promise<QueryResult> {
    if (!(await this.exists())) {
      throw new WarehouseError("no-warehouse", `${this.file} does not exist yet.`, "candlelake load");
    }
    const session = await this.read();
    try {
      const { raw, curated } = this.datasets;
      await session.connection.run(`SET search_path = ${literal([raw, curated].map(identifier).join(","))}`);
      await lockDown(session);
    } catch (error) {
      session.close();
      throw error;
    }
    return answer(session, sql, signal);
  }

  async close(): Promise<void> {}

  private async exists(): Promise<boolean> {
    return (await stat(this.file).catch(() => undefined)) !== undefined;
  }

  private read(): Promise<Session> {
    const spill = path.join(tmpdir(), `candlelake-${process.pid}`);
    return openSession({ file: this.file, readOnly: true, memoryLimit: this.memoryLimit, spill });
  }

  private async replace(work: (session: Session) => Promise<void>): Promise<void> {
    const replacement = new Replacement(this.file, this.onStep);
    try {
      await replacement.begin(await this.exists());
      await this.onStep("open");
      const session = await openSession({
        file: replacement.copy,
        readOnly: false,
        memoryLimit: this.memoryLimit,
        spill: path.join(replacement.folder, "spill"),
      });
      try {
        await session.connection.run(this.ddl());
        await work(session);
        await this.onStep("checkpoint");
        await session.connection.run("CHECKPOINT");
      } finally {
        session.close();
      }
      await replacement.publish();
    } finally {
      await replacement.end();
    }
  }
}
