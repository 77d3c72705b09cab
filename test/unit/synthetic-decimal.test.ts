import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AsciiWriter } from "../../src/sources/synthetic/ascii-writer.ts";
import { decimalValue, LIMB, wideValue } from "../../src/sources/synthetic/decimal.ts";

const written = (write: (out: AsciiWriter) => void): string => {
  const out = new AsciiWriter();
  write(out);
  return out.bytes().toString("latin1");
};

/** The same text, the slow way. */
function decimalText(units: bigint, decimals: number, places: number): string {
  const digits = units.toString().padStart(decimals + 1, "0");
  const [whole, fraction] = [digits.slice(0, digits.length - decimals), digits.slice(digits.length - decimals)];
  return places === 0 ? whole : `${whole}.${fraction.padEnd(places, "0")}`;
}

const wholeNumber = fc.oneof(fc.maxSafeNat(), fc.nat(1000), fc.constantFrom(0, 1e8 - 1, 1e8, 1e16 / 2, 2 ** 53 - 1));
const decimals = fc.integer({ min: 0, max: 8 });

test("whole numbers and decimals are written as texts of them would be", () => {
  fc.assert(
    fc.property(wholeNumber, decimals, fc.nat(3), (units, places, more) => {
      assert.equal(
        written((out) => out.whole(units)),
        String(units),
      );
      assert.equal(
        written((out) => out.decimal(units, places, places + more)),
        decimalText(BigInt(units), places, places + more),
      );
    }),
  );
});

test("numbers in two limbs are written whole and read as the nearest double", () => {
  fc.assert(
    fc.property(fc.nat(1_000_000_000), fc.integer({ min: 0, max: LIMB - 1 }), decimals, (high, low, places) => {
      const text = decimalText(BigInt(high) * BigInt(LIMB) + BigInt(low), places, places);
      assert.equal(
        written((out) => out.wide(high, low, places, places)),
        text,
      );
      assert.equal(wideValue(high, low, places), Number(text));
    }),
    { numRuns: 1_000 },
  );
});

test("a decimal's double is the one nearest to its text", () => {
  fc.assert(
    fc.property(wholeNumber, decimals, (units, places) => {
      assert.equal(decimalValue(units, places), Number(decimalText(BigInt(units), places, places)));
    }),
    { numRuns: 1_000 },
  );
});

test("a writer grows", () => {
  const text = "0123456789".repeat(50);
  assert.equal(
    written((out) => {
      for (let i = 0; i < 100; i++) out.text(text);
    }),
    text.repeat(100),
  );
});
