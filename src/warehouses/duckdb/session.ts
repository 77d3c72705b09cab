import { randomUUID } from "node:crypto";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { throwIfAborted } from "../../core/errors.ts";

/** Enough for every sort of a load: what does not fit goes to the spill folder. With Node itself, some 600 MB at the peak. */
export const MEMORY_LIMIT = "384MB";
const MAX_THREADS = 4;

/** Freed memory goes back to the system from here on: at DuckDB's 128 MB the process grows with the length of a load. */
const FLUSH = "1MB";

/**
 * Size of the log at which what was committed goes into the file. DuckDB waits for 16 MB: till then it keeps years of
 * hours in memory, uncompressed.
 */
const CHECKPOINT = "512KB";

/**
 * The oldest DuckDB that may open our files. From this version on a write-ahead log names the file and checkpoint that
 * it continues, so that a log which another program left of a replaced file is refused, never replayed into the new one.
 */
const STORAGE_VERSION = "v1.4.0";

export interface SessionOptions {
  /** `:memory:` or a path. */
  readonly file: string;
  readonly readOnly: boolean;
  /** DuckDB's spelling, `512MB`. */
  readonly memoryLimit: string;
  /** Folder for what exceeds the memory; DuckDB makes it when it is needed and takes it away at the end. */
  readonly spill: string;
}

/** A spill folder of its own, for a database that nothing may be put beside. */
export const temporarySpill = (): string => path.join(tmpdir(), `candlelake-${randomUUID()}`);

export interface Session {
  readonly connection: DuckDBConnection;
  close(): Promise<void>;
}

/** Opens a database. No extension is ever fetched or loaded, and naive times are UTC. @throws what DuckDB throws */
export async function openSession({ file, readOnly, memoryLimit, spill }: SessionOptions): Promise<Session> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(file, {
    access_mode: readOnly ? "READ_ONLY" : "READ_WRITE",
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    allow_persistent_secrets: "false",
    memory_limit: memoryLimit,
    // It would keep every Parquet file that was read, up to the limit, and what stood in one before it was replaced.
    enable_external_file_cache: "false",
    threads: String(Math.min(availableParallelism(), MAX_THREADS)),
    temp_directory: spill,
    allocator_flush_threshold: FLUSH,
    allocator_bulk_deallocation_flush_threshold: FLUSH,
    ...(readOnly ? {} : { storage_compatibility_version: STORAGE_VERSION, checkpoint_threshold: CHECKPOINT }),
  });
  try {
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    return {
      connection,
      async close() {
        connection.closeSync();
        instance.closeSync();
      },
    };
  } catch (error) {
    instance.closeSync();
    throw error;
  }
}

/** Forbids files but those allowed before, and every further setting. */
export async function lockDown({ connection }: Session): Promise<void> {
  await connection.run("SET enable_external_access = false");
  await connection.run("SET lock_configuration = true");
}

/** An interruption between two statements is lost on DuckDB, so it is repeated. In milliseconds. */
const INSIST = 50;

/** Runs work that an abort ends within a moment. @throws Interrupted */
export async function interruptible<T>(
  { connection }: Session,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  throwIfAborted(signal);
  let insisting: NodeJS.Timeout | undefined;
  const interrupt = (): void => {
    connection.interrupt();
    insisting = setInterval(() => connection.interrupt(), INSIST);
  };
  signal?.addEventListener("abort", interrupt, { once: true });
  try {
    return await work();
  } catch (error) {
    throwIfAborted(signal);
    throw error;
  } finally {
    signal?.removeEventListener("abort", interrupt);
    clearInterval(insisting);
  }
}

const EXTRACTION = /^Failed to extract statements: /;

/** What DuckDB says, and what it suggests, without the excerpt of the statement below. */
export function firstParagraph(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const [paragraph = ""] = text.replace(EXTRACTION, "").split("\n\n");
  // The binding has no message of its own for a text without a statement.
  return paragraph === "Error in native callback" ? "There is no statement." : paragraph.replaceAll("\n", " ");
}

export const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n")[0]?.trim() ?? "";
