import * as assert from "node:assert/strict";
import { describe } from "node:test";
import { DAY, SECOND } from "../../src/core/time.ts";
import { SPOT_KLINES } from "../../src/market/klines.ts";
import type { LoadUnit } from "../../src/ports/warehouse.ts";
import { rowsOf } from "../contract/warehouse.ts";
import { candles, type TestLake } from "../contract/warehouse-lake.ts";
import { catchUp, pending, type Scene, scene, stateOf, writesOf } from "../fakes/bigquery-scene.ts";

/** The service's clock, which a test sets. */
let now = 0;
const options = { now: () => now };

/** Requests where nobody did anything: the ledger, its rows, and each of the tables. */
const LOOK = 2 + 4;
/** The list of the partitions of a table that has rows: what it consists of, and its rows. */
const LIST = 2;

const MONTHS = ["2024-01", "2024-02", "2024-03"];

/** Three months, loaded; then an hour goes by. */
async function loaded({ open, lake }: Scene): Promise<LoadUnit[]> {
  now = Date.now();
  await open().setup();
  const units = MONTHS.map((month) => lake.candleUnit(month, [{ day: `${month}-01` }]));
  await catchUp(open(), units);
  now += 3600 * SECOND;
  return units;
}

/** Somebody's own load job, as `bq load` starts one. */
async function byHand({ ask }: Scene, unit: LoadUnit, tableId: string, writeDisposition: string): Promise<void> {
  const reference = { projectId: "demo", datasetId: "btc_forecast_raw", tableId };
  const load = {
    sourceUris: unit.objects.map(({ uri }) => uri),
    sourceFormat: "PARQUET",
    destinationTable: reference,
    writeDisposition,
  };
  const { jobReference } = (await ask("POST", "jobs", { configuration: { load } })) as {
    jobReference: { jobId: string };
  };
  const { status } = (await ask("GET", `jobs/${jobReference.jobId}?location=us-central1`)) as { status: unknown };
  assert.deepEqual(status, { state: "DONE" });
}

/** Somebody's correction of January's first rows: as many as there were. */
async function correct({ ask }: Scene): Promise<void> {
  const query = "UPDATE btc_forecast_raw.spot_klines SET close = 1 WHERE ts < '2024-01-01 05:00:00'";
  await ask("POST", "queries", { query, useLegacySql: false });
}

const other = (lake: TestLake, month: string, day = "01"): LoadUnit =>
  lake.candleUnit(month, [{ day: `${month}-${day}`, close: 900 }]);

const marks = async (it: ReturnType<Scene["open"]>) =>
  (await it.ledger()).map(({ month, isChanged = false }) => [month, isChanged]);

