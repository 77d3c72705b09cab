import { constants, inflateRawSync } from "node:zlib";
import { type ArchiveFile, archiveRange } from "../core/archive-file.ts";
import { lineAt, openCsv } from "./csv.ts";
import { timeNumber } from "./fields.ts";
import { KLINE_NAMES } from "./klines.ts";
import { DEFLATED } from "./zip.ts";
import { onlyEntry } from "./zip-entry.ts";

/** Packed bytes that are looked at: they hold the first line, whatever the header before it. */
const HEAD = 4096;

const MICROS = 1000;

/**
 * Whether the first line of a file of candles is of the moment at which the file's days begin, so that no row of it can
 * be earlier. Only the first bytes are unpacked and nothing is checked: false says no more than that the file has to be
 * read, which also tells what is wrong with it.
 */
export function opensOnTime(zip: Uint8Array, file: ArchiveFile): boolean {
  if (file.series.kind !== "klines") return false;
  try {
    const { method, packed } = onlyEntry(zip, "");
    const head = packed.subarray(0, HEAD);
    const text = method === DEFLATED ? inflateRawSync(head, { finishFlush: constants.Z_SYNC_FLUSH }) : head;
    const csv = openCsv(text, KLINE_NAMES, "");
    const time = timeNumber(lineAt(csv.bytes, csv.from).split(",", 1)[0]);
    const { from } = archiveRange(file);
    return time === from || time === from * MICROS;
  } catch {
    return false;
  }
}
