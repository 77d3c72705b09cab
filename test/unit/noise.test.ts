import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { isNoise } from "../../src/parquet/noise.ts";

/** Seeded, so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const made = (count: number, value: (draw: () => number, i: number) => number): Float64Array => {
  const draw = random(7);
  return Float64Array.from({ length: count }, (_, i) => value(draw, i));
};

const share = (values: Float64Array): number =>
  zstdCompressSync(new Uint8Array(values.buffer)).length / values.byteLength;

const amounts = made(1440, (draw) => Number((draw() ** 3 * 50).toFixed(5)));

describe("noise", () => {
  test("traded amounts are: compressing them saves next to nothing", () => {
    assert.ok(isNoise(amounts));
    assert.ok(share(amounts) > 0.8, String(share(amounts)));
  });

  for (const [what, values] of [
    ["prices", made(1440, (draw, i) => Number((60_000 + Math.sin(i / 100) * 300 + draw() * 9).toFixed(2)))],
    ["whole numbers", made(1440, (draw) => Math.floor(draw() * 90_000))],
    ["zeros", new Float64Array(1440)],
    ["amounts of a market in which most minutes pass without a trade", amounts.map((value, i) => (i % 3 ? 0 : value))],
  ] as const) {
    test(`${what} are not: compressing them saves a good part`, () => {
      assert.ok(!isNoise(values));
      assert.ok(share(values) < 0.75, String(share(values)));
    });
  }

  test("of a few values nothing is said, and the answer depends on nothing but them", () => {
    assert.ok(!isNoise(amounts.subarray(0, 24)));
    const moved = new Float64Array(1500);
    moved.set(amounts, 60);
    assert.ok(isNoise(moved.subarray(60, 1500)));
  });
});
