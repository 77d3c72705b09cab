import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SPOT_KLINES } from "../../src/market/klines.ts";
import type { LedgerRow, LoadUnit } from "../../src/ports/warehouse.ts";
import { jobName, type Target } from "../../src/warehouses/bigquery/job-id.ts";
import { LedgerState, NO_SERIES } from "../../src/warehouses/bigquery/ledger-state.ts";

const row = (over: Partial<LedgerRow>): LedgerRow => ({
  table: "spot_klines",
  month: "2025-01",
  series: "a",
  content: "1",
  rows: 24,
  jobId: "one",
  loadedAt: 1000,
  ...over,
});

const stateOf = (...rows: LedgerRow[]): LedgerState => {
  const state = new LedgerState();
  for (const one of rows) state.add(one);
  return state;
};

describe("the ledger, read back", () => {
  test("the newest job's rows are what is loaded, in whatever order they are read", () => {
    const old = [row({}), row({ series: "b" })];
    const newer = [row({ jobId: "two", loadedAt: 2000, content: "2" })];
    for (const rows of [
      [...old, ...newer],
      [...newer, ...old],
    ]) {
      assert.deepEqual(stateOf(...rows).rows(), newer);
    }
  });

  test("a row that is there twice is one", () => {
    assert.deepEqual(stateOf(row({}), row({}), row({ series: "b" })).rows(), [row({}), row({ series: "b" })]);
  });

  test("a month that was emptied has none, and is known", () => {
    const state = stateOf(row({}), row({ series: NO_SERIES, rows: 0, jobId: "none", loadedAt: 1001 }));
    assert.deepEqual(state.rows(), []);
    assert.equal(state.unit("spot_klines", "2025-01")?.jobId, "none");
  });

  test("jobs of a table are counted once, also those that were replaced", () => {
    const state = stateOf(
      row({}),
      row({ series: "b" }),
      row({ jobId: "two", loadedAt: 2000 }),
      row({ jobId: "three", month: "2025-02", loadedAt: 3000 }),
    );
    assert.deepEqual(
      [0, 1500, 3001].map((time) => state.jobsSince("spot_klines", time)),
      [3, 2, 0],
    );
    assert.equal(state.jobsSince("funding_rates", 0), 0);
  });
});

describe("names of load jobs", () => {
  const series = [
    { series: "a", content: "1", rows: 1 },
    { series: "b", content: "2", rows: 1 },
  ];
  const unit: LoadUnit = { table: SPOT_KLINES, month: "2025-01", series, objects: [] };
  const target: Target = {
    table: { projectId: "p", datasetId: "d", tableId: "spot_klines" },
    creationTime: "1",
    replaces: undefined,
  };

  test("the same for the same content, whatever its order", () => {
    const name = jobName(unit, target);
    assert.match(name, /^candlelake_spot_klines_202501_[0-9a-f]{16}$/);
    assert.equal(jobName({ ...unit, series: series.toReversed() }, target), name);
  });

  test("another one for other content, for another place, and for what it replaces", () => {
    const [first] = series;
    const names = [
      jobName(unit, target),
      jobName({ ...unit, series: first ? [first] : [] }, target),
      jobName({ ...unit, month: "2025-02" }, target),
      jobName(unit, { ...target, creationTime: "2" }),
      jobName(unit, { ...target, replaces: "job" }),
      jobName(unit, { ...target, table: { ...target.table, datasetId: "d_synthetic" } }),
    ];
    assert.equal(new Set(names).size, names.length);
  });
});
