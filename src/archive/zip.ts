import { crc32, inflateRawSync } from "node:zlib";
import { type ArchiveFile, archiveStem } from "../core/archive-file.ts";
import { plausibleSize } from "../core/archive-size.ts";
import { mislabelled, refusal, sample } from "./refusal.ts";
import { type Entry, onlyEntry } from "./zip-entry.ts";

const STORED = 0;
/** Method of a packed member: APPNOTE.TXT, 4.4.5. */
export const DEFLATED = 8;

/** Room behind the known size, from which inflating tells that there is more. */
const ROOM = 64;

/** `SYMBOL-what-date.csv`, whatever they are. */
const MEMBER = /^[^-]+-[^-]+-\d{4}-\d{2}(?:-\d{2})?\.csv$/i;

function demandName(name: string, file: ArchiveFile, where: string): void {
  const expected = `${archiveStem(file)}.csv`;
  if (name === expected) return;
  if (/[/\\\0]|^\.+$|^[a-z]:/i.test(name)) {
    throw refusal("zip-path", `${where} has a member whose name is a path: ${sample(name)}.`);
  }
  if (MEMBER.test(name)) throw mislabelled(where, `it holds ${sample(name)} in place of ${expected}`);
  throw refusal("zip-name", `${where} has a member of a strange name: ${sample(name)} in place of ${expected}.`);
}

function unpack({ method, packed, size }: Entry, where: string): Uint8Array {
  if (method === STORED) return packed;
  if (method !== DEFLATED) throw refusal("zip-method", `${where} is packed in a way that is not known (${method}).`);
  try {
    return inflateRawSync(packed, { chunkSize: size + ROOM, maxOutputLength: size + ROOM });
  } catch (error) {
    if (error instanceof RangeError)
      throw bomb(where, `unpacks to more than the ${size} bytes that it declares`, error);
    throw refusal("bad-zip", `${where} is damaged: its data cannot be unpacked.`, error);
  }
}

const bomb = (where: string, why: string, cause?: unknown) => refusal("zip-bomb", `${where} ${why}.`, cause);

/**
 * The bytes of a file's only member, which has to be the one that the file's name promises. Never takes more memory
 * than a file of this kind and span can need.
 * @param where names the file in messages
 * @throws DataError
 */
export function onlyMember(zip: Uint8Array, file: ArchiveFile, where: string): Uint8Array {
  const entry = onlyEntry(zip, where);
  const { name, size, crc } = entry;
  demandName(name, file, where);
  const most = plausibleSize(file);
  if (size > most) throw bomb(where, `declares ${size} bytes, and ${most} are the most that it can need`);
  const member = unpack(entry, where);
  if (member.length > size) throw bomb(where, `unpacks to more than the ${size} bytes that it declares`);
  if (member.length < size)
    throw refusal("bad-zip", `${where} unpacks to ${member.length} bytes and declares ${size}.`);
  if (crc32(member) !== crc) throw refusal("zip-crc", `${where} is damaged: its CRC-32 is not that of its data.`);
  return member;
}
