import { crc32, deflateRawSync } from "node:zlib";

// The ZIP format as PKWARE's APPNOTE.TXT has it: local headers (4.3.7), central directory (4.3.12) and its end (4.3.16).

export interface Member {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A member as it lies in the file. Nothing here checks that the parts fit: faults want some that do not. */
export interface PackedMember {
  readonly name: string;
  readonly packed: Uint8Array;
  /** Of the bytes that it unpacks to. */
  readonly crc: number;
  readonly size: number;
}

const LOCAL = 0x04034b50;
const ENTRY = 0x02014b50;
const END = 0x06054b50;
const VERSION = 20;
const DEFLATED = 8;
/** Every member is of 2020-01-01 00:00, so that the same members are the same bytes whenever they are packed. */
const TIME = 0;
const DATE = ((2020 - 1980) << 9) | (1 << 5) | 1;
/** The quickest: a month of minutes is packed while somebody waits for it. */
const LEVEL = 1;

export const zipOf = (members: readonly Member[]): Buffer =>
  packedZip(
    members.map(({ name, bytes }) => ({
      name,
      packed: deflateRawSync(bytes, { level: LEVEL }),
      crc: crc32(bytes),
      size: bytes.byteLength,
    })),
  );

export function packedZip(members: readonly PackedMember[]): Buffer {
  const [locals, entries]: [Uint8Array[], Uint8Array[]] = [[], []];
  let offset = 0;
  for (const member of members) {
    const name = Buffer.from(member.name);
    const local = Buffer.concat([words(LOCAL), halves(VERSION), common(member, name.length), name]);
    locals.push(local, member.packed);
    // No comment, first disk, no attributes.
    const rest = Buffer.concat([halves(0, 0, 0), words(0, offset)]);
    entries.push(words(ENTRY), halves(VERSION, VERSION), common(member, name.length), rest, name);
    offset += local.length + member.packed.length;
  }
  const directory = Buffer.concat(entries);
  const count = members.length;
  const end = [words(END), halves(0, 0, count, count), words(directory.length, offset), halves(0)];
  return Buffer.concat([...locals, directory, ...end]);
}

/** What the local header and the directory's entry both have: flags to the length of the extra field. */
const common = ({ packed, crc, size }: PackedMember, name: number): Buffer =>
  Buffer.concat([halves(0, DEFLATED, TIME, DATE), words(crc, packed.length, size), halves(name, 0)]);

function halves(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, i) => void bytes.writeUInt16LE(value, 2 * i));
  return bytes;
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => void bytes.writeUInt32LE(value, 4 * i));
  return bytes;
}
