import { crc32, deflateRawSync } from "node:zlib";

/** A member, and what the ZIP says of it: all that is left out is true. */
export interface Member {
  readonly name: string;
  readonly data: string | Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  readonly crc?: number;
  readonly size?: number;
  /** Bytes between the headers in place of the packed data. */
  readonly packed?: Uint8Array;
  readonly packedSize?: number;
  readonly extra?: Uint8Array;
  /** Where the directory says that the member begins. */
  readonly offset?: number;
  readonly disk?: number;
  /** What only the local header says. */
  readonly local?: Partial<Pick<Member, "name" | "method" | "flags" | "crc" | "size" | "packedSize">>;
  /** Sizes and CRC behind the data: with the signature, without it, or wrong. */
  readonly descriptor?: "signed" | "bare" | "wrong";
}

export interface Zip {
  readonly prefix?: Uint8Array;
  /** Between the last member and the directory. */
  readonly between?: Uint8Array;
  readonly suffix?: Uint8Array;
  readonly comment?: string;
  readonly count?: number;
  readonly directoryAt?: number;
  readonly directorySize?: number;
  readonly disk?: number;
}

const STREAMED = 1 << 3;

const half = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [i, value] of values.entries()) bytes.writeUInt16LE(value & 0xffff, i * 2);
  return bytes;
};

const word = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, i * 4);
  return bytes;
};

/** What local header and directory have in common, from the version on. */
const shared = (member: Required<Pick<Member, "flags" | "method" | "crc" | "packedSize" | "size">>): Buffer =>
  Buffer.concat([half(20, member.flags, member.method, 0, 0x5021), word(member.crc, member.packedSize, member.size)]);

function parts(member: Member, at: number): { readonly body: Buffer; readonly entry: Buffer } {
  const data = Buffer.from(member.data);
  const method = member.method ?? 8;
  const packed = member.packed ?? (method === 8 ? deflateRawSync(data) : data);
  const facts = {
    flags: member.flags ?? (member.descriptor ? STREAMED : 0),
    method,
    crc: member.crc ?? crc32(data),
    packedSize: member.packedSize ?? packed.length,
    size: member.size ?? data.length,
  };
  const unknown = member.descriptor ? { crc: 0, packedSize: 0, size: 0 } : {};
  const name = Buffer.from(member.name);
  const localName = Buffer.from(member.local?.name ?? member.name);
  const extra = Buffer.from(member.extra ?? []);
  const descriptor = word(facts.crc, facts.packedSize, facts.size + (member.descriptor === "wrong" ? 1 : 0));
  const body = Buffer.concat([
    word(0x04034b50),
    shared({ ...facts, ...unknown, ...member.local }),
    half(localName.length, extra.length),
    localName,
    extra,
    packed,
    member.descriptor === "bare" || !member.descriptor ? Buffer.alloc(0) : word(0x08074b50),
    member.descriptor ? descriptor : Buffer.alloc(0),
  ]);
  const entry = Buffer.concat([
    word(0x02014b50),
    half(20),
    shared(facts),
    half(name.length, 0, 0, member.disk ?? 0, 0),
    word(0, member.offset ?? at),
    name,
  ]);
  return { body, entry };
}

/** A ZIP of these members, right where nothing else is asked for. */
export function zipOf(members: readonly Member[], zip: Zip = {}): Buffer {
  const bodies: Buffer[] = [];
  const entries: Buffer[] = [];
  let at = 0;
  for (const member of members) {
    const { body, entry } = parts(member, at);
    bodies.push(body);
    entries.push(entry);
    at += body.length;
  }
  const between = Buffer.from(zip.between ?? []);
  const directory = Buffer.concat(entries);
  const comment = Buffer.from(zip.comment ?? "");
  const count = zip.count ?? members.length;
  return Buffer.concat([
    zip.prefix ?? Buffer.alloc(0),
    ...bodies,
    between,
    directory,
    word(0x06054b50),
    half(zip.disk ?? 0, 0, count, count),
    word(zip.directorySize ?? directory.length, zip.directoryAt ?? at + between.length),
    half(comment.length),
    comment,
    zip.suffix ?? Buffer.alloc(0),
  ]);
}
