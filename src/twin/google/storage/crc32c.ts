/** Castagnoli's polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78;

/** Slicing by eight: table `k` is for a byte with `k` more behind it. */
const TABLES: readonly Uint32Array[] = tables();

function tables(): Uint32Array[] {
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    let sum = byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? POLYNOMIAL : 0);
    return sum;
  });
  const all = [first];
  for (let table = first; all.length < 8; all.push(table))
    table = table.map((sum) => (sum >>> 8) ^ at(first, sum & 0xff));
  return all;
}

function at(table: Uint32Array | undefined, index: number): number {
  return table?.[index] ?? 0;
}

/** CRC-32C of the bytes, as Cloud Storage spells it: base64 of the big-endian number. */
export function crc32c(bytes: Uint8Array): string {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.byteLength & ~7;
  let sum = 0xffffffff;
  for (let i = 0; i < whole; i += 8) {
    const low = view.getUint32(i, true) ^ sum;
    const high = view.getUint32(i + 4, true);
    sum =
      at(t7, low & 0xff) ^
      at(t6, (low >>> 8) & 0xff) ^
      at(t5, (low >>> 16) & 0xff) ^
      at(t4, low >>> 24) ^
      at(t3, high & 0xff) ^
      at(t2, (high >>> 8) & 0xff) ^
      at(t1, (high >>> 16) & 0xff) ^
      at(t0, high >>> 24);
  }
  for (const byte of bytes.subarray(whole)) sum = (sum >>> 8) ^ at(t0, (sum ^ byte) & 0xff);
  const result = Buffer.alloc(4);
  result.writeUInt32BE((sum ^ 0xffffffff) >>> 0);
  return result.toString("base64");
}
