import { formChanged, refusal } from "./refusal.ts";

const LF = 0x0a;
const CR = 0x0d;
/** Bytes of a first line that are looked at: a header is a few words long. */
const LONGEST_HEADER = 4096;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A member's text. The last line has its end, so that a reader of lines stays within the bytes. */
export interface Csv {
  readonly bytes: Uint8Array;
  /** Where the lines of data begin. */
  readonly from: number;
  /** Names of the columns, where the file has them. */
  readonly header: readonly string[] | undefined;
}

/** Where the line at `from` ends: the place of its LF. */
export function lineEnd(bytes: Uint8Array, from: number): number {
  const end = bytes.indexOf(LF, from);
  return end < 0 ? bytes.length : end;
}

/** The line at `from`, without its end. */
export function lineAt(bytes: Uint8Array, from: number): string {
  const end = lineEnd(bytes, from);
  return decoder.decode(bytes.subarray(from, end > from && bytes[end - 1] === CR ? end - 1 : end));
}

/** A field without what spreadsheets put around it: only to find out what it was meant to be. */
export const bare = (field: string): string => field.replace(/^\uFEFF/, "").replace(/^\s*"?|"?\s*$/g, "");

/** A buffer of its own class makes the loops over it slower, and a line without an end has them read past it. */
function withLastEnd(bytes: Uint8Array): Uint8Array {
  if (bytes.at(-1) === LF) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  const ended = new Uint8Array(bytes.length + 1);
  ended.set(bytes);
  ended[bytes.length] = LF;
  return ended;
}

function firstText(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === LF || bytes[at] === CR) at++;
  return at;
}

/**
 * Finds out whether the first line is a header: the name of the first column is. Whatever else stands there is data.
 * @param names of the columns that are read, in order; the columns behind them may have any name
 * @throws DataError `empty-archive` where there are no lines of data, `format-changed` where the header has the columns
 *   in other places
 */
export function openCsv(raw: Uint8Array, names: readonly string[], where: string): Csv {
  const bytes = withLastEnd(raw);
  const first = firstText(bytes, 0);
  const line = lineAt(bytes.subarray(0, Math.min(bytes.length, first + LONGEST_HEADER)), first);
  const header = line.split(",").map(bare);
  if (header[0] !== names[0]) {
    if (first < bytes.length) return { bytes, from: first, header: undefined };
    throw refusal("empty-archive", `${where} is an archive of an empty file.`);
  }
  if (header.some((name, i) => names.includes(name) && names[i] !== name)) throw formChanged(where, line);
  const from = firstText(bytes, lineEnd(bytes, first));
  if (from < bytes.length) return { bytes, from, header };
  throw refusal("empty-archive", `${where} has a header and no rows.`);
}

/** The lines of data that are not empty. For small files. */
export const linesOf = ({ bytes, from }: Csv): string[] =>
  decoder
    .decode(bytes.subarray(from))
    .split(/\r?\n/)
    .filter((line) => line !== "");
