/** 2^32, the weight of the upper word. */
const UPPER = 0x1_0000_0000;

/** Safe integers have an upper word in `[-2^21, 2^21)`. */
const UPPER_LIMIT = 0x20_0000;

/**
 * Whole doubles as 64-bit integers, little-endian, two's complement: two 32-bit words each, because a BigInt per value
 * would cost more than everything else that is done to it.
 *
 * @param values whole numbers between -2^53 and 2^53
 * @param words where they are put, two for each value, the lower one first
 */
export function toInt64(
  values: Float64Array,
  words: Uint32Array<ArrayBuffer> = new Uint32Array(values.length * 2),
): Uint32Array<ArrayBuffer> {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const upper = Math.floor(value / UPPER);
    words[2 * i] = value - upper * UPPER;
    words[2 * i + 1] = upper;
  }
  return words;
}

/**
 * The way back, in place: the memory of `values` holds 64-bit integers and then the doubles equal to them.
 *
 * @returns false where one of them is not a safe integer, that is, no double stands for it alone
 */
export function fromInt64(values: Float64Array): boolean {
  const lower = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const upper = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  let safe = true;
  for (let i = 0; i < values.length; i++) {
    const high = upper[2 * i + 1] as number;
    if (high >= UPPER_LIMIT || high < -UPPER_LIMIT) safe = false;
    values[i] = high * UPPER + (lower[2 * i] as number);
  }
  return safe;
}
