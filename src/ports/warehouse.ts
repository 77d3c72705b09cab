import type { AppError } from "../core/errors.ts";
import type { Table, TableName } from "../core/table.ts";
import type { Month, TimeRange } from "../core/time.ts";

/** One row of the warehouse's own record of what was loaded: a series within a load unit. */
export interface LedgerRow {
  readonly table: TableName;
  readonly month: Month;
  /** The series in file-name spelling, `binance-us_btcusdt_spot_1h`. */
  readonly series: string;
  /** Hash over the content hashes of the series' partitions of that month. */
  readonly content: string;
  readonly rows: number;
  readonly jobId: string;
  /** Milliseconds. */
  readonly loadedAt: number;
  /** Somebody wrote to the month after this was loaded, so that nobody knows what it has now. */
  readonly isChanged?: true;
}

/** A month of a table that has rows which no load brought. */
export interface StrangeMonth {
  readonly table: TableName;
  readonly month: Month;
  readonly rows: number;
  /** The ledger says that nothing is there: what a load brought does not count, or somebody wrote after that. */
  readonly isDisowned?: true;
}

export interface LoadObject {
  /** Local path of the Parquet file; empty where the warehouse reads from the bucket. */
  readonly path: string;
  /** `gs://…`; undefined where the warehouse reads local files. */
  readonly uri?: string;
  /** The lake's key, for messages. */
  readonly key: string;
  readonly sha256: string;
  readonly rows: number;
}

/** One table and calendar month, all series: what is replaced in one atomic step. */
export interface LoadUnit {
  readonly table: Table;
  readonly month: Month;
  readonly series: readonly { readonly series: string; readonly content: string; readonly rows: number }[];
  readonly objects: readonly LoadObject[];
}

/** A unit that was brought, and since when: milliseconds, before anything of it was read. */
export interface BroughtUnit {
  readonly unit: LoadUnit;
  readonly since: number;
}

/**
 * Finds the units that may have been brought with other objects than were meant: of which one is another by now, or was
 * written after `since`. Asked once all of them were brought. @throws StoreError
 */
export type FindChanged = (brought: readonly BroughtUnit[]) => Promise<ReadonlySet<LoadUnit>>;

/**
 * Counts the rows of a unit's objects in themselves, whatever was told of them.
 * @throws DataError where one of them is not the object that was meant; StoreError, Interrupted where they cannot be read
 */
export type CountRows = (unit: LoadUnit) => Promise<number>;

/** What a caller says and hears of a load beside what is done. */
export interface LoadTalk {
  /** Asked by a warehouse that reads objects, which others may replace meanwhile. */
  readonly findChanged?: FindChanged | undefined;
  /** Asked where other rows came than were told of, and are in the month already. */
  readonly countRows?: CountRows | undefined;
  /** Told of each unit that failed by itself, with its own cause; the others were not tried, or are done. */
  readonly failed?: ((unit: LoadUnit, cause: AppError) => void) | undefined;
}

export interface SetupReport {
  readonly created: readonly string[];
  readonly exists: readonly string[];
  readonly differs: readonly { readonly table: string; readonly difference: string; readonly next: string }[];
  /** What could be neither made nor looked at, by name, while the rest went on. */
  readonly failed: readonly { readonly name: string; readonly error: AppError }[];
}

/** A column of a query's answer; `type` is DuckDB's or BigQuery's own name. */
export interface ResultColumn {
  readonly name: string;
  readonly type: string;
}

/** Values are null, boolean, number, string (also for integers beyond 2^53 and for times, as ISO 8601), arrays and objects. */
export interface QueryResult {
  readonly columns: readonly ResultColumn[];
  /** Row arrays in batches. */
  readonly batches: AsyncIterable<readonly (readonly unknown[])[]>;
}

/** What a warehouse was asked for. */
export interface WarehouseUsage {
  readonly requests: number;
  /** Jobs that were started to bring rows, failed ones among them and such as were not waited for; DuckDB runs one a month. */
  readonly loadJobs: number;
  /** Jobs that were started to write the ledger, where that takes any. */
  readonly ledgerJobs: number;
  readonly copyJobs: number;
  readonly bytesLoaded: number;
  /** By queries; loads are free. */
  readonly bytesBilled: number;
}

export interface SetupOptions {
  /** Copies a table of the same name that is none of ours aside (`…_legacy_DATE`) and makes ours in its place. */
  readonly moveExisting: boolean;
  /** Of the datasets, where they are made; undefined for our own words. */
  readonly description: string | undefined;
}

export interface Warehouse {
  /** `duckdb:data/candlelake.duckdb`, `bigquery:PROJECT.DATASET`. */
  readonly label: string;
  /** What it loads from: files on this machine, or objects in a bucket. */
  readonly reads: "files" | "objects";
  /** Where its data lie, lower case; undefined where that does not matter. */
  readonly location: string | undefined;
  /**
   * The statements that `setup` would run; of the named tables alone where some are named.
   * @param description as in `SetupOptions`
   */
  ddl(tables?: readonly TableName[], description?: string): string;
  /** Creates what is missing; what is there keeps its rows and its shape. @throws WarehouseError */
  setup(options?: SetupOptions): Promise<SetupReport>;
  /** Empty where the warehouse does not exist yet. @throws WarehouseError where the file is no warehouse of ours */
  ledger(): Promise<readonly LedgerRow[]>;
  /** Months that the ledger does not know, as the last look at it found them; none where nobody else writes. */
  readonly strangers: readonly StrangeMonth[];
  /** Why nothing is loaded into tables that stand in the place of ours, as the last look at the ledger found them. */
  readonly foreign: ReadonlyMap<TableName, AppError>;
  /** Why a month cannot be loaded or kept, as far as the last look at the ledger told. */
  unloadable(table: TableName, month: Month): AppError | undefined;
  /**
   * Replaces the units, each with its ledger rows, atomically; calls `done` after each one. When the signal aborts, the
   * units that are done are kept.
   * @throws the gravest cause of those that failed: DataError where an object is not what its manifest says,
   *   `object-changed` where that is what `findChanged` found; WarehouseError
   */
  load(
    units: readonly LoadUnit[],
    done: (unit: LoadUnit, rows: number) => void,
    signal?: AbortSignal,
    talk?: LoadTalk,
  ): Promise<void>;
  /** Read-only SQL. @throws UsageError where the statement is refused or wrong */
  query(sql: string, signal?: AbortSignal): Promise<QueryResult>;
  /** Bytes that the query would read, without running it; undefined where nobody is billed for them. */
  cost(sql: string, signal?: AbortSignal): Promise<number | undefined>;
  readonly usage: WarehouseUsage;
  close(): Promise<void>;
}

/** Read-only SQL over the lake's Parquet files, and their export. */
export interface LakeSql {
  query(sql: string, tables: readonly LakeTable[], signal?: AbortSignal): Promise<QueryResult>;
  /** Copies the rows that `where` leaves, in key order, to one file. Returns their number. */
  exportTo(
    table: LakeTable,
    range: TimeRange | undefined,
    file: string,
    format: ExportFormat,
    signal?: AbortSignal,
  ): Promise<number>;
  close(): Promise<void>;
}

/** The files of a table that manifests vouch for. */
export interface LakeTable {
  readonly table: Table;
  readonly paths: readonly string[];
}

export type ExportFormat = "parquet" | "csv" | "arrow";
