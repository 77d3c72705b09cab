import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { arrowFile } from "../../arrow/file.ts";
import type { TimeRange } from "../../core/time.ts";
import type { ExportFormat, LakeTable } from "../../ports/warehouse.ts";
import { copyTo, selectExport } from "../duckdb-sql.ts";
import { readBatches } from "./batches.ts";
import type { Session } from "./session.ts";

export interface Export {
  readonly table: LakeTable;
  readonly range: TimeRange | undefined;
  /** Where the rows go. */
  readonly file: string;
  readonly format: ExportFormat;
}

/** Writes the rows; returns their number. @throws what DuckDB and the file system throw */
export async function writeRows(
  { connection }: Session,
  { table: { table, paths }, range, file, format }: Export,
  signal?: AbortSignal,
): Promise<number> {
  const select = selectExport(table, paths, range, format);
  if (format !== "arrow") {
    const copied = await connection.run(copyTo(select, file, format));
    return copied.rowsChanged;
  }
  let rows = 0;
  const counted = async function* () {
    for await (const batch of readBatches(await connection.stream(select), table)) {
      rows += batch.rows;
      yield batch;
    }
  };
  await pipeline(Readable.from(arrowFile(table, counted())), createWriteStream(file), signal ? { signal } : {});
  return rows;
}
