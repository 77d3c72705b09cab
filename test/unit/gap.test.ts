import assert from "node:assert/strict";
import { test } from "node:test";
import { type Gap, joinGaps } from "../../src/core/gap.ts";

const gap = (from: number, to: number, name: Gap["class"] = "unknown"): Gap => ({
  from,
  to,
  class: name,
  bars: to - from,
});

test("gaps of one class that touch become one, and their rows are counted together", () => {
  assert.deepEqual(joinGaps([gap(0, 2), gap(2, 3), gap(3, 7)]), [gap(0, 7)]);
});

test("gaps that do not touch, or are of two classes, stay apart", () => {
  const apart = [gap(0, 2), gap(3, 4), gap(4, 6, "exchange-halt"), gap(6, 7)];
  assert.deepEqual(joinGaps(apart), apart);
});

test("nothing joined is nothing", () => {
  assert.deepEqual(joinGaps([]), []);
});
