import type { ArchiveFile } from "./core/archive-file.ts";
import type { Batch } from "./core/batch.ts";
import type { AppError } from "./core/errors.ts";
import type { Gap } from "./core/gap.ts";
import type { ArchiveFacts, Note } from "./core/manifest.ts";
import type { Market, Series, Venue } from "./core/series.ts";
import type { Day, TimeRange } from "./core/time.ts";
import type { Checked, Refused } from "./market/check.ts";
import type { Bucket, BucketUsage } from "./ports/bucket.ts";
import type { LakeSql, Warehouse, WarehouseUsage } from "./ports/warehouse.ts";

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
  /** Where events of a series without a grid are missing, as far as the rows themselves tell. */
  readonly missing?: readonly Gap[];
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
  /**
   * The file cannot be used, though its hash fits: it is not kept for another run.
   * @returns whether it was a kept one, so that the host may have another: the next `fetch` asks for that
   */
  discard(file: ArchiveFile, sha256: string, why: AppError): Promise<boolean>;
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
  /** Event time of its last row, where the venue no longer trades it. */
  readonly ended?: number | undefined;
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
  /** A local path of the object for programs that read files, where there is one. */
  path(key: string): string | undefined;
}

/** The disk under the lake's folder, and who else writes to it. */
export interface Room {
  /** Bytes that may still be written; undefined where that is not known. */
  readonly free: number | undefined;
  /** Whether an archive's file comes to stay there, too. */
  keeps(key: string): boolean;
  /** Bytes of the warehouse's file, of which a load makes a copy; undefined where there is none on this disk. */
  readonly warehouse: number | undefined;
}

/** The right to write to a lake; one holder at a time. */
export interface LakeLock {
  release(): Promise<void>;
}

/** Everything that the pipeline needs of the world outside. Heavy parts are opened when they are first asked for. */
export interface Ports {
  readonly clock: Clock;
  readonly log: Logger;
  /** Made data: a world of their own, behind this one switch. */
  readonly synthetic: boolean;
  readonly store: ObjectStore;
  room(): Room;
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
  /** Much is going to be refined: what takes time to begin may begin. */
  prepare(): void;
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
