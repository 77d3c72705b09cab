import assert from "node:assert/strict";
import { test } from "node:test";
import type { Gap } from "../../src/core/gap.ts";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import { check, fillGaps } from "../../src/market/check.ts";
import { holeWithin, unfilled } from "../../src/market/event-gaps.ts";
import { reconcile } from "../../src/market/reconcile.ts";
import { received } from "../fakes/rows.ts";
import { funding } from "../fakes/series.ts";

const day = Date.UTC(2025, 0, 1);
const hole = (from: number, to: number, bars: number, kind: Gap["class"] = "unknown"): Gap => ({
  from: day + from * HOUR,
  to: day + to * HOUR,
  class: kind,
  bars,
});
const dayAt = (index: number) => ({ from: day + index * DAY, to: day + (index + 1) * DAY });
const left = (gap: Gap, ...hours: readonly number[]) =>
  unfilled(
    gap,
    hours.map((hour) => day + hour * HOUR + 7),
  );

test("a hole over days is cut at midnights, each with its own events", () => {
  const ten = hole(16, 64, 6);
  assert.deepEqual(
    [0, 1, 2, 3].map((index) => holeWithin(ten, dayAt(index))),
    [hole(16, 24, 1), hole(24, 48, 3), hole(48, 64, 2), undefined],
  );
  assert.equal(holeWithin(hole(20, 28, 1), dayAt(1)), undefined, "its event was the day before's");
});

test("a day that begins with the symbol's first event begins within its hour", () => {
  const begun = { from: day + 8 * HOUR + 3, to: day + DAY };
  assert.deepEqual(holeWithin(hole(8, 16, 1), begun), { ...hole(8, 16, 1), from: begun.from });
});

test("events fill the place that each has in a hole", () => {
  const three = hole(0, 24, 3);
  assert.deepEqual(left(three), [three]);
  assert.deepEqual(left(three, 0, 8, 16), []);
  assert.deepEqual(left(three, 8), [hole(0, 8, 1), hole(16, 24, 1)]);
  assert.deepEqual(left(three, 0), [hole(8, 24, 2)]);
  assert.deepEqual(left(three, 0, 4, 8, 12, 16, 20), [], "events of a shorter interval");
  assert.deepEqual(left(three, -8, 24), [three]);
  assert.deepEqual(left(hole(0, 24, 0, "not-published"), 8), []);
  assert.deepEqual(left(hole(0, 24, 0, "not-published")), [hole(0, 24, 0, "not-published")]);
});

test("a check tells of holes in its day, and not of those that events or refused rows fill", () => {
  const missing = [hole(8, 48, 5)];
  const of = (hours: readonly number[], broken: readonly number[] = []) => {
    const rows = received(
      funding(),
      hours.map((hour) => ({ time: day + hour * HOUR + 5 })),
      { broken: broken.map((hour) => ({ time: day + hour * HOUR, reason: "shape", evidence: "{}" })) },
    );
    return check(funding(), { ...rows, missing }, dayAt(0)).gaps;
  };
  assert.deepEqual(of([0]), [hole(8, 24, 2)]);
  assert.deepEqual(of([0, 16]), [hole(8, 16, 1)]);
  const at16 = { from: day + 16 * HOUR, to: day + 16 * HOUR + 1, class: "quarantined" as const, bars: 1 };
  assert.deepEqual(of([0, 8], [16]), [at16]);
});

test("two sources together lack what neither has", () => {
  const version = (source: string, hours: readonly number[], missing: readonly Gap[]) => {
    const rows = received(
      funding(),
      hours.map((hour) => ({ time: day + hour * HOUR })),
    );
    return { source, checked: check(funding(), { ...rows, missing }, dayAt(0)) };
  };
  const { checked } = reconcile(
    funding(),
    version("rest", [8], []),
    version("archive", [0], [hole(8, 24, 2)]),
    dayAt(0),
    undefined,
  );
  assert.deepEqual([checked.batch.rows, checked.gaps], [2, [hole(16, 24, 1)]]);
});

test("rows that are kept fill their places", () => {
  const kept = new Set([day + 8 * HOUR + 20]);
  assert.deepEqual(fillGaps(funding(), [hole(8, 24, 2, "not-fetched")], kept), [hole(16, 24, 1, "not-fetched")]);
  assert.deepEqual(fillGaps(funding(), [hole(8, 24, 2)], new Set([day + 30 * MINUTE])), [hole(8, 24, 2)]);
});
