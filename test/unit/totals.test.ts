import * as assert from "node:assert/strict";
import { test } from "node:test";
import { totals } from "../../src/cli/totals.ts";
import { DataError } from "../../src/core/errors.ts";
import type { Step } from "../../src/core/step.ts";
import { detailOf, type Outcome, planned } from "../../src/pipeline/outcome.ts";
import { spot } from "../fakes/series.ts";

const step: Step = {
  action: "fetch",
  table: "spot_klines",
  series: spot("1h"),
  day: "2025-01-01",
  reason: "missing",
  path: "spot_klines/day.parquet",
  route: "archive-monthly",
  because: "the month's file is out",
};

test("rows that were stored are counted, whatever else became of their day", () => {
  const error = detailOf(new DataError("bad-checksum", "A file is not the one that was published.", "candlelake run"));
  const made: Outcome = { ...planned(step), rows: 24, bytes: 900 };
  const outcomes = [
    { ...made, status: "done" as const },
    { ...made, status: "deferred" as const, error },
    { ...made, status: "failed" as const, error },
    { ...planned(step), status: "failed" as const, error },
    { ...planned(step), status: "unchanged" as const },
  ];
  const { rows, bytesWritten, done, deferred, failed, unchanged } = totals(outcomes);
  assert.deepEqual({ rows, bytesWritten }, { rows: 72, bytesWritten: 2700 });
  assert.deepEqual({ done, deferred, failed, unchanged }, { done: 1, deferred: 1, failed: 2, unchanged: 1 });
});
