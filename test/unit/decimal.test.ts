import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Scanner } from "../../src/sources/binance/scanner.ts";

const read = (text: string) => {
  const scanner = new Scanner(Buffer.from(text));
  return { value: scanner.decimal(), at: scanner.at };
};

const digits = (random: () => number, count: number) => {
  let text = "";
  for (let i = 0; i < count; i++) text += Math.floor(random() * 10);
  return text;
};

/** Seeded, so that a failure can be repeated. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe("decimal text", () => {
  it("is read as Number() reads it, for a million texts of all lengths", () => {
    const random = mulberry(7);
    for (let i = 0; i < 1_000_000; i++) {
      const whole = digits(random, 1 + Math.floor(random() * 14));
      const decimals = Math.floor(random() * 12);
      const text = `${random() < 0.1 ? "-" : ""}${whole}${decimals > 0 ? `.${digits(random, decimals)}` : ""}`;
      const { value, at } = read(text);
      if (!Object.is(value, Number(text)) || at !== text.length) assert.fail(`${text}: ${value} up to ${at}`);
    }
  });

  it("is rounded correctly beyond 2^53 and 10^22", () => {
    const anyDigits = fc.stringMatching(/^[0-9]{1,40}$/);
    fc.assert(
      fc.property(anyDigits, anyDigits, (whole, decimals) => {
        const text = `${whole}.${decimals}`;
        assert.ok(Object.is(read(text).value, Number(text)), text);
      }),
      { numRuns: 20_000 },
    );
    for (const text of [
      "9007199254740991",
      "9007199254740992",
      "9007199254740993",
      "90071992547409.93",
      "0.1",
      "-0.0",
    ]) {
      assert.ok(Object.is(read(text).value, Number(text)), text);
    }
  });

  it("stops at the first byte that does not belong to it", () => {
    assert.deepEqual(read('12.50",'), { value: 12.5, at: 5 });
    assert.deepEqual(read("1.2.3"), { value: 1.2, at: 3 });
  });

  it("is not found in anything else", () => {
    for (const text of ["", "-", ".5", "5.", "-.5", "+1", "NaN", "Infinity", " 1", "e5"]) {
      assert.deepEqual(read(text), { value: Number.NaN, at: 0 }, text);
    }
  });

  it("is whole where a whole number is wanted", () => {
    const whole = (text: string) => new Scanner(Buffer.from(text)).integer();
    assert.equal(whole("1765123200000,"), 1765123200000);
    for (const text of ["", "-1", ".1", "x", "9007199254740993"]) assert.equal(whole(text), Number.NaN, text);
  });
});
