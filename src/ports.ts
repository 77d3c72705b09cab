import type { ArchiveFile } from "./core/archive-file.ts";
import type { Batch } from "./core/batch.ts";
import type { Gap } from "./core/gap.ts";
import type { ArchiveFacts, Note } from "./core/manifest.ts";
import type { Market, Series, Venue } from "./core/series.ts";
import type { Table, TableName } from "./core/table.ts";
import type { Day, Month, TimeRange } from "./core/time.ts";
import type { Checked, Refused } from "./market/check.ts";

/** The machine's clock. Tests bring their own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`, or rejects with `Interrupted` as soon as the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Talk for the user; never data. */
export interface Logger {
  info(message: string): void;
  warn(message: string): void;
  debug(message: string): void;
}

/** A row that cannot be put into columns, but whose place in time is known. */
export interface BrokenRow {
  /** Milliseconds; the row's event time (a candle's open time). */
  readonly time: number;
  /** Kebab-case: `shape`, `type`, `blank`, `time-unit`, `key`, `outside`. */
  readonly reason: string;
  /** The row as the venue sent it. */
  readonly evidence: string;
}

/** A stretch of a series as one answer gave it, unchecked. */
export interface Page {
  /** Ascending or not, unique or not: as sent. Every column of the series' table is filled. */
  readonly batch: Batch;
  /** Row `index` of the batch as the venue sent it. */
  evidence(index: number): string;
  readonly broken: readonly BrokenRow[];
  /** Stretches that the venue said it does not keep (any more). */
  readonly unpublished: readonly TimeRange[];
  /** Milliseconds; everything of the asked range before it has been delivered, in this page or an earlier one. */
  readonly until: number;
}

/** Where rows come from. Answers are columns; `read` streams them in time order, memory bounded. */
export interface Source {
  /** The host asked, for messages and manifests. */
  readonly host: string;
  /** The venue's clock in milliseconds; asked once, then kept. @throws SourceError */
  now(signal?: AbortSignal): Promise<number>;
  /**
   * Event time (ms) of the series' first row.
   * @throws SourceError `unknown-symbol` where the venue does not know the symbol
   */
  first(series: Series, signal?: AbortSignal): Promise<number>;
  /**
   * Rows whose event time lies in `[from, to)`; for candles that is the open time, and rows that are still open may be
   * among them. Pages come in time order; the last one's `until` is at least `to`.
   * @throws SourceError, DataError
   */
  read(series: Series, range: TimeRange, signal?: AbortSignal): AsyncIterable<Page>;
  /** What was asked so far. */
  readonly usage: { readonly requests: number; readonly retries: number };
}

/** A bulk file as published, verified against its checksum. */
export interface ArchivedFile {
  readonly zip: Uint8Array<ArrayBuffer>;
  /** Of the ZIP, lower-case hex. */
  readonly sha256: string;
}

/** A venue's bulk files. A host that knows nothing but 200 and 404 is enough. */
export interface Archive {
  /** For messages and manifests. */
  readonly host: string;
  /** The host's clock in milliseconds, as its answers are dated; asked once, then kept. @throws SourceError */
  now(signal?: AbortSignal): Promise<number>;
  /** Whether the file is there. @throws SourceError */
  has(file: ArchiveFile, signal?: AbortSignal): Promise<boolean>;
  /**
   * The file; undefined where there is none (yet).
   * @param anew a file that was kept is taken only where its hash is the one that is published now
   * @throws SourceError, DataError `bad-checksum`, `no-checksum`
   */
  fetch(file: ArchiveFile, signal?: AbortSignal, anew?: boolean): Promise<ArchivedFile | undefined>;
  /** Like `fetch`, where it will be fetched again soon: that costs nothing then. */
  peek(file: ArchiveFile, signal?: AbortSignal): Promise<ArchivedFile | undefined>;
  /** The file cannot be used, though its hash fits: it is not kept for another run. */
  discard(file: ArchiveFile): Promise<void>;
  /** The hash that is published now; undefined where there is none. @throws SourceError, DataError */
  published(file: ArchiveFile, signal?: AbortSignal): Promise<string | undefined>;
  /** What was asked so far, and how many bytes of files came. */
  readonly usage: { readonly requests: number; readonly retries: number; readonly bytes: number };
}

