import { type ArchiveFile, archiveName } from "../core/archive-file.ts";
import { type AppError, DataError, SourceError } from "../core/errors.ts";
import type { Target } from "../core/goal.ts";
import { dayOf, monthsOf } from "../core/time.ts";
import type { Archive } from "../ports.ts";
import type { Lake } from "./lake.ts";
import { expected } from "./ways.ts";

/** What the host publishes now, beside what manifests say. */
export interface Published {
  /** Hashes by file name. */
  readonly hashes: ReadonlyMap<string, string>;
  /** Why a file could not be compared, by name. */
  readonly refusals: ReadonlyMap<string, AppError>;
  /** Files that are no longer there, for people. */
  readonly notes: readonly string[];
}

const SPAN = /-(\d{4}-\d{2}(?:-\d{2})?)\.zip$/;

/** Questions at once. */
const WIDTH = 16;

/** The archive files that a target's stored partitions were made of. */
function recorded(target: Target, lake: Lake): ArchiveFile[] {
  const { table, series, range } = target;
  const [from, to] = [dayOf(range.from), dayOf(range.to - 1)];
  const files = new Map<string, ArchiveFile>();
  for (const month of monthsOf(range)) {
    for (const [day, { archives }] of lake.entries(table, series, month)) {
      if (day < from || day > to) continue;
      for (const name of Object.keys(archives ?? {})) {
        const span = SPAN.exec(name)?.[1];
        if (span) files.set(name, { series, span });
      }
    }
  }
  return [...files.values()];
}

/**
 * Asks for the checksums of every archive file that stored partitions were made of.
 * @throws Interrupted
 */
export async function askPublished(
  target: Target,
  lake: Lake,
  archive: Archive,
  signal?: AbortSignal,
): Promise<Published> {
  const files = recorded(target, lake);
  const hashes = new Map<string, string>();
  const refusals = new Map<string, AppError>();
  const notes: string[] = [];
  const ask = async (file: ArchiveFile): Promise<AppError | undefined> => {
    try {
      const hash = await archive.published(file, signal);
      if (hash === undefined)
        notes.push(`${archive.host} no longer has ${archiveName(file)}; what it brought is kept.`);
      else hashes.set(archiveName(file), hash);
      return undefined;
    } catch (error) {
      return expected(error);
    }
  };
  let hopeless: AppError | undefined;
  for (let at = 0; at < files.length; at += WIDTH) {
    const some = files.slice(at, at + WIDTH);
    const failed = await Promise.all(some.map((file) => hopeless ?? ask(file)));
    for (const [i, file] of some.entries()) {
      const error = failed[i];
      if (error) refusals.set(archiveName(file), uncompared(archiveName(file), error));
    }
    // A host that gave none of so many is not asked for the rest.
    if (failed.every((error) => error instanceof SourceError)) hopeless = failed[0];
  }
  return { hashes, refusals, notes };
}

function uncompared(name: string, error: AppError): AppError {
  const message = `${name} was not compared: ${error.message}`;
  return error instanceof DataError
    ? new DataError(error.code, message, error.next)
    : new SourceError(error.code, message, error.next);
}
