import type { ArchiveFile } from "../core/archive-file.ts";
import type { Batch } from "../core/batch.ts";
import type { Gap } from "../core/gap.ts";
import type { Labels } from "../core/manifest.ts";
import { seriesLabel } from "../core/series.ts";
import type { BrokenRow } from "../ports.ts";
import { decodeFunding } from "./funding.ts";
import { decodeKlines } from "./klines.ts";
import type { Known } from "./known.ts";
import { decodeMetrics } from "./metrics.ts";
import { onlyMember } from "./zip.ts";

/** What one file of the bulk archive holds, as columns. */
export interface ArchiveRows {
  /** Rows in file order; what could be put into the series' table, all columns filled. Not checked any further. */
  readonly batch: Batch;
  /** The line of row `index` of the batch. */
  evidence(index: number): string;
  /**
   * Rows that cannot be put into columns, or do not belong into the file. One whose time cannot be made out stands where
   * its neighbours tell that it was due; where nothing follows a grid, beside one of them. Reasons: `shape` (more or
   * fewer fields), `type` (a field that is no number), `blank` (an empty one), `time-unit` (times in another unit than the
   * file's), `key` (another symbol), `outside` (a time outside the file's days, which is the row's own).
   */
  readonly broken: readonly BrokenRow[];
  /** Unit of the file's times, decided once per file. */
  readonly unit: "ms" | "us" | "text";
  readonly header: boolean;
  /** What labels of metrics mean. */
  readonly labels?: Labels;
  /**
   * Where events are missing by what their neighbours say: `unknown`, or `quarantined` where a line came for one. Not cut
   * at days.
   */
  readonly missing: readonly Gap[];
  /** Gives the memory of text and columns back; nothing of the file can be looked at afterwards. */
  release(): void;
}

/**
 * Decodes a file as published.
 * @param where names the file in messages: host and key
 * @param source what the rows' `source` column says: `archive-monthly`, `archive-daily` or `synthetic`
 * @param known of the series; without it the first event is one like others
 * @throws DataError where the bytes cannot be what the file's name says: `bad-zip`, `html-body`, `zip64`,
 *   `zip-members`, `zip-path`, `zip-name`, `zip-encrypted`, `zip-method`, `zip-bomb`, `zip-crc`, `mislabelled`,
 *   `empty-archive`, `format-changed`
 */
export function decodeArchive(
  zip: Uint8Array,
  file: ArchiveFile,
  where: string,
  source: string,
  known?: Known,
): ArchiveRows {
  const { kind } = file.series;
  const csv = onlyMember(zip, file, where);
  if (kind === "klines") return decodeKlines(csv, file, where, source, known);
  if (kind === "funding") return decodeFunding(csv, file, where, source, known);
  if (kind === "open-interest") return decodeMetrics(csv, file, where, source, known);
  throw new TypeError(`the archive has no ${seriesLabel(file.series)}`);
}