describe("what others do to months of ours", () => {
  scene(
    "a month with other rows, as many as before, is seen and loaded again, and then all is well",
    async (it) => {
      const { open, lake, front } = it;
      const units = await loaded(it);
      const whole = await stateOf(open());
      await byHand(it, other(lake, "2024-02"), "spot_klines$202402", "WRITE_TRUNCATE");
      const warehouse = open();
      assert.deepEqual(await marks(warehouse), [
        ["2024-01", false],
        ["2024-02", true],
        ["2024-03", false],
      ]);
      assert.deepEqual(warehouse.strangers, []);
      assert.equal(warehouse.usage.requests, LOOK + LIST);
      assert.deepEqual(await catchUp(warehouse, units), ["2024-02"]);
      assert.deepEqual(await stateOf(open()), whole);
      assert.equal((await writesOf(front))["spot_klines$202402"], 3);
      now += DAY;
      const after = open();
      assert.deepEqual(pending(units, await after.ledger()), []);
      assert.equal(after.usage.requests, LOOK + LIST);
      // Once more: the job of the first repair is not taken for the second.
      await byHand(it, other(lake, "2024-02"), "spot_klines$202402", "WRITE_TRUNCATE");
      assert.deepEqual(await catchUp(open(), units), ["2024-02"]);
      assert.deepEqual(await stateOf(open()), whole);
    },
    options,
  );

  scene(
    "a month to which somebody appended, and one of which somebody corrected a row, are loaded again",
    async (it) => {
      const { open, lake } = it;
      const units = await loaded(it);
      const whole = await stateOf(open());
      await byHand(it, other(lake, "2024-03", "09"), "spot_klines", "WRITE_APPEND");
      await correct(it);
      assert.deepEqual((await catchUp(open(), units)).sort(), ["2024-01", "2024-03"]);
      assert.deepEqual(await stateOf(open()), whole);
    },
    options,
  );

  scene(
    "a change of a table's description loads nothing",
    async (it) => {
      const { open, ask } = it;
      const units = await loaded(it);
      await ask("PATCH", "datasets/btc_forecast_raw/tables/spot_klines", { description: "Candles of ours" });
      const warehouse = open();
      assert.deepEqual(pending(units, await warehouse.ledger()), []);
      assert.equal(warehouse.usage.requests, LOOK + LIST);
    },
    options,
  );

  scene(
    "a changed month is not forgotten when another month of its table is loaded first",
    async (it) => {
      const { open, lake } = it;
      const units = await loaded(it);
      await correct(it);
      now += 3600 * SECOND;
      const april = lake.candleUnit("2024-04", [{ day: "2024-04-01" }]);
      await open().load([april], () => {});
      assert.deepEqual(await marks(open()), [
        ["2024-01", true],
        ["2024-02", false],
        ["2024-03", false],
        ["2024-04", false],
      ]);
      assert.deepEqual(await catchUp(open(), [...units, april]), ["2024-01"]);
      assert.ok((await marks(open())).every(([, isChanged]) => !isChanged));
    },
    options,
  );

  scene(
    "months that the ledger does not know are told with their rows, and stay",
    async (it) => {
      const { open, lake } = it;
      const units = await loaded(it);
      await byHand(it, other(lake, "2023-11"), "spot_klines", "WRITE_APPEND");
      const warehouse = open();
      assert.deepEqual(await catchUp(warehouse, units), []);
      assert.deepEqual(warehouse.strangers, [{ table: "spot_klines", month: "2023-11", rows: 24 }]);
      assert.deepEqual(await rowsOf(warehouse, "SELECT count(*) AS n FROM spot_klines"), [[96]]);
      const empty = { ...other(lake, "2023-11"), series: [], objects: [] };
      await warehouse.load([empty], () => {});
      assert.deepEqual(await catchUp(warehouse, units), []);
      assert.deepEqual(warehouse.strangers, []);
      assert.deepEqual(await rowsOf(warehouse, "SELECT count(*) AS n FROM spot_klines"), [[72]]);
    },
    options,
  );

  scene(
    "rows in a table of ours that was never loaded are told, and go like others",
    async (it) => {
      const { open, lake, ask } = it;
      now = Date.now();
      await open().setup();
      const warehouse = open();
      assert.deepEqual(await warehouse.ledger(), []);
      assert.deepEqual([warehouse.strangers, warehouse.usage.requests], [[], LOOK]);
      await byHand(it, other(lake, "2023-11"), "spot_klines", "WRITE_APPEND");
      await byHand(it, other(lake, "2023-12"), "spot_klines$202312", "WRITE_APPEND");
      assert.deepEqual(await warehouse.ledger(), []);
      assert.deepEqual(warehouse.strangers, [
        { table: "spot_klines", month: "2023-11", rows: 24 },
        { table: "spot_klines", month: "2023-12", rows: 24 },
      ]);
      await warehouse.load([{ ...other(lake, "2023-11"), series: [], objects: [] }], () => {});
      const right = lake.candleUnit("2023-12", [{ day: "2023-12-01" }]);
      assert.deepEqual(await catchUp(warehouse, [right]), ["2023-12"]);
      assert.deepEqual(await catchUp(warehouse, [right]), []);
      assert.deepEqual(warehouse.strangers, []);
      assert.deepEqual(await rowsOf(warehouse, "SELECT count(*) AS n, max(close) AS top FROM spot_klines"), [
        [24, 123],
      ]);
      // A table of the same name that somebody else made is his: a load says so.
      const tables = "datasets/btc_forecast_raw/tables";
      const made = (await ask("GET", `${tables}/funding_rates`)) as Record<string, object>;
      await ask("DELETE", `${tables}/funding_rates`);
      const { labels: _, ...rest } = made;
      await ask("POST", tables, rest);
      const query =
        "INSERT INTO btc_forecast_raw.funding_rates (funding_time, symbol) VALUES (TIMESTAMP '2023-10-01', 'X')";
      await ask("POST", "queries", { query, useLegacySql: false });
      await warehouse.ledger();
      assert.deepEqual(warehouse.strangers, []);
    },
    options,
  );

  scene(
    "rows without a time are told with the command that removes them",
    async (it) => {
      const { open, lake, ask } = it;
      const units = await loaded(it);
      const [row] = candles({ day: "2024-01-01" });
      const unit = lake.unit(SPOT_KLINES, "2024-01", "none", [{ ...row, open_time: null }]);
      await byHand(it, unit, "spot_klines", "WRITE_APPEND");
      const said: string[] = [];
      const warehouse = open({ log: { info() {}, debug() {}, warn: (message) => said.push(message) } });
      assert.deepEqual(await catchUp(warehouse, units), []);
      assert.deepEqual(warehouse.strangers, []);
      assert.equal(said.length, 1);
      assert.match(said[0] ?? "", /spot_klines has a row without a time/);
      const [, name = ""] = /next: bq rm -f -t 'demo:btc_forecast_raw\.([^']*)'$/.exec(said[0] ?? "") ?? [];
      await ask("DELETE", `datasets/btc_forecast_raw/tables/${encodeURIComponent(name)}`);
      assert.deepEqual(await catchUp(warehouse, units), []);
      assert.equal(said.length, 1);
    },
    options,
  );

  scene(
    "a month that was corrected after its load and before its ledger is loaded anew at once",
    async (it) => {
      const { open, lake, front } = it;
      now = Date.now();
      await open().setup();
      const units = MONTHS.map((month) => lake.candleUnit(month, [{ day: `${month}-01` }]));
      const killed = () => Promise.reject(new Error("killed"));
      const dying = open({ onStep: (step) => (step === "ledger" ? killed() : Promise.resolve()) });
      await assert.rejects(
        dying.load(units, () => {}),
        /killed/,
      );
      now += 3600 * SECOND;
      await correct(it);
      await catchUp(open(), units);
      assert.deepEqual(await rowsOf(open(), "SELECT count(*) AS n FROM spot_klines WHERE close = 1"), [[0]]);
      const { load_ledger: _, ...writes } = await writesOf(front);
      assert.deepEqual(writes, { spot_klines$202401: 2, spot_klines$202402: 1, spot_klines$202403: 1 });
    },
    options,
  );

  scene(
    "what happens in the moment of a load is told by the number of rows",
    async (it) => {
      const { open, ask } = it;
      const units = await loaded(it);
      const whole = await stateOf(open());
      now -= 3600 * SECOND;
      const query = "DELETE FROM btc_forecast_raw.spot_klines WHERE ts < '2024-01-01 05:00:00'";
      await ask("POST", "queries", { query, useLegacySql: false });
      assert.deepEqual(await catchUp(open(), units), ["2024-01"]);
      assert.deepEqual(await stateOf(open()), whole);
    },
    options,
  );

  scene(
    "a table that somebody made anew without months has nothing of ours",
    async (it) => {
      const { open, ask } = it;
      await loaded(it);
      const tables = "datasets/btc_forecast_raw/tables";
      const { schema, tableReference } = (await ask("GET", `${tables}/spot_klines`)) as Record<string, object>;
      await ask("DELETE", `${tables}/spot_klines`);
      await ask("POST", tables, { schema, tableReference });
      assert.deepEqual(await open().ledger(), []);
    },
    options,
  );

  scene(
    "in the sandbox, too, for nothing",
    async (it) => {
      const { open, lake } = it;
      now = Date.now();
      await open().setup();
      const month = new Date(now).toISOString().slice(0, 7);
      const units = [lake.candleUnit(month, [{ day: `${month}-01` }])];
      await catchUp(open(), units);
      const whole = await stateOf(open());
      now += SECOND;
      await byHand(it, other(lake, month), `spot_klines$${month.replace("-", "")}`, "WRITE_TRUNCATE");
      const warehouse = open();
      assert.deepEqual(await catchUp(warehouse, units), [month]);
      assert.equal(warehouse.usage.bytesBilled, 0);
      assert.deepEqual(await stateOf(open()), whole);
    },
    { ...options, sandbox: true },
  );
});
