import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { HOUR } from "../../src/core/time.ts";
import { type Checked, check } from "../../src/market/check.ts";
import { reconcile } from "../../src/market/reconcile.ts";
import { batchOf, column, hours, type Row } from "../fakes/rows.ts";
import { spot } from "../fakes/series.ts";

const series = spot("1h", "BTCUSDT", "binance");
const from = Date.UTC(2024, 4, 6);
const range = { from, to: from + 24 * HOUR };

const checked = (rows: readonly Row[], source: string): Checked =>
  check(
    series,
    { batch: batchOf(series, rows, source), evidence: (i) => `row ${i}`, broken: [], unpublished: [] },
    range,
  );

const both = (daily: readonly Row[], monthly: readonly Row[]) =>
  reconcile(
    series,
    { source: "archive-daily", checked: checked(daily, "archive-daily") },
    { source: "archive-monthly", checked: checked(monthly, "archive-monthly") },
    range,
    undefined,
  );

describe("two sources of one day", () => {
  test("make up for each other's holes, each row under its own source", () => {
    const all = hours(from, 24);
    const { checked: merged, disagreements } = both(all.slice(10), all.slice(0, 12));
    assert.equal(merged.batch.rows, 24);
    assert.deepEqual(merged.gaps, []);
    assert.deepEqual(disagreements, []);
    const sources = column(merged.batch, "source");
    assert.deepEqual(new Set(sources.slice(0, 10)), new Set(["archive-monthly"]));
    assert.deepEqual(new Set(sources.slice(10)), new Set(["archive-daily"]));
  });

  test("where they differ the better one's row is kept, and both values are evidence", () => {
    const all = hours(from, 24);
    const other = all.map((row, i) => (i === 5 ? { ...row, volume: 11, close: 101 } : row));
    const { checked: merged, disagreements } = both(all, other);
    assert.equal(column(merged.batch, "volume")[5], 10);
    assert.deepEqual(disagreements, [
      {
        time: from + 5 * HOUR,
        kept: "archive-daily",
        dropped: "archive-monthly",
        columns: { close: [105, 101], volume: [10, 11] },
      },
    ]);
    assert.deepEqual(merged.notes, [{ kind: "disagreement", count: 1 }]);
  });

  test("a row that one of them has broken is the other's; what both have broken stays missing, with its evidence", () => {
    const broken = (rows: readonly Row[], ...at: readonly number[]) =>
      rows.map((row, i) => (at.includes(i) ? { ...row, high: 1 } : row));
    const all = hours(from, 24);
    const { checked: merged } = both(broken(all, 3, 7), broken(all, 7, 9));
    assert.equal(merged.batch.rows, 23);
    assert.deepEqual(merged.gaps, [{ from: from + 7 * HOUR, to: from + 8 * HOUR, class: "quarantined", bars: 1 }]);
    assert.equal(merged.refused.length, 4);
  });

  test("however the hours are shared out, their union comes out, ascending and each once", () => {
    const some = fc.subarray(hours(from, 24));
    fc.assert(
      fc.property(some, some, (daily, monthly) => {
        const { checked: merged } = both(daily, monthly);
        const union = [...new Set([...daily, ...monthly].map((row) => row.time * 1000))].sort((a, b) => a - b);
        assert.deepEqual(column(merged.batch, "open_time"), union);
        const missing = merged.gaps.reduce((sum, gap) => sum + gap.bars, 0);
        assert.equal(missing + merged.batch.rows, 24);
      }),
    );
  });
});
