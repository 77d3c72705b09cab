import { type Batch, isText } from "../core/batch.ts";
import { DataError } from "../core/errors.ts";
import { fetchCommand } from "../core/ingest-command.ts";
import { objectKey } from "../core/layout.ts";
import type { Series } from "../core/series.ts";
import type { TableName } from "../core/table.ts";
import type { Day } from "../core/time.ts";
import { TABLE } from "../market/tables.ts";
import { contentHash } from "../parquet/content.ts";
import { decode } from "../parquet/decode.ts";
import { wordsOf } from "../parquet/words.ts";
import type { BucketObject } from "../ports/bucket.ts";
import type { BucketLake } from "./bucket-lake.ts";
import { moveCommand } from "./foreign.ts";
import { type DayRows, missingRows, rechecked, withRows } from "./kept-rows.ts";
import type { Lake } from "./lake.ts";

/** A partition, whatever is done with it. */
interface Place {
  readonly table: TableName;
  readonly series: Series;
  readonly day: Day;
}

/** Why it is not known what there is of some days, of which the bucket has objects that no manifest names. */
export function unnamedRows(
  remote: BucketLake,
  table: TableName,
  series: Series,
  first: Day,
  ...others: readonly Day[]
): DataError {
  const last = others.at(-1);
  const isEmpty = remote.entry(table, series, first) !== undefined;
  const why = isEmpty
    ? "is there, and its manifest says that the day is empty"
    : "is named by no manifest, and its rows are nowhere else in the lake";
  const more = others.length > 0 ? ` Nor ${others.length} more of its month.` : "";
  return new DataError(
    "unnamed-object",
    `${remote.bucket.uri(objectKey(table, series, first))} ${why}.${more}`,
    fetchCommand(series, last ? [first, last] : first),
  );
}

/** All rows are of the series. */
function isOf(batch: Batch, { venue, symbol, step }: Series): boolean {
  const own = new Map([...Object.entries({ venue, symbol, interval: step, period: step })]);
  return batch.table.columns.every(({ name }, c) => {
    const column = batch.columns[c];
    if (!column || !isText(column) || !own.has(name)) return true;
    return wordsOf(column, batch.rows).words.every((word) => word === own.get(name));
  });
}

/** The object's rows, where it is what its metadata and its name say. */
function decoded(bytes: Uint8Array, { table, series, day }: Place, object: BucketObject, first?: number) {
  const { content, rows } = object.metadata;
  const batch = decode(bytes, TABLE[table], object.key);
  if (batch.rows !== Number(rows) || contentHash(batch) !== content || !isOf(batch, series)) return undefined;
  return rechecked(series, day, batch, first);
}

/** @throws DataError `bad-object` where it is not what it says */
async function rowsOf(remote: BucketLake, object: BucketObject, place: Place, first?: number): Promise<Batch> {
  const uri = remote.bucket.uri(object.key);
  let cause: unknown;
  try {
    const bytes = await remote.bytesOf(object);
    const batch = bytes && decoded(bytes, place, object, first);
    if (batch) return batch;
  } catch (error) {
    if (!(error instanceof DataError) || error.code !== "bad-parquet") throw error;
    cause = error;
  }
  throw new DataError(
    "bad-object",
    `${uri} is named by no manifest, and its bytes are not what its metadata say: what it had of the day nobody knows.`,
    moveCommand(uri, object),
    { cause },
  );
}

/**
 * What came of a day, with the rows that an object has which no manifest names: a venue that is asked anew may no longer
 * publish them. The same where nothing is missing.
 * @throws DataError where the object is not what it says
 */
export async function keepUnnamed<Came extends DayRows>(
  { remote }: Lake,
  place: Place,
  came: Came,
  first: number | undefined,
): Promise<Came> {
  const object = remote?.unnamed(place.table, place.series, place.day);
  if (!remote || !object) return came;
  const rows = Number(object.metadata["rows"]);
  if (came.batch.rows >= rows && contentHash(came.batch, rows) === object.metadata["content"]) return came;
  const stored = await rowsOf(remote, object, place, first);
  return withRows(place.series, came, stored, missingRows(stored, came.batch), first);
}
