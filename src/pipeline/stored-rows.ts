import { type Batch, concat } from "../core/batch.ts";
import { DataError } from "../core/errors.ts";
import type { Gap } from "../core/gap.ts";
import type { Target } from "../core/goal.ts";
import { fetchCommand, inputFlags, refetchCommand } from "../core/ingest-command.ts";
import { type Entry, type Note, UNCONFIRMED, unaskedGaps, VANISHED } from "../core/manifest.ts";
import type { Series } from "../core/series.ts";
import type { DeriveStep, FetchStep } from "../core/step.ts";
import type { TableName } from "../core/table.ts";
import { type Day, iso } from "../core/time.ts";
import type { Checked } from "../market/check.ts";
import { TABLE } from "../market/tables.ts";
import { contentHash } from "../parquet/content.ts";
import { decode } from "../parquet/decode.ts";
import { type BucketLake, changing, contradicts } from "./bucket-lake.ts";
import { isOurs, moveCommand } from "./foreign.ts";
import { type DayRows, missingRows, rechecked, timeAt, withRows } from "./kept-rows.ts";
import type { Lake } from "./lake.ts";
import { sha256 } from "./rows.ts";

/** Why a partition's object cannot be used, and the command that brings it back. Only by force are files looked into. */
export const lostObject = (series: Series, day: Day, entry: Entry, isThere: boolean): DataError =>
  new DataError(
    isThere ? "object-changed" : "object-missing",
    `${entry.object} ${isThere ? "is not the file that its manifest names" : "is gone"}.`,
    isThere ? refetchCommand(series, day, inputFlags(entry)) : fetchCommand(series, day, inputFlags(entry)),
  );

/** Why an object that the bucket's manifest names cannot be used, and the command that goes towards the right one. */
export function replacedObject(lake: Lake, remote: BucketLake, series: Series, day: Day, entry: Entry): DataError {
  const key = entry.object ?? "";
  const uri = remote.bucket.uri(key);
  const there = remote.object(key);
  const next = lake.hasFile(entry) ? "candlelake upload" : fetchCommand(series, day, inputFlags(entry));
  if (!there) return new DataError("object-missing", `${uri} is gone.`, next);
  const why = contradicts(there, entry)
    ? `${uri} tells other rows of itself than its manifest does.`
    : `${uri} is not the object that its manifest names.`;
  // What others put there is overwritten by no command.
  return new DataError("object-changed", why, isOurs(there) ? next : moveCommand(uri, there));
}

/**
 * A stored partition's rows.
 * @throws DataError where the object is gone or not the one that its entry names
 */
export async function readPartition(
  lake: Lake,
  table: TableName,
  series: Series,
  day: Day,
  entry: Entry,
): Promise<Batch> {
  if (entry.object === null) return concat(TABLE[table], []);
  const bytes = await lake.bytes(entry);
  if (!bytes && lake.remote?.holds(entry)) throw changing(lake.remote.bucket.uri(entry.object), series, day);
  if (!bytes) throw lostObject(series, day, entry, lake.isTaken(entry));
  return decode(bytes, TABLE[table], entry.object);
}

/** The object of an entry is there: in the folder byte by byte, because its size alone does not tell, or in the bucket. */
export async function isStored(lake: Lake, entry: Entry): Promise<boolean> {
  if (entry.object === null) return true;
  const bytes = await lake.store.read(entry.object);
  return (bytes !== undefined && sha256(bytes) === entry.sha256) || (lake.remote?.holds(entry) ?? false);
}

interface Stored {
  readonly batch: Batch;
  /** How many rows there are to be kept: those of the very file that the entry names, whatever it says of them. */
  readonly rows: number;
}

/**
 * The rows that are stored, as far as they can be read. A run that was killed between object and manifest left an object
 * that no manifest names yet: its rows are as good, once they pass the check again.
 */
