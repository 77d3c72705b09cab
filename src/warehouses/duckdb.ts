import { DATASET } from "../core/bigquery-place.ts";
import { diskCause } from "../core/disk.ts";
import { AppError, Interrupted, WarehouseError } from "../core/errors.ts";
import type { TableName } from "../core/table.ts";
import { TABLES } from "../market/tables.ts";
import type {
  LedgerRow,
  LoadTalk,
  LoadUnit,
  QueryResult,
  SetupReport,
  Warehouse,
  WarehouseUsage,
} from "../ports/warehouse.ts";
import { type Datasets, datasetsOf } from "./dataset.ts";
import { DatabaseFile } from "./duckdb/database-file.ts";
import { type Comparison, compare, type Inspection, inspect, NOTHING } from "./duckdb/inspection.ts";
import { rowsOf } from "./duckdb/load.ts";
import { loadUnits } from "./duckdb/load-units.ts";
import { OpenSessions } from "./duckdb/open-sessions.ts";
import { readLedger } from "./duckdb/read-ledger.ts";
import { replaceDatabase } from "./duckdb/replacement.ts";
import { firstLine, firstParagraph, lockDown, MEMORY_LIMIT, type Session } from "./duckdb/session.ts";
import { answer } from "./duckdb/statement.ts";
import type { OnStep } from "./duckdb/work-folder.ts";
import { createAll, createTables, RELATIONS, readTable, setSearchPath } from "./duckdb-sql.ts";
import { checkFormat, LEDGER } from "./ledger.ts";

export interface DuckDbOptions {
  /** Path of the database file; made data have one of their own. */
  readonly file: string;
  readonly dataset?: string | undefined;
  /** The world that the file belongs to. */
  readonly synthetic: boolean;
  /** DuckDB's spelling, `512MB`. */
  readonly memoryLimit?: string | undefined;
  /** Milliseconds; for the ledger's times. */
  readonly now?: (() => number) | undefined;
  /** Called before each step of a change; what it throws ends the change. */
  readonly onStep?: OnStep | undefined;
}

const first = (refused: ReadonlyMap<LoadUnit, WarehouseError>): WarehouseError | undefined =>
  refused.values().next().value;

/**
 * A warehouse in a DuckDB file. Changes are made in a copy that then takes the file's place: a notebook that reads the
 * file neither blocks a load nor sees half of one (docs/decisions/duckdb-replace.md).
 */
export class DuckDbWarehouse implements Warehouse {
  readonly label: string;
  readonly reads = "files";
  readonly strangers = [];
  readonly location = undefined;
  foreign: ReadonlyMap<TableName, WarehouseError> = new Map();
  private readonly name: string;
  private readonly datasets: Datasets;
  private readonly synthetic: boolean;
  private readonly memoryLimit: string;
  private readonly now: () => number;
  private readonly onStep: OnStep;
  private loadJobs = 0;
  private readonly answering = new OpenSessions();

  constructor(options: DuckDbOptions) {
    this.label = `duckdb:${options.file}`;
    this.name = options.file;
    this.datasets = datasetsOf(options.dataset ?? DATASET, options.synthetic);
    this.synthetic = options.synthetic;
    this.memoryLimit = options.memoryLimit ?? MEMORY_LIMIT;
    this.now = options.now ?? Date.now;
    this.onStep = options.onStep ?? (() => {});
  }

  ddl(tables?: readonly TableName[]): string {
    return tables ? createTables(this.datasets, tables) : createAll(this.datasets);
  }

  async setup(): Promise<SetupReport> {
    const found = await this.read(async (_, inspection) => inspection);
    const { report, missing } = await this.compare(found ?? NOTHING);
    if (missing.length > 0) await this.change(async () => {});
    return report;
  }

  unloadable(table: TableName): AppError | undefined {
    return this.foreign.get(table);
  }

  async ledger(): Promise<readonly LedgerRow[]> {
    const { raw } = this.datasets;
    this.foreign = new Map();
    const rows = await this.read(async ({ connection }, found) => {
      const { differs } = (await this.compare(found)).report;
      const refusals = TABLES.map(({ name }) => [name, this.stranger(differs, name)] as const);
      this.foreign = new Map(refusals.flatMap(([name, refusal]) => (refusal ? [[name, refusal]] : [])));
      if (!found.tables.has(LEDGER.name)) return [];
      return readLedger(connection, raw, (name) => found.tables.has(name) && !this.foreign.has(name));
    });
    return rows ?? [];
  }

