import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR } from "../../src/core/time.ts";
import { isHead, isTail } from "../../src/market/month-edges.ts";

const APRIL = Date.UTC(2026, 3, 1);
const hole = (from: number, to: number, bars = 1) => ({ from, to, class: "unknown", bars }) as const;

test("a hole at a month's end may be none as long as the longest interval reaches over it", () => {
  const tail = (hours: number, ...times: readonly number[]) =>
    isTail(
      hole(APRIL - hours * HOUR, APRIL),
      times.map((time) => APRIL - time * HOUR),
    );
  assert.equal(tail(4, 16, 8), true);
  assert.equal(tail(7, 8), true);
  assert.equal(tail(7, 11), false, "something took place within eight hours");
  assert.equal(tail(8, 9), false);
  assert.equal(tail(24), false, "the last event is of another day");
  const [late, early] = [APRIL - 8 * HOUR + 7, APRIL - 8 * HOUR - 2];
  for (const stamp of [late, early]) assert.equal(isTail(hole(APRIL - 4 * HOUR, APRIL), [stamp]), true);
  assert.equal(
    isTail(hole(APRIL - 4 * HOUR, APRIL), [APRIL - 16 * HOUR, APRIL - HOUR]),
    false,
    "one behind it tells nothing",
  );
});

test("is no such one within the month, nor where nobody knows of any event", () => {
  const within = (by: number) => isTail(hole(APRIL - by - 4 * HOUR, APRIL - by), [APRIL - by - 8 * HOUR]);
  assert.deepEqual([within(0), within(DAY), within(4 * HOUR)], [true, false, false]);
  assert.equal(isTail(hole(APRIL - DAY, APRIL, 0), [APRIL - DAY - HOUR]), false);
});

test("only a hole from the month's first instant on is one at its beginning", () => {
  assert.equal(isHead(hole(APRIL, APRIL + 8 * HOUR)), true);
  assert.equal(isHead(hole(APRIL, APRIL + DAY, 0)), false);
  assert.equal(isHead(hole(APRIL + DAY, APRIL + DAY + 8 * HOUR)), false);
});