async function storedRows(
  lake: Lake,
  step: FetchStep | DeriveStep,
  entry: Entry,
  first?: number,
): Promise<Stored | undefined> {
  const { table, series, day } = step;
  try {
    const batch = await readPartition(lake, table, series, day, entry);
    return { batch, rows: batch.rows };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
  }
  const contradicting = lake.remote?.contradicting(entry);
  const named = contradicting && (await lake.remote?.bytesOf(contradicting));
  const bytes = named ?? (entry.object === null ? undefined : await lake.store.read(entry.object));
  if (!bytes) return undefined;
  try {
    const batch = rechecked(series, day, decode(bytes, TABLE[table], step.path), first);
    return batch && { batch, rows: named ? batch.rows : entry.rows };
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}

const rowsLost = ({ series, day, path }: FetchStep, { rows }: Batch, old: Entry): DataError =>
  new DataError(
    "rows-lost",
    `${path}: the stored file cannot be read, and only ${rows} of its ${old.rows} rows are to be had. Put the file back, or take what there is.`,
    refetchCommand(series, day),
  );

const isIn = (gaps: readonly Gap[], time: number): boolean => gaps.some(({ from, to }) => time >= from && time < to);

/**
 * Stored rows never vanish: where the venue no longer publishes them, or sends them broken, the stored ones stay; where
 * it silently leaves them out, or they can no longer be read and fewer came, the step fails and nothing changes.
 * @param isMeant what came is to be taken as it is: by force, or because it was published anew. Rows that it leaves out
 *   stay, with a note that says whether everybody was asked for them
 * @throws DataError `rows-vanished`, `rows-lost`
 */
export async function keepStored(
  lake: Lake,
  target: Target,
  step: FetchStep,
  old: Entry,
  checked: Checked,
  isMeant: boolean,
): Promise<Checked> {
  const { batch } = checked;
  if (old.rows === 0 || (batch.rows >= old.rows && contentHash(batch, old.rows) === old.content)) return checked;
  const found = await storedRows(lake, step, old, target.first);
  if (!found) {
    if (batch.rows >= old.rows || target.force) return checked;
    throw rowsLost(step, batch, old);
  }
  const stored = found.batch;
  const missing = missingRows(stored, batch);
  const times = missing.map((row) => timeAt(stored, row));
  const explained = checked.gaps.filter((gap) => gap.class === "not-published" || gap.class === "quarantined");
  // Those that were known to be left out need no second word.
  const known = old.notes.find(({ kind }) => kind === VANISHED)?.count ?? 0;
  const lacking = times.filter((time) => !isIn(explained, time));
  if (lacking.length > known && !isMeant) {
    throw new DataError(
      "rows-vanished",
      `${step.path}: the venue no longer sends ${lacking.length} of ${stored.rows} stored rows, the first at ${iso(lacking[0] as number)}; the stored ones are kept.`,
      refetchCommand(step.series, step.day),
    );
  }
  // REST may have these all the same: it was not asked, or did not answer.
  const open = unaskedGaps(checked);
  const isOpen = (time: number): boolean => isIn(open, time);
  const kept = [
    { kind: VANISHED, count: lacking.filter((time) => !isOpen(time)).length },
    { kind: UNCONFIRMED, count: times.filter(isOpen).length },
  ];
  const notes: Note[] = [...checked.notes, ...kept.filter(({ count }) => count > 0)];
  const all = withRows(step.series, { ...checked, notes }, stored, missing, target.first);
  // What could be read may be an older file.
  if (all.batch.rows < found.rows && !target.force) throw rowsLost(step, all.batch, old);
  return all;
}

/** Rows of a derived day stay, too, where there are fewer candles now. */
export async function keepDerived(lake: Lake, step: DeriveStep, old: Entry, made: DayRows): Promise<DayRows> {
  const { first } = step.derivation;
  const stored = old.rows > made.batch.rows ? await storedRows(lake, step, old, first) : undefined;
  return stored ? withRows(step.series, made, stored.batch, missingRows(stored.batch, made.batch), first) : made;
}
