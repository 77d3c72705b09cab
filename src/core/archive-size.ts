import { type ArchiveFile, archiveRange } from "./archive-file.ts";
import { countOpens, gridOf } from "./interval.ts";
import { seriesGrid } from "./partition.ts";

/** A line has about 140 bytes; some files have every line two or three times. */
const BYTES_PER_ROW = 512;
const SLACK = 64 * 2 ** 10;
/** So that candles of a shorter interval than the file's are still read, and called what they are. */
const OTHER_CANDLES = 8 * 2 ** 20;
/** Headers, names and a comment around data that could not be packed. */
const AROUND = 128 * 2 ** 10;

/** The most bytes that are believed of a file's text: a bomb is refused before it takes any memory. */
export function plausibleSize(file: ArchiveFile): number {
  const grid = seriesGrid(file.series) ?? gridOf("1h");
  const slack = file.series.kind === "klines" ? OTHER_CANDLES : SLACK;
  return countOpens(grid, archiveRange(file)) * BYTES_PER_ROW + slack;
}

/** The most bytes that are believed of a file as it is published: whatever is larger is refused while it comes. */
export const plausibleZip = (file: ArchiveFile): number => plausibleSize(file) + AROUND;