  async load(
    units: readonly LoadUnit[],
    done: (unit: LoadUnit, rows: number) => void,
    signal?: AbortSignal,
    { failed }: LoadTalk = {},
  ): Promise<void> {
    if (units.length === 0) return;
    let culprit: LoadUnit | undefined;
    const refused = new Map<LoadUnit, WarehouseError>();
    try {
      const { finished, failure } = await this.change(async (session, differs) => {
        for (const unit of units) {
          const refusal = this.stranger(differs, unit.table.name);
          if (refusal) refused.set(unit, refusal);
        }
        const due = units.filter((unit) => !refused.has(unit));
        const refusal = this.stranger(differs, LEDGER.name) ?? (due.length === 0 ? first(refused) : undefined);
        if (refusal) throw refusal;
        const { connection } = session;
        const to = { connection, schema: this.datasets.raw, synthetic: this.synthetic, now: this.now };
        const loaded = await loadUnits(due, session, to, this.onStep, signal);
        culprit = loaded.failed;
        if (loaded.finished.length === 0) throw loaded.failure;
        return loaded;
      }, signal);
      this.loadJobs += finished.length;
      for (const unit of finished) done(unit, rowsOf(unit));
      if (failure) throw this.translate(failure, signal);
      if (refused.size > 0) throw first(refused);
    } catch (error) {
      for (const [unit, refusal] of refused) failed?.(unit, refusal);
      if (culprit && error instanceof AppError) failed?.(culprit, error);
      throw error;
    }
  }

  async query(sql: string, signal?: AbortSignal): Promise<QueryResult> {
    const opened = await (await this.file()).read();
    if (!opened) throw this.missing("does not exist");
    const session = this.answering.add(opened);
    try {
      const { schemas } = await this.inspect(session);
      if (!schemas.has(this.datasets.raw)) throw this.missing(`has no schema ${this.datasets.raw}`);
      await session.connection.run(setSearchPath([...schemas]));
      await lockDown(session);
    } catch (error) {
      await session.close();
      throw this.translate(error, signal);
    }
    return answer(session, sql, signal, () => this.blame(session));
  }

  async cost(): Promise<undefined> {
    return undefined;
  }

  get usage(): WarehouseUsage {
    const { loadJobs } = this;
    return { requests: 0, loadJobs, ledgerJobs: 0, copyJobs: 0, bytesLoaded: 0, bytesBilled: 0 };
  }

  close(): Promise<void> {
    return this.answering.close();
  }

  private file(): Promise<DatabaseFile> {
    return DatabaseFile.at(this.name, this.memoryLimit);
  }

  /** Why nothing is loaded into a table: it is none of ours. */
  private stranger(differs: SetupReport["differs"], name: string): WarehouseError | undefined {
    const other = differs.find(({ table }) => table === `${this.datasets.raw}.${name}`);
    return (
      other && new WarehouseError("table-differs", `${this.label}: ${other.table}: ${other.difference}.`, other.next)
    );
  }

  private missing(what: string): WarehouseError {
    return new WarehouseError("no-warehouse", `${this.name} ${what} yet; a load makes it.`, "candlelake load");
  }

  private async inspect({ connection }: Session): Promise<Inspection> {
    const found = await inspect(connection, this.datasets);
    checkFormat(found.tables.get(LEDGER.name)?.comment ?? "", this.label);
    return found;
  }

  private async compare(found: Inspection): Promise<Comparison> {
    return compare(found, this.datasets, (await this.file()).elsewhere);
  }

  /** undefined where there is no file. */
  private async read<T>(work: (session: Session, found: Inspection) => Promise<T>): Promise<T | undefined> {
    const session = await (await this.file()).read();
    if (!session) return undefined;
    try {
      return await work(session, await this.inspect(session));
    } catch (error) {
      throw this.translate(error);
    } finally {
      await session.close();
    }
  }

  /** Replaces the file by a copy in which everything that was missing is there and the work was done. */
  private async change<T>(
    work: (session: Session, differs: SetupReport["differs"]) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const changed = async (session: Session): Promise<T> => {
      const { report, missing } = await this.compare(await this.inspect(session));
      for (const statements of missing) await session.connection.run(statements);
      return work(session, report.differs);
    };
    try {
      return await replaceDatabase(await this.file(), changed, this.onStep, signal);
    } catch (error) {
      throw this.translate(error, signal);
    }
  }

  /** Whether the file is to blame for a query that failed: its tables cannot be read either. */
  private async blame({ connection }: Session): Promise<WarehouseError | undefined> {
    for (const { name } of RELATIONS) {
      try {
        await connection.run(readTable(this.datasets.raw, name));
      } catch (error) {
        const { elsewhere } = await this.file();
        const why = `${this.label} is damaged: ${firstLine(error)}`;
        return new WarehouseError("damaged-warehouse", why, elsewhere, { cause: error });
      }
    }
    return undefined;
  }

  private translate(error: unknown, signal?: AbortSignal): unknown {
    if (error instanceof AppError || error instanceof TypeError || error instanceof RangeError) return error;
    if (signal?.aborted) return new Interrupted();
    const refusal = diskCause(error);
    // DuckDB tells of a full disk in words alone.
    if (refusal?.code === "disk-full" || (error instanceof Error && /No space left/.test(error.message)))
      return new WarehouseError("disk-full", `${this.label}: the disk is full.`, "candlelake clean", { cause: error });
    const why = refusal ? `${refusal.cause}.` : firstParagraph(error);
    return new WarehouseError("warehouse-failed", `${this.label}: ${why}`, "candlelake config", { cause: error });
  }
}
