import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { zstd } from "../../src/parquet/zstd.ts";

const params = { [constants.ZSTD_c_compressionLevel]: -2 };

/** Bytes in which there is something to find: words of a few kinds, in an order of their own. */
const page = fc
  .tuple(fc.uint8Array({ minLength: 8, maxLength: 64 }), fc.array(fc.nat(6), { maxLength: 3_000 }))
  .map(([words, order]) => Buffer.concat(order.map((at) => words.subarray(at, at + 2 + (at % 3)))));

test("a frame is the one that a compressor of its own makes, whatever was compressed before", () => {
  fc.assert(
    fc.property(fc.array(page, { minLength: 1, maxLength: 6 }), (pages) => {
      for (const bytes of pages) {
        const frame = zstd(bytes);
        assert.ok(Buffer.from(frame).equals(zstdCompressSync(bytes, { params })));
        assert.ok(zstdDecompressSync(frame).equals(bytes));
      }
    }),
  );
});

test("the largest page is one frame, and so are those after it", () => {
  const large = Buffer.alloc(1_048_580);
  for (let i = 0, seed = 1; i < large.length; i++) {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    large[i] = i % 8 < 5 ? seed >>> 8 : i >>> 12;
  }
  for (const bytes of [large, large.subarray(3, 700_000), large.subarray(0, 300), large]) {
    const frame = zstd(bytes);
    assert.ok(zstdDecompressSync(frame).equals(bytes));
    assert.ok(Buffer.from(frame).equals(zstdCompressSync(bytes, { params, chunkSize: 2 * bytes.length })));
  }
});

test("frames that were handed out stay as they are", () => {
  const [one, two] = [Buffer.alloc(400, "ab"), Buffer.alloc(9_000, "xyz")];
  const first = zstd(one);
  const copy = Buffer.from(first);
  zstd(two);
  assert.ok(copy.equals(first));
});
