import { inflateRawSync } from "node:zlib";
import { DataError } from "../../core/errors.ts";

const DIRECTORY_END = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const STORED = 0;
const DEFLATED = 8;

/**
 * The bytes of the only member of a ZIP archive, as the bulk archive has them.
 * @throws DataError
 */
export function onlyMember(zip: Buffer, name: string): Buffer {
  // A ZIP is read from its end: the record there says where the directory is.
  const end = zip.lastIndexOf(littleEndian(DIRECTORY_END));
  const entry = end < 0 ? -1 : zip.readUInt32LE(end + 16);
  if (entry < 0 || zip.readUInt16LE(end + 10) !== 1 || zip.readUInt32LE(entry) !== DIRECTORY_ENTRY) {
    throw badZip(name, "is no ZIP with one member");
  }
  const method = zip.readUInt16LE(entry + 10);
  const header = zip.readUInt32LE(entry + 42);
  const start = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28);
  const packed = zip.subarray(start, start + zip.readUInt32LE(entry + 20));
  if (method === STORED) return packed;
  if (method !== DEFLATED) throw badZip(name, `is packed with method ${method}`);
  try {
    return inflateRawSync(packed);
  } catch (error) {
    throw badZip(name, `is damaged: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const littleEndian = (word: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(word);
  return bytes;
};

const badZip = (name: string, why: string): DataError =>
  new DataError("bad-zip", `${name} ${why}.`, "candlelake twin --help");
