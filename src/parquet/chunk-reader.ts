import { zstdDecompressSync } from "node:zlib";
import { fromInt64 } from "../core/int64.ts";
import type { ChunkPlace } from "./footer-reader.ts";
import { CODEC, ENCODING, PAGE, ROWS_PER_GROUP } from "./format.ts";
import { bitWidth, readHybrid } from "./hybrid.ts";
import { Malformed } from "./malformed.ts";
import { type Struct, ThriftReader } from "./thrift-reader.ts";

/** Bytes of an uncompressed page at most: a full row group's 64-bit values and levels. */
const LARGEST_PAGE = ROWS_PER_GROUP * 9;

interface Page {
  /** `DataPageHeader` or `DictionaryPageHeader`. */
  readonly header: Struct;
  /** Uncompressed. */
  readonly body: Uint8Array;
  /** Where the next page begins. */
  readonly end: number;
}

function decompress(stored: Uint8Array, size: number, codec: number): Uint8Array {
  if (size > LARGEST_PAGE) throw new Malformed(`it has a page of ${size} bytes`);
  let body = stored;
  if (codec === CODEC.zstd) body = zstdDecompressSync(stored, { chunkSize: size + 64, maxOutputLength: size + 64 });
  else if (codec !== CODEC.uncompressed) throw new Malformed(`it is compressed in another way (codec ${codec})`);
  if (body.length !== size) throw new Malformed("a page has another size than its header says");
  return body;
}

/** The page at `from`, which has to be of this type and encoding. */
function readPage(bytes: Uint8Array, from: number, place: ChunkPlace, type: number, encoding: number): Page {
  const reader = new ThriftReader(bytes, from, place.to);
  const page = reader.struct();
  if (page.count(1) !== type) throw new Malformed(`it has a page of type ${page.count(1)} in place of ${type}`);
  const header = page.struct(type === PAGE.dictionary ? 7 : 5);
  if (header.count(2) !== encoding) throw new Malformed(`it has a page in encoding ${header.count(2)}`);
  const end = reader.at + page.count(3);
  if (end > place.to) throw new Malformed("a page is cut");
  return { header, body: decompress(bytes.subarray(reader.at, end), page.count(2), place.codec), end };
}

function uint32(body: Uint8Array, at: number): number {
  if (at + 4 > body.length) throw new Malformed("a page is cut");
  return new DataView(body.buffer, body.byteOffset).getUint32(at, true);
}

interface Levels {
  /** 1 where there is a value; null when nothing is NULL. */
  readonly valid: Uint8Array | null;
  /** Where the values begin. */
  readonly at: number;
}

function readLevels(page: Page, rows: number): Levels {
  if (page.header.count(1) !== rows) throw new Malformed("a column has other rows than its row group");
  const at = 4 + uint32(page.body, 0);
  if (at > page.body.length) throw new Malformed("the levels of a page are cut");
  const valid = readHybrid(page.body, 4, at, 1, rows);
  return { valid: valid.includes(0) ? valid : null, at };
}

/** Values stand packed at the start of `into`; moves each to its row, from the last one on. NULL slots become 0. */
function spread(into: Float64Array, valid: Uint8Array, count: number): void {
  let next = count;
  for (let i = into.length - 1; i >= 0; i--) into[i] = valid[i] ? (into[--next] as number) : 0;
}

/**
 * Reads a column of doubles, or of 64-bit integers, into `into`, which has the row group's length.
 *
 * @returns 1 for a value and 0 for NULL by row; null when nothing is NULL
 * @throws Malformed
 */
export function readNumbers(
  bytes: Uint8Array,
  place: ChunkPlace,
  integers: boolean,
  into: Float64Array,
): Uint8Array | null {
  const page = readPage(bytes, place.from, place, PAGE.data, ENCODING.plain);
  const { valid, at } = readLevels(page, into.length);
  const count = valid ? valid.reduce((sum, level) => sum + level, 0) : into.length;
  if (page.body.length - at !== count * 8) throw new Malformed("a page has more or fewer values than rows");
  new Uint8Array(into.buffer, into.byteOffset, count * 8).set(page.body.subarray(at));
  const packed = into.subarray(0, count);
  if (integers && !fromInt64(packed)) throw new Malformed("an integer is beyond 2^53");
  if (!integers && packed.includes(Number.NaN)) throw new Malformed("a value is NaN");
  if (valid) spread(into, valid, count);
  return valid;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function readDictionary(page: Page): readonly string[] {
  const { body, header } = page;
  const words: string[] = [];
  for (let at = 0; at < body.length; ) {
    const from = at + 4;
    at = from + uint32(body, at);
    if (at > body.length) throw new Malformed("a word is cut");
    words.push(decoder.decode(body.subarray(from, at)));
  }
  if (words.length !== header.count(1)) throw new Malformed("a dictionary has other words than its header says");
  return words;
}

/**
 * Reads a column of text: the words and, for each of the `rows`, the place of its word among them.
 *
 * @throws Malformed
 */
export function readText(
  bytes: Uint8Array,
  place: ChunkPlace,
  rows: number,
): { words: readonly string[]; codes: Uint8Array } {
  const first = readPage(bytes, place.from, place, PAGE.dictionary, ENCODING.plain);
  const words = readDictionary(first);
  const page = readPage(bytes, first.end, place, PAGE.data, ENCODING.rleDictionary);
  const { valid, at } = readLevels(page, rows);
  if (valid) throw new Malformed("text is NULL");
  const width = page.body[at];
  if (width !== bitWidth(words.length)) throw new Malformed("the codes of a text column have another width");
  const codes = readHybrid(page.body, at + 1, page.body.length, width, rows);
  if (codes.some((code) => code >= words.length)) throw new Malformed("a code of a text column has no word");
  return { words, codes };
}