/** Archive files, as they came, with the days that are to be made of them. Plain data: it may cross threads. */
export interface RefineJob {
  readonly series: Series;
  /** Event time of the series' first row, where it is known. */
  readonly first: number | undefined;
  /** For messages. */
  readonly host: string;
  /** What the rows' `source` column says. */
  readonly source: string;
  readonly files: readonly RefineFile[];
  readonly days: readonly RefineDay[];
}

export interface RefineFile {
  readonly file: ArchiveFile;
  readonly zip: Uint8Array;
  /** Of the ZIP, as published and as received. */
  readonly sha256: string;
}

export interface RefineDay {
  readonly day: Day;
  /** Event times that are final. */
  readonly range: TimeRange;
  /** Content hash of what the lake has of the day; undefined where it has nothing. */
  readonly content: string | undefined;
}

/** A day as it goes into the lake. */
export interface FinishedDay {
  readonly kind: "finished";
  readonly day: Day;
  readonly rows: number;
  readonly span: readonly [number, number] | null;
  readonly content: string;
  /** The Parquet file; null where there are no rows, or where the lake has them already. */
  readonly object: { readonly bytes: Uint8Array<ArrayBuffer>; readonly sha256: string } | null;
  readonly gaps: readonly Gap[];
  readonly notes: readonly Note[];
  readonly refused: readonly Refused[];
}

/** A day that needs more than its archive file: rows of another source, or a look at what is stored. */
export interface OpenDay {
  readonly kind: "open";
  readonly day: Day;
  readonly checked: Checked;
}

export interface Refined {
  /** By file name. */
  readonly archives: Readonly<Record<string, ArchiveFacts>>;
  readonly days: readonly (FinishedDay | OpenDay)[];
}

/** Carries refining out, here or elsewhere. Rejects with the `AppError` that `refine` throws. */
export type Refiner = (job: RefineJob) => Promise<Refined>;

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
}

/** Named byte strings under one root. Writes are atomic: a reader sees the old bytes or the new ones. */
export interface ObjectStore {
  /** For messages: a folder, or `gs://…`. */
  readonly label: string;
  /** undefined where there is no such object. @throws StoreError */
  read(key: string): Promise<Uint8Array | undefined>;
  /**
   * Replaces the object. Others see it, and a power cut spares it, only after `flush`. The bytes are the caller's again
   * when this resolves.
   * @throws StoreError
   */
  write(key: string, bytes: Uint8Array): Promise<void>;
  remove(key: string): Promise<void>;
  /** Objects whose key starts with `prefix` (whole folder names), ascending by key. */
  list(prefix: string): AsyncIterable<StoredObject>;
  /** Bytes of the object, cheaply; undefined where there is none. */
  size(key: string): number | undefined;
  /** When the object was last written, in milliseconds, cheaply; undefined where there is none. */
  modified(key: string): number | undefined;
  /** Returns when everything written before would survive a power cut. */
  flush(): Promise<void>;
  /** Bytes that may still be written; undefined where that is not known. */
  free(): number | undefined;
  /** A local path of the object for programs that read files, where there is one. */
  path(key: string): string | undefined;
}

