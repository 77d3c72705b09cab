import { DataError } from "../core/errors.ts";
import { inputFlags, refetchCommand } from "../core/ingest-command.ts";
import type { Entry } from "../core/manifest.ts";
import type { Series } from "../core/series.ts";
import type { TableName } from "../core/table.ts";
import type { Day } from "../core/time.ts";
import { TABLE } from "../market/tables.ts";
import { contentHash } from "../parquet/content.ts";
import { decode } from "../parquet/decode.ts";
import type { BucketLake } from "./bucket-lake.ts";

/** What is false in an entry of the folder's, as far as the bucket's object and its manifest tell. */
export const contradictedEntry = ({ bucket }: BucketLake, series: Series, day: Day, entry: Entry): DataError =>
  new DataError(
    "false-entry",
    `${bucket.uri(entry.object ?? "")} tells other rows of itself than the folder's manifest does of the same file.`,
    refetchCommand(series, day, inputFlags(entry)),
  );

/**
 * What is false in an entry whose bytes are the ones that it names, where its manifest was edited; undefined where it is
 * right.
 * @throws DataError `bad-parquet`
 */
export function falseEntry(
  table: TableName,
  series: Series,
  day: Day,
  entry: Entry,
  bytes: Uint8Array,
): DataError | undefined {
  const batch = decode(bytes, TABLE[table], entry.object ?? "");
  const why =
    batch.rows === entry.rows
      ? "not those that its manifest says"
      : `${batch.rows}, and its manifest says ${entry.rows}`;
  if (batch.rows === entry.rows && contentHash(batch) === entry.content) return undefined;
  return new DataError(
    "false-entry",
    `${entry.object} is the file that its manifest names, but its rows are ${why}.`,
    refetchCommand(series, day, inputFlags(entry)),
  );
}
