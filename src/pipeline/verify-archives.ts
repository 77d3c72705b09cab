import { type ArchiveFile, archiveName } from "../core/archive-file.ts";
import { type AppError, DataError, SourceError } from "../core/errors.ts";
import type { Target } from "../core/goal.ts";
import { lackedFiles } from "../core/late-file.ts";
import { objectKey } from "../core/layout.ts";
import { type Series, seriesLabel } from "../core/series.ts";
import { dayOf, monthsOf } from "../core/time.ts";
import type { Archive } from "../ports.ts";
import type { Lake } from "./lake.ts";
import { expected } from "./ways.ts";

/** What the host publishes now, beside what manifests say. */
export interface Published {
  /** Hashes by file name. */
  readonly hashes: ReadonlyMap<string, string>;
  /** Paths of days that lack something for want of a file that is there now. */
  readonly arrived: ReadonlySet<string>;
  /** Why a day's files could not be compared, by its path. */
  readonly refusals: ReadonlyMap<string, AppError>;
  /** Files that are no longer there, for people. */
  readonly notes: readonly string[];
}

const SPAN = /-(\d{4}-\d{2}(?:-\d{2})?)\.zip$/;

/** Questions at once. */
const WIDTH = 16;

/** A file that was taken in, or that days were made without. */
interface Asked {
  readonly file: ArchiveFile;
  readonly isTaken: boolean;
  /** Paths of the days that it has a part in. */
  readonly paths: string[];
}

/** The archive files that a target's stored partitions were made of, or should have been. */
function filesOf({ table, series, range, now, choice }: Target, lake: Lake): Asked[] {
  const [from, to] = [dayOf(range.from), dayOf(range.to - 1)];
  const files = new Map<string, Asked>();
  const add = (file: ArchiveFile, path: string, isTaken: boolean) => {
    const name = `${archiveName(file)} ${isTaken}`;
    const asked = files.get(name) ?? { file, isTaken, paths: [] };
    files.set(name, asked);
    asked.paths.push(path);
  };
  for (const month of monthsOf(range)) {
    for (const [day, entry] of lake.entries(table, series, month)) {
      if (day < from || day > to) continue;
      const path = objectKey(table, series, day);
      for (const name of Object.keys(entry.archives ?? {})) {
        const span = SPAN.exec(name)?.[1];
        if (span) add({ series, span }, path, true);
      }
      for (const file of lackedFiles(series, day, entry, now, choice)) add(file, path, false);
    }
  }
  return [...files.values()];
}

/**
 * Asks for the checksums of every archive file that stored partitions were made of, and of those that were not there when
 * they were made.
 * @throws Interrupted
 */
export async function askPublished(
  target: Target,
  lake: Lake,
  archive: Archive,
  signal?: AbortSignal,
): Promise<Published> {
  const files = filesOf(target, lake);
  const hashes = new Map<string, string>();
  const arrived = new Set<string>();
  const refusals = new Map<string, AppError>();
  const notes: string[] = [];
  const ask = async ({ file, isTaken, paths }: Asked): Promise<AppError | undefined> => {
    try {
      if (!isTaken && !(await archive.has(file, signal))) return undefined;
      const hash = await archive.published(file, signal);
      if (!isTaken) for (const path of hash === undefined ? [] : paths) arrived.add(path);
      else if (hash === undefined)
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
    for (const [i, { file, paths }] of some.entries()) {
      const error = failed[i];
      if (!error) continue;
      const refusal = uncompared(archiveName(file), error);
      for (const path of paths) if (!refusals.has(path)) refusals.set(path, refusal);
    }
    // A host that gave none of so many is not asked for the rest.
    if (failed.every((error) => error instanceof SourceError)) hopeless = failed[0];
  }
  if (hashes.size > 0) notes.unshift(comparedNote(target.series, archive, hashes.size));
  return { hashes, arrived, refusals, notes };
}

const comparedNote = (series: Series, { host }: Archive, files: number): string =>
  `${seriesLabel(series)}: ${files === 1 ? "an archive file was" : `${files} archive files were`} compared with what ${host} publishes.`;

function uncompared(name: string, error: AppError): AppError {
  const message = `${name} was not compared: ${error.message}`;
  return error instanceof DataError
    ? new DataError(error.code, message, error.next)
    : new SourceError(error.code, message, error.next);
}
