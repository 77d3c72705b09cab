import { refusal } from "./refusal.ts";

// Records of a ZIP as PKWARE's APPNOTE.TXT has them: local header (4.3.7), data descriptor (4.3.9), central directory
// (4.3.12) and its end (4.3.16). All numbers are little-endian.

const LOCAL = 0x04034b50;
const DESCRIPTOR = 0x08074b50;
const DIRECTORY = 0x02014b50;
const END = 0x06054b50;

const LOCAL_SIZE = 30;
const DIRECTORY_SIZE = 46;
const END_SIZE = 22;
const LONGEST_COMMENT = 0xffff;

/** 4.4.4: encrypted, strongly encrypted, with a masked local header. */
const ENCRYPTED = (1 << 0) | (1 << 6) | (1 << 13);
/** 4.4.4: sizes and CRC stand behind the data; the writer did not know them when it began. */
const STREAMED = 1 << 3;
/** 4.4.4: how hard deflate tried, names in UTF-8. They change nothing for us. */
const HARMLESS = (1 << 1) | (1 << 2) | STREAMED | (1 << 11);

const NO_HALF = 0xffff;
const NO_WORD = 0xffff_ffff;

/** The only member of a ZIP, as its directory has it. */
export interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  /** Bytes that it unpacks to, as declared. */
  readonly size: number;
  readonly packed: Uint8Array;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

const bad = (where: string, why: string) => refusal("bad-zip", `${where} ${why}.`);

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The end record's place: the last signature whose comment reaches exactly to the end of the file. */
function findEnd(zip: DataView, where: string): number {
  const last = zip.byteLength - END_SIZE;
  for (let at = last; at >= Math.max(0, last - LONGEST_COMMENT); at--) {
    if (zip.getUint32(at, true) === END && at + END_SIZE + zip.getUint16(at + 20, true) === zip.byteLength) return at;
  }
  throw strange(zip, where);
}

/** What bytes are that do not end like a ZIP. */
function strange(zip: DataView, where: string) {
  const size = zip.byteLength;
  if (size === 0) return bad(where, "is empty");
  const text = decoder.decode(new Uint8Array(zip.buffer, zip.byteOffset, Math.min(size, 64)));
  if (/^\uFEFF?\s*</.test(text)) return refusal("html-body", `${where} is a page for browsers and no ZIP.`);
  if (size >= 4 && zip.getUint32(0, true) === LOCAL) return bad(where, `does not end like a ZIP, after ${size} bytes`);
  return bad(where, "is no ZIP");
}

/** Where the directory's only entry begins. */
function findDirectory(zip: DataView, where: string): { readonly from: number; readonly to: number } {
  const end = findEnd(zip, where);
  const half = (offset: number) => zip.getUint16(end + offset, true);
  const word = (offset: number) => zip.getUint32(end + offset, true);
  const [disk, firstDisk, here, total] = [half(4), half(6), half(8), half(10)];
  const [size, from] = [word(12), word(16)];
  if ([disk, firstDisk, here, total].includes(NO_HALF) || [size, from].includes(NO_WORD)) throw zip64(where);
  if (disk !== 0 || firstDisk !== 0 || here !== total) throw bad(where, "is one part of a ZIP in several files");
  if (total !== 1) throw refusal("zip-members", `${where} has ${total} members in place of one.`);
  if (from + size !== end) throw bad(where, "has its directory in another place than it says");
  if (size < DIRECTORY_SIZE || zip.getUint32(from, true) !== DIRECTORY) throw bad(where, "has no directory");
  return { from, to: end };
}

const zip64 = (where: string) => refusal("zip64", `${where} is a Zip64 archive, which no file of this size has to be.`);

/** What local header and directory both say of a member. */
function facts(zip: DataView, at: number) {
  return {
    flags: zip.getUint16(at, true),
    method: zip.getUint16(at + 2, true),
    crc: zip.getUint32(at + 8, true),
    packed: zip.getUint32(at + 12, true),
    size: zip.getUint32(at + 16, true),
    name: zip.getUint16(at + 20, true),
    extra: zip.getUint16(at + 22, true),
  };
}

type Facts = ReturnType<typeof facts>;

const sameSizes = (a: Facts, b: Facts): boolean => a.crc === b.crc && a.packed === b.packed && a.size === b.size;

/** Whether the bytes between data and directory are what they may be: nothing, or behind streamed data a descriptor. */
function endsWell(zip: DataView, from: number, to: number, entry: Facts): boolean {
  if ((entry.flags & STREAMED) === 0) return from === to;
  const at = to - from === 16 && zip.getUint32(from, true) === DESCRIPTOR ? from + 4 : from;
  const [crc, packed, size] = [0, 4, 8].map((offset) => (to - at === 12 ? zip.getUint32(at + offset, true) : -1));
  return crc === entry.crc && packed === entry.packed && size === entry.size;
}

/**
 * Finds the only member. Directory and local header have to agree, and the ZIP may have no byte that belongs to
 * neither them nor the member: a file that two readers understand in two ways is taken by none.
 * @throws DataError `bad-zip`, `html-body`, `zip64`, `zip-members`, `zip-encrypted`, `zip-method`
 */
export function onlyEntry(bytes: Uint8Array, where: string): Entry {
  const zip = view(bytes);
  const directory = findDirectory(zip, where);
  const entry = facts(zip, directory.from + 8);
  const comment = zip.getUint16(directory.from + 32, true);
  const nameAt = directory.from + DIRECTORY_SIZE;
  if (nameAt + entry.name + entry.extra + comment !== directory.to) throw bad(where, "has more in its directory");
  if ((entry.flags & ENCRYPTED) !== 0) throw refusal("zip-encrypted", `${where} is encrypted.`);
  if ((entry.flags & ~HARMLESS) !== 0) throw bad(where, `has flags that are not known (${entry.flags})`);
  const offset = zip.getUint32(directory.from + 42, true);
  if ([entry.packed, entry.size, offset].includes(NO_WORD)) throw zip64(where);
  if (zip.getUint16(directory.from + 34, true) !== 0 || offset !== 0)
    throw bad(where, "does not begin with its member");
  if (directory.from < LOCAL_SIZE || zip.getUint32(0, true) !== LOCAL) throw bad(where, "has no local header");
  const local = facts(zip, 6);
  const from = LOCAL_SIZE + local.name + local.extra;
  const to = from + entry.packed;
  if (to > directory.from) throw bad(where, "has less data than it says");
  const name = bytes.subarray(nameAt, nameAt + entry.name);
  const localName = bytes.subarray(LOCAL_SIZE, LOCAL_SIZE + local.name);
  const isStreamed = (entry.flags & STREAMED) !== 0;
  // A writer that did not know the sizes wrote zeros.
  const unknown = isStreamed && local.crc === 0 && local.packed === 0 && local.size === 0;
  if (
    local.flags !== entry.flags ||
    local.method !== entry.method ||
    !(unknown || sameSizes(local, entry)) ||
    Buffer.compare(name, localName) !== 0
  ) {
    throw bad(where, "says one thing in its local header and another in its directory");
  }
  if (!endsWell(zip, to, directory.from, entry)) throw bad(where, "has bytes that belong to nothing");
  return {
    name: decoder.decode(name),
    method: entry.method,
    crc: entry.crc,
    size: entry.size,
    packed: bytes.subarray(from, to),
  };
}