/** An object of a bucket, as a list call tells it. */
export interface BucketObject {
  /** Below the world's root: without `raw/` or `synthetic/`. */
  readonly key: string;
  readonly bytes: number;
  /** A decimal number beyond 2^53; every write gives another one. */
  readonly generation: string;
  /** Base64 of the big-endian CRC-32C, as Cloud Storage spells it. */
  readonly crc32c: string;
  /** Milliseconds. */
  readonly updated: number;
  /** What its writer said of it. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What a bucket was asked for, and what it moved. */
export interface BucketUsage {
  readonly lists: number;
  readonly reads: number;
  readonly writes: number;
  readonly others: number;
  readonly retries: number;
  readonly bytesUploaded: number;
  readonly bytesDownloaded: number;
}

/**
 * Objects under one root of a bucket (`gs://NAME/raw/`). Writes name the generation that they replace: nobody's work is
 * overwritten unseen, and a write that is sent twice happens once.
 */
export interface Bucket {
  readonly name: string;
  /** `gs://NAME/raw/KEY`. */
  uri(key: string): string;
  /** Objects whose key starts with `prefix` (whole folder names), ascending by key, a page a request. @throws StoreError */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<BucketObject>;
  /** undefined where there is none. @throws StoreError */
  stat(key: string, signal?: AbortSignal): Promise<BucketObject | undefined>;
  /**
   * The object's bytes, compared with its checksum; of one generation where one is named. undefined where there is none.
   * @throws StoreError
   */
  read(key: string, generation?: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Writes one whole object over `replaces`; null where there must be none. The checksum goes with it, so that torn bytes
   * are refused. An object that is there with these bytes and this metadata already, because an answer got lost, is a success.
   * @throws StoreError `bucket-conflict` where somebody else's is there
   */
  write(
    key: string,
    bytes: Uint8Array,
    options: { readonly replaces: string | null; readonly metadata?: Readonly<Record<string, string>> },
    signal?: AbortSignal,
  ): Promise<BucketObject>;
  /** Removes this generation; what is gone already, is. @throws StoreError `bucket-conflict` where another one is there */
  remove(key: string, generation: string, signal?: AbortSignal): Promise<void>;
  /** Where its data lie, lower case: `us-central1`. @throws StoreError `no-bucket`, `permission-denied` */
  location(signal?: AbortSignal): Promise<string>;
  readonly usage: BucketUsage;
}

/** The right to write to a lake; one holder at a time. */
export interface LakeLock {
  release(): Promise<void>;
}

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

export interface SetupReport {
  readonly created: readonly string[];
  readonly exists: readonly string[];
  readonly differs: readonly { readonly table: string; readonly difference: string; readonly next: string }[];
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
  /** Jobs that were run to bring rows, failed ones among them; DuckDB runs one a month. */
  readonly loadJobs: number;
  /** Jobs that were run to write the ledger, where that takes any. */
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
  /**
   * Replaces the units, each with its ledger rows, atomically; calls `done` after each one. When the signal aborts, the
   * units that are done are kept.
   * @throws DataError where an object is not what its manifest says; WarehouseError
   */
  load(units: readonly LoadUnit[], done: (unit: LoadUnit, rows: number) => void, signal?: AbortSignal): Promise<void>;
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

/** Everything that the pipeline needs of the world outside. Heavy parts are opened when they are first asked for. */
export interface Ports {
  readonly clock: Clock;
  readonly log: Logger;
  /** Made data: a world of their own, behind this one switch. */
  readonly synthetic: boolean;
  readonly store: ObjectStore;
  /** The bucket beside the lake's folder; undefined where there is none. */
  bucket(): Promise<Bucket | undefined>;
  /** @throws StoreError `lake-busy` naming who holds the lock since when */
  lock(command: string, signal?: AbortSignal): Promise<LakeLock>;
  /** The source behind a venue's endpoint, one a venue and market. */
  source(venue: Exclude<Venue, "synthetic">, market: Market): Promise<Source>;
  warehouse(): Promise<Warehouse>;
  lakeSql(): Promise<LakeSql>;
  /** The venue's bulk files; undefined where it publishes none, or where they are not to be asked. */
  archive(venue: Exclude<Venue, "synthetic">): Promise<Archive | undefined>;
  /** Does pure work on archive files, on as many processors as there are. */
  readonly refine: Refiner;
  /** Requests and retries of all sources together. */
  usage(): { readonly requests: number; readonly retries: number };
  /** What bucket and warehouse were asked for, as far as they were. */
  cloud(): CloudUsage;
  close(): Promise<void>;
}

export interface CloudUsage {
  readonly bucket: BucketUsage | undefined;
  readonly warehouse: WarehouseUsage | undefined;
}
