// The RLE / bit-packing hybrid of Parquet (parquet-format, Encodings.md, "Run Length Encoding / Bit-Packing Hybrid"):
// definition levels (one bit) and dictionary codes (eight bits at most).

import { Malformed } from "./malformed.ts";

/** Bits that codes below `size` need; one at least, because not every reader knows codes of no bits. */
export const bitWidth = (size: number): number => Math.max(1, 32 - Math.clz32(size - 1));

function putVarint(to: Uint8Array, at: number, value: number): number {
  let rest = value;
  let next = at;
  while (rest >= 0x80) {
    to[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  to[next++] = rest;
  return next;
}

/** Bytes that `putRun` and `putPacked` write at most. */
export const hybridBound = (count: number, width: number): number => 6 + Math.ceil(count / 8) * width;

/** One value, `count` times. Returns the place after it. */
export function putRun(to: Uint8Array, at: number, value: number, count: number): number {
  const next = putVarint(to, at, count << 1);
  to[next] = value;
  return next + 1;
}

/** Values of `width` bits, the last group of eight filled up with zeros. Returns the place after them. */
export function putPacked(to: Uint8Array, at: number, values: Uint8Array, width: number): number {
  const groups = Math.ceil(values.length / 8);
  let next = putVarint(to, at, (groups << 1) | 1);
  const end = next + groups * width;
  let bits = 0;
  let held = 0;
  for (let i = 0; i < values.length; i++) {
    held |= (values[i] as number) << bits;
    bits += width;
    while (bits >= 8) {
      to[next++] = held;
      held >>>= 8;
      bits -= 8;
    }
  }
  if (bits > 0) to[next++] = held;
  to.fill(0, next, end);
  return end;
}

/**
 * Reads `count` values of `width` bits (eight at most) from `[at, end)`.
 *
 * @throws Malformed where the bytes end too early or a run goes on beyond `count`
 */
export function readHybrid(from: Uint8Array, at: number, end: number, width: number, count: number): Uint8Array {
  const values = new Uint8Array(count);
  const mask = (1 << width) - 1;
  let next = at;
  let filled = 0;
  while (filled < count) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      if (next >= end || shift > 28) throw new Malformed("a run of levels or codes is cut");
      const byte = from[next++] as number;
      header += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    const size = Math.floor(header / 2);
    if (size === 0) throw new Malformed("a run of levels or codes is empty");
    if (header % 2 === 0) {
      const value = from[next++] as number;
      if (size > count - filled || next > end || value > mask) throw new Malformed("a run of levels or codes is wrong");
      values.fill(value, filled, filled + size);
      filled += size;
    } else {
      const last = next + size * width;
      if (last > end || size * 8 >= count - filled + 8) throw new Malformed("a run of levels or codes is too long");
      let bits = 0;
      let held = 0;
      for (const until = Math.min(count, filled + size * 8); filled < until; filled++) {
        if (bits < width) {
          held |= (from[next++] as number) << bits;
          bits += 8;
        }
        values[filled] = held & mask;
        held >>>= width;
        bits -= width;
      }
      next = last;
    }
  }
  return values;
}
