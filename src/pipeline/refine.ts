import { decodeArchive } from "../archive/decode.ts";
import { type ArchiveFile, archiveKey, archiveName, archiveRange } from "../core/archive-file.ts";
import { type Batch, isText } from "../core/batch.ts";
import type { Gap } from "../core/gap.ts";
import type { ArchiveFacts } from "../core/manifest.ts";
import { type Day, dayOf } from "../core/time.ts";
import { check, type Refused } from "../market/check.ts";
import { tableOf } from "../market/tables.ts";
import { contentHash } from "../parquet/content.ts";
import { encode } from "../parquet/encode.ts";
import type { BrokenRow, FinishedDay, OpenDay, RefineDay, Refined, RefineJob } from "../ports.ts";
import { Receiver } from "./received.ts";
import { sha256, spanOf } from "./rows.ts";

/** Whether somebody else should be asked about a day. */
export const isHoley = ({ gaps }: { readonly gaps: readonly Gap[] }): boolean =>
  gaps.some((gap) => gap.class === "unknown" || gap.class === "quarantined");

/** A batch whose memory is no part of a larger one. */
const apart = (batch: Batch): Batch => ({
  ...batch,
  columns: batch.columns.map((column) =>
    isText(column)
      ? { ...column, codes: column.codes?.slice() ?? null }
      : { values: column.values.slice(), valid: column.valid?.slice() ?? null },
  ),
});

/** Rows of days that are none of the file's: evidence that is kept with the file's first or last day. */
interface Stray {
  readonly day: Day;
  readonly row: Refused;
}

function straysOf(file: ArchiveFile, broken: readonly BrokenRow[]): Stray[] {
  const { from, to } = archiveRange(file);
  const rows = broken.filter((row) => row.reason === "outside" && (row.time < from || row.time >= to));
  return rows.map((row) => ({ day: dayOf(row.time < from ? from : to - 1), row }));
}

function refineDay(job: RefineJob, { day, range, content: stored }: RefineDay, receiver: Receiver, strays: Stray[]) {
  const own = check(job.series, receiver.take(range), range, job.first);
  const outside = strays.filter((stray) => stray.day === day).map(({ row }) => row);
  const checked = outside.length > 0 ? { ...own, refused: [...own.refused, ...outside] } : own;
  const open: OpenDay = { kind: "open", day, checked };
  if (isHoley(checked)) return { ...open, checked: { ...checked, batch: apart(checked.batch) } };
  const { batch, ...rest } = checked;
  const content = contentHash(batch);
  if (stored !== undefined && stored !== content) return { ...open, checked: { ...checked, batch: apart(batch) } };
  const bytes = batch.rows > 0 && stored === undefined ? encode(batch) : undefined;
  const finished: FinishedDay = {
    kind: "finished",
    day,
    rows: batch.rows,
    span: spanOf(batch),
    content,
    object: bytes ? { bytes, sha256: sha256(bytes) } : null,
    ...rest,
  };
  return finished;
}

/**
 * From archive files to partitions: decode, check, hash, encode. Pure, and all of the work that a processor does.
 * @throws DataError where a file cannot be what it claims
 */
export function refine(job: RefineJob): Refined {
  const { series, host, source, files, days, first, ended } = job;
  const receiver = new Receiver(tableOf(series), Number.NEGATIVE_INFINITY);
  const archives: Record<string, ArchiveFacts> = {};
  const strays: Stray[] = [];
  const releases: (() => void)[] = [];
  for (const { file, zip, sha256: hash } of files) {
    const where = `${host}/${archiveKey(file)}`;
    const { unit, header, labels, release, ...rows } = decodeArchive(zip, file, where, source, { first, ended });
    archives[archiveName(file)] = { sha256: hash, unit, header, ...(labels ? { labels } : {}) };
    const own = straysOf(file, rows.broken);
    // They are told of with their file's days; a neighbour has no part in them.
    const broken = rows.broken.filter((row) => !own.some((stray) => stray.row === row));
    receiver.add({ ...rows, broken, unpublished: [], until: archiveRange(file).to });
    strays.push(...own);
    releases.push(release);
  }
  const refined = days.map((day) => refineDay(job, day, receiver, strays));
  for (const release of releases) release();
  return { archives, days: refined };
}
