import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { asOf } from "../../src/market/as-of.ts";

const ascending = fc
  .array(fc.integer({ min: 0, max: 200 }), { maxLength: 30 })
  .map((times) => Float64Array.from(times.sort((a, b) => a - b)));
const lives = fc.array(fc.nat({ max: 60 }), { minLength: 30, maxLength: 30 });

test("the last value at or before each time that is not too old, and none else", () => {
  fc.assert(
    fc.property(ascending, ascending, lives, (at, times, ttls) => {
      const found = asOf(at, times, (index) => ttls[index] as number);
      at.forEach((time, i) => {
        const known = [...times.keys()].filter((index) => (times[index] as number) <= time);
        const last = known.at(-1) ?? -1;
        const fresh = last >= 0 && time - (times[last] as number) <= (ttls[last] as number);
        assert.equal(found[i], fresh ? last : -1);
      });
    }),
  );
});

test("later values change nothing that was found before them", () => {
  fc.assert(
    fc.property(ascending, ascending, fc.nat({ max: 200 }), (at, times, cut) => {
      const before = times.filter((time) => time <= cut);
      const [all, some] = [asOf(at, times, () => 40), asOf(at, before, () => 40)];
      at.forEach((time, i) => {
        if (time <= cut) assert.equal(all[i], some[i]);
      });
    }),
  );
});

test("a value lives up to its time, and not a moment longer", () => {
  const found = asOf(Float64Array.of(99, 100, 150, 151), Float64Array.of(100), () => 50);
  assert.deepEqual([...found], [-1, 0, 0, -1]);
});

test("a fresh value hides an older one even where it does not live long", () => {
  const found = asOf(Float64Array.of(120), Float64Array.of(100, 110), (index) => [1000, 5][index] as number);
  assert.deepEqual([...found], [-1]);
});

test("no values, no answers; no questions, none either", () => {
  assert.deepEqual([...asOf(Float64Array.of(1, 2), Float64Array.of(), () => 10)], [-1, -1]);
  assert.deepEqual([...asOf(Float64Array.of(), Float64Array.of(1), () => 10)], []);
});
