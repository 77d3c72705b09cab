// A table of the warehouse that is somebody else's: its own months fail, and those of the other tables are loaded.
import * as assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import { CloudLab, type Machine } from "../fakes/cloud-lab.ts";
import { edit } from "../fakes/duckdb-file.ts";
import { wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";
import { loading, rowsOf } from "../fakes/real-lab.ts";

const start = Date.UTC(2025, 0, 30);
/** Ten hours and a bit into the third day, which is in another month than the first two. */
const now = start + 2 * DAY + 10 * HOUR + MINUTE;
const FUTURES = wish("futures", start, undefined);
const RUN = loading(FUTURES, wish("spot", start, undefined));
const LOADED = ["spot_klines", "funding_rates", "open_interest", "futures_metrics"];

const open = () => CloudLab.open(new ModelVenue(start - 20 * DAY, now));

async function ask(lab: CloudLab, method: string, at: string, body?: object): Promise<void> {
  const url = `${lab.google.url}/bigquery/v2/projects/demo/datasets${at}`;
  const answer = await fetch(url, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
  assert.ok(answer.ok, await answer.text());
}

const tableOf = (tableId: string, rest: object) => ({
  tableReference: { projectId: "demo", datasetId: "btc_forecast_raw", tableId },
  ...rest,
});

/** What became of a run's loads: `ok`, or code and next command, by table; each table has two months. */
async function loadsOf(machine: Machine): Promise<Record<string, string[]>> {
  const { outcomes } = await machine.apply(RUN);
  const loads = outcomes.filter(({ step }) => step.action === "load");
  const said = Map.groupBy(loads, ({ step }) => step.table);
  return Object.fromEntries(
    [...said].map(([table, all]) => [
      table,
      all.map(({ status, error }) => (error ? `${error.code}: ${error.message} ${error.next}` : status)),
    ]),
  );
}

/** What a look at everything says of tables that are none of ours, by table. */
async function namedBy(machine: Machine): Promise<string[]> {
  const { foreignTables } = await machine.engine.survey();
  return foreignTables.map(({ code, message, next }) => `${code}: ${message} ${next}`);
}

/** The loads of a table of which nothing is loaded; all others' are. */
async function onlyFails(machine: Machine, wrong: Readonly<Record<string, string>>): Promise<void> {
  const done = Object.fromEntries(LOADED.map((table) => [table, ["done", "done"]]));
  const failed = Object.fromEntries(Object.entries(wrong).map(([table, why]) => [table, [why, why]]));
  assert.deepEqual(await loadsOf(machine), { ...done, ...failed });
  for (const table of LOADED.filter((name) => !(name in wrong))) {
    const [row] = await rowsOf(await machine.engine.query(`SELECT count(*) AS n FROM ${table}`));
    assert.ok(Number(row?.["n"]) > 0, table);
  }
  // The second run does what is left, and that is the same.
  const again = await loadsOf(machine);
  assert.deepEqual(again, failed);
}

describe("BigQuery", () => {
  test("a view and a table of other columns are not loaded into, and hold up no other table", async () => {
    await using lab = await open();
    await ask(lab, "POST", "", {
      datasetReference: { projectId: "demo", datasetId: "btc_forecast_raw" },
      location: "us-central1",
    });
    const view = { query: "SELECT 1 AS one", useLegacySql: false };
    await ask(lab, "POST", "/btc_forecast_raw/tables", tableOf("funding_rates", { view }));
    const schema = { fields: [{ name: "time", type: "STRING" }] };
    await ask(lab, "POST", "/btc_forecast_raw/tables", tableOf("open_interest", { schema }));
    await using one = lab.loader("one");
    const { differs } = await one.engine.setup();
    assert.equal(differs.length, 2);
    const label = "table-differs: bigquery:demo.btc_forecast_raw";
    const wrong = {
      funding_rates: `${label}: funding_rates: it is a view. candlelake setup --project demo`,
      open_interest: `${label}: open_interest: column time is STRING and should be TIMESTAMP. candlelake setup --project demo`,
    };
    assert.deepEqual(await namedBy(one), Object.values(wrong));
    await onlyFails(one, wrong);
    assert.deepEqual(await namedBy(one), Object.values(wrong));
    const { steps } = await one.engine.plan(RUN);
    assert.deepEqual(new Set(steps.map((step) => step.error?.code)), new Set(["table-differs"]));
  });

  test("tables that were made by hand are named before there is anything of ours", async () => {
    await using lab = await open();
    await ask(lab, "POST", "", {
      datasetReference: { projectId: "demo", datasetId: "btc_forecast_raw" },
      location: "us-central1",
    });
    await using one = lab.loader("one");
    assert.deepEqual(await namedBy(one), []);
    const schema = { fields: [{ name: "open_time", type: "INTEGER" }] };
    await ask(lab, "POST", "/btc_forecast_raw/tables", tableOf("spot_klines", { schema }));
    assert.deepEqual(await namedBy(one), [
      "table-differs: bigquery:demo.btc_forecast_raw: spot_klines: it has no column ts. candlelake setup --project demo",
    ]);
  });

  test("nor does one that is gone", async () => {
    await using lab = await open();
    await using one = lab.loader("one");
    await one.engine.setup();
    await ask(lab, "DELETE", "/btc_forecast_raw/tables/funding_rates");
    const why = "bigquery:demo.btc_forecast_raw has no table funding_rates yet. candlelake setup --project demo";
    await onlyFails(one, { funding_rates: `no-warehouse: ${why}` });
  });
});

describe("DuckDB", () => {
  for (const [what, difference, statements] of [
    ["a view", "it is a view", ["DROP TABLE funding_rates", "CREATE VIEW funding_rates AS SELECT 1 AS one"]],
    [
      "a view of our very columns",
      "it is a view",
      ["ALTER TABLE funding_rates RENAME TO mine", "CREATE VIEW funding_rates AS SELECT * FROM mine"],
    ],
    [
      "a table of other columns",
      "it has a column note of its own",
      ["ALTER TABLE funding_rates ADD COLUMN note VARCHAR"],
    ],
  ] as const) {
    test(`${what} is not loaded into, and holds up no other table`, async () => {
      await using lab = await open();
      await using one = lab.machine("one");
      await one.engine.setup();
      const file = `${lab.path("one")}/candlelake.duckdb`;
      await edit(file, "USE btc_forecast_raw", ...statements);
      const next = `candlelake load --warehouse duckdb:${file.replace("lake.duckdb", "lake-2.duckdb")}`;
      const why = `table-differs: duckdb:${file}: btc_forecast_raw.funding_rates: ${difference}. ${next}`;
      assert.deepEqual(await namedBy(one), [why]);
      await onlyFails(one, { funding_rates: why });
    });
  }

  for (const [what, statements, months] of [
    ["of which somebody removed rows", ["DELETE FROM spot_klines WHERE open_time >= '2025-02-01'"], ["2025-02"]],
    ["to which somebody appended rows", ["INSERT INTO spot_klines FROM spot_klines LIMIT 1"], ["2025-01"]],
    ["that somebody emptied", ["DELETE FROM spot_klines"], ["2025-01", "2025-02"]],
    ["that somebody dropped", ["DROP TABLE spot_klines"], ["2025-01", "2025-02"]],
    [
      "in whose place somebody made a view, which is gone again",
      ["DROP TABLE spot_klines", "CREATE VIEW spot_klines AS SELECT 1 AS one", "DROP VIEW spot_klines"],
      ["2025-01", "2025-02"],
    ],
  ] as const) {
    test(`a loaded table ${what}, is loaded again, and no more of it than that`, async () => {
      await using lab = await open();
      await using one = lab.machine("one");
      const sums = async () =>
        rowsOf(await one.engine.query("SELECT count(*) AS n, sum(close) AS close FROM spot_klines"));
      await one.apply(RUN);
      const before = await sums();
      await edit(`${lab.path("one")}/candlelake.duckdb`, "USE btc_forecast_raw", ...statements);
      const { outcomes } = await one.apply(RUN);
      assert.deepEqual(
        outcomes.map(({ step, status }) => `${step.table} ${step.action === "load" && step.month} ${status}`),
        months.map((month) => `spot_klines ${month} done`),
      );
      assert.deepEqual(await sums(), before);
      assert.deepEqual(await one.plan(wish("spot", start, undefined)), []);
    });
  }

  test("a loaded table in whose place a view stands is not taken for loaded", async () => {
    await using lab = await open();
    await using one = lab.machine("one");
    await one.apply(RUN);
    const file = `${lab.path("one")}/candlelake.duckdb`;
    await edit(file, "USE btc_forecast_raw", "DROP TABLE spot_klines", "CREATE VIEW spot_klines AS SELECT 1 AS one");
    const { series } = await one.engine.survey();
    assert.deepEqual(
      series.filter(({ table }) => table === "spot_klines").map(({ loaded }) => loaded),
      [0],
    );
    const failed = await loadsOf(one);
    assert.deepEqual(Object.keys(failed), ["spot_klines"]);
    assert.match(failed["spot_klines"]?.join() ?? "", /^table-differs: .*it is a view/);
  });
});
