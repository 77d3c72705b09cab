import * as assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DataError } from "../../src/core/errors.ts";
import type { Goal } from "../../src/core/goal.ts";
import { plan } from "../../src/core/plan.ts";
import type { Series } from "../../src/core/series.ts";
import { all, day, days, entry, goal, type Known, key, state, target } from "./plan-states.ts";

const SPOT: Series = { kind: "klines", venue: "binance-us", market: "spot", symbol: "BTCUSDT", step: "1h" };
const MONTHS = ["2025-01", "2025-02"];

const uploads = (known: Known, rest: Partial<Goal> = {}): string[] =>
  plan(goal({ uploads: [{ table: "spot_klines", series: SPOT, months: MONTHS }], ...rest }), state(known))
    .filter((step) => step.action === "upload")
    .map((step) => `${step.day} ${step.error?.code ?? step.reason}`);

const settled = entry({ asOf: day + 20 * 86_400_000 });
const entries = all(SPOT, () => settled);
const stored = all(SPOT, () => ({ ...settled, stored: { generation: "7", crc32c: "AAAAAA==" } }));

describe("uploads", () => {
  test("what the bucket has is left alone, wherever its object lies", () => {
    assert.deepEqual(uploads({ entries, stored }), []);
  });

  test("what it lacks is copied, with the days of all months", () => {
    assert.deepEqual(
      uploads({ entries }),
      days.map((of) => `${of} missing in the bucket`),
    );
  });

  test("other bytes, another object in their place and another entry each have their reason", () => {
    const differing = {
      ...stored,
      [key(SPOT, days[0] as string)]: { ...settled, sha256: "b".repeat(64) },
      [key(SPOT, days[1] as string)]: { ...settled, content: "lost" },
      [key(SPOT, days[2] as string)]: { ...settled, asOf: settled.asOf - 1 },
    };
    assert.deepEqual(uploads({ entries, stored: differing, lost: ["lost"] }), [
      "2025-01-30 content differs from the bucket's",
      "2025-01-31 object missing or changed in the bucket",
      "2025-02-01 its manifest entry differs from the bucket's",
    ]);
  });

  test("a day that is about to change is copied after it", () => {
    const { [key(SPOT, "2025-02-01")]: _, ...rest } = entries;
    const targets = [target(SPOT)];
    const known = { entries: rest, stored };
    assert.deepEqual(uploads(known, { targets }), ["2025-02-01 the partition changes"]);
  });

  test("a manifest that cannot be read fails its month's steps, and no others", () => {
    const bad = new DataError("bad-manifest", "it is broken", "candlelake status");
    assert.deepEqual(uploads({ entries, bucketDamaged: { "spot_klines/2025-01": bad } }), [
      "2025-01-30 bad-manifest",
      "2025-01-31 bad-manifest",
      "2025-02-01 missing in the bucket",
      "2025-02-02 missing in the bucket",
    ]);
  });

  test("where something else lies in a day's place, that day's step says so; one without rows has no place", () => {
    const foreign = new DataError("foreign-object", "it was there before", "candlelake status");
    const [first, second] = days.map((of) => key(SPOT, of)) as [string, string];
    const none = { ...entries, [second]: { ...settled, object: null, sha256: null, rows: 0 } };
    assert.deepEqual(uploads({ entries: none, occupied: { [first]: foreign, [second]: foreign } }), [
      "2025-01-30 foreign-object",
      "2025-01-31 missing in the bucket",
      "2025-02-01 missing in the bucket",
      "2025-02-02 missing in the bucket",
    ]);
  });

  test("without a bucket nothing is", () => {
    assert.deepEqual(uploads({ entries }, { uploads: null }), []);
  });
});
