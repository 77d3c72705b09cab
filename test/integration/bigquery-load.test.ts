import * as assert from "node:assert/strict";
import { describe } from "node:test";
import { AppError, Interrupted } from "../../src/core/errors.ts";
import { DAY, HOUR } from "../../src/core/time.ts";
import { codeOf, load, rowsOf } from "../contract/warehouse.ts";
import type { TestLake } from "../contract/warehouse-lake.ts";
import { clockOf } from "../fakes/bigquery.ts";
import { catchUp, scene, stateOf, writesOf } from "../fakes/bigquery-scene.ts";
import { jobsOf, refusing } from "../fakes/google-front.ts";

const COUNT = "SELECT count(*) AS n FROM spot_klines";

async function refusalOf(work: Promise<unknown>): Promise<AppError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  return assert.fail("nothing was refused");
}

describe("a load job's name", () => {
  scene(
    "going back to older content loads it again, and the way there and back ends",
    async ({ open, lake, front }) => {
      const warehouse = open();
      await warehouse.setup();
      const older = lake.candleUnit("2025-01", [{ day: "2025-01-01" }]);
      const newer = lake.candleUnit("2025-01", [{ day: "2025-01-01", close: 500 }]);
      for (const unit of [older, newer, older, newer]) {
        await catchUp(warehouse, [unit]);
        assert.equal((await warehouse.ledger())[0]?.content, unit.series[0]?.content);
        const top = unit === older ? 123 : 523;
        assert.deepEqual(await rowsOf(warehouse, "SELECT max(close) AS top FROM spot_klines"), [[top]]);
      }
      assert.equal((await writesOf(front))["spot_klines$202501"], 4);
    },
  );

  scene("a job that was found is no proof where another one wrote after it", async ({ open, lake, front }) => {
    const warehouse = open();
    await warehouse.setup();
    const older = lake.candleUnit("2025-01", [{ day: "2025-01-01" }]);
    const newer = lake.candleUnit("2025-01", [{ day: "2025-01-01", close: 500 }]);
    const dying = (step: string) =>
      open({
        onStep(now) {
          if (now === step) throw new Error("killed");
        },
      });
    // Both are loaded, and neither got as far as the ledger.
    for (const unit of [older, newer])
      await assert.rejects(
        dying("ledger").load([unit], () => {}),
        /killed/,
      );
    await catchUp(warehouse, [older]);
    assert.deepEqual(await rowsOf(warehouse, "SELECT max(close) AS top FROM spot_klines"), [[123]]);
    assert.equal((await writesOf(front))["spot_klines$202501"], 3);
  });

  scene("a job that was found is no proof where nobody says what came after it", async ({ open, lake, front }) => {
    await open().setup();
    const unit = lake.candleUnit("2025-01", [{ day: "2025-01-01" }]);
    const dying = open({
      onStep(step) {
        if (step === "ledger") throw new Error("killed");
      },
    });
    await assert.rejects(
      dying.load([unit], () => {}),
      /killed/,
    );
    front.interfere = ({ method, path }) =>
      method === "GET" && path.endsWith("/jobs") ? refusing(403, "accessDenied") : undefined;
    assert.deepEqual(await catchUp(open(), [unit]), ["2025-01"]);
    front.interfere = () => undefined;
    assert.deepEqual(await rowsOf(open(), COUNT), [[24]]);
    assert.equal((await writesOf(front))["spot_klines$202501"], 2);
  });

  scene("tables that were made anew are loaded anew", async ({ open, lake, ask, front }) => {
    const warehouse = open();
    await warehouse.setup();
    const unit = lake.candleUnit("2025-01", [{ day: "2025-01-01" }]);
    await catchUp(warehouse, [unit]);
    for (const table of ["spot_klines", "load_ledger"])
      await ask("DELETE", `datasets/btc_forecast_raw/tables/${table}`);
    await warehouse.setup();
    await catchUp(warehouse, [unit]);
    assert.deepEqual(await rowsOf(warehouse, COUNT), [[24]]);
    assert.equal((await warehouse.ledger()).length, 1);
    assert.equal((await writesOf(front))["spot_klines$202501"], 2);
  });

  scene("a failure of an earlier run is not the last word", async ({ open, lake }) => {
    const warehouse = open();
    await warehouse.setup();
    const unit = lake.candleUnit("2025-01", [{ day: "2025-01-01" }]);
    const [object] = unit.objects;
    if (!object) return assert.fail();
    const bytes = lake.remove(object);
    for (let run = 0; run < 12; run++) assert.equal(await codeOf(load(warehouse, unit)), "object-missing");
    lake.restore(object, bytes);
    assert.deepEqual(await load(warehouse, unit), [["spot_klines 2025-01", 24]]);
  });
});

describe("a load meets trouble", () => {
  scene("of the service: the job is tried again under another name", async ({ open, lake, front }) => {
    const warehouse = open();
    await warehouse.setup();
    front.twin.jobs.die = (job) => (job <= 2 ? "backendError" : undefined);
    await catchUp(warehouse, [lake.candleUnit("2025-01", [{ day: "2025-01-01" }])]);
    assert.deepEqual(await rowsOf(warehouse, COUNT), [[24]]);
    const ids = (await jobsOf(front))
      .filter(({ destination }) => destination === "spot_klines$202501")
      .map(({ id }) => id);
    assert.deepEqual(
      ids.map((id) => id.slice(-2)),
      ["_1", "_2", "_3"],
    );
    assert.deepEqual([warehouse.usage.loadJobs, warehouse.usage.ledgerJobs], [3, 1]);
  });

  scene("that does not end: five times, and then it says so", async ({ open, lake, front }) => {
    const warehouse = open();
    await warehouse.setup();
    front.twin.jobs.die = () => "internalError";
    const refusal = await refusalOf(load(warehouse, lake.candleUnit("2025-01", [{ day: "2025-01-01" }])));
    assert.deepEqual([refusal.code, refusal.exitCode], ["job-failed", 4]);
    assert.match(refusal.message, /spot_klines 2025-01/);
    assert.equal((await jobsOf(front)).length, 5);
  });

  for (const [what, after] of [
    ["whose answer got lost", "lost"],
    ["that was refused for the moment", refusing(503, "backendError")],
  ] as const) {
    scene(`a request ${what} is repeated, and nothing happens twice`, async ({ open, lake, front }) => {
      const warehouse = open();
      const disturbed = new Set<string>();
      front.interfere = ({ method, path }) => {
        if (disturbed.has(method + path)) return undefined;
        disturbed.add(method + path);
        return after;
      };
      assert.deepEqual((await warehouse.setup()).differs, []);
      await catchUp(warehouse, [lake.candleUnit("2025-01", [{ day: "2025-01-01" }])]);
      assert.deepEqual(await rowsOf(warehouse, COUNT), [[24]]);
      front.interfere = () => undefined;
      assert.deepEqual(await writesOf(front), { spot_klines$202501: 1, load_ledger: 1 });
      const { loadJobs, ledgerJobs, bytesLoaded } = warehouse.usage;
      assert.deepEqual([loadJobs, ledgerJobs, bytesLoaded > 0], [1, 1, true]);
    });
  }

  let time = Date.UTC(2025, 5, 1);
  scene(
    "and finds the job of an earlier run behind it: that one is not counted",
    async ({ open, lake, front }) => {
      const clock = clockOf(() => time);
      const unit = lake.candleUnit("2025-01", [{ day: "2025-01-01" }]);
      const killed = open({
        clock,
        onStep: (step) => {
          if (step === "wait") throw new Interrupted();
        },
      });
      await killed.setup();
      await assert.rejects(
        killed.load([unit], () => {}),
        Interrupted,
      );
      assert.equal(killed.usage.loadJobs, 1);
      time += HOUR;
      const refused = new Set<string>();
      front.interfere = ({ method, path }) => {
        if (method !== "POST" || refused.has(path)) return undefined;
        refused.add(path);
        return refusing(503, "backendError");
      };
      const next = open({ clock });
      await catchUp(next, [unit]);
      const { loadJobs, ledgerJobs, bytesLoaded } = next.usage;
      assert.deepEqual([loadJobs, ledgerJobs, bytesLoaded], [0, 1, 0]);
      assert.deepEqual(await writesOf(front), { spot_klines$202501: 1, load_ledger: 1 });
    },
    { now: () => time },
  );

  scene("in one month: those before and beside it are kept, and the ledger has them", async ({ open, lake }) => {
    const warehouse = open();
    await warehouse.setup();
    const units = Array.from({ length: 24 }, (_, i) => {
      const month = `${2023 + Math.floor(i / 12)}-${String((i % 12) + 1).padStart(2, "0")}`;
      return lake.candleUnit(month, [{ day: `${month}-01`, rows: 1 }]);
    });
    const [object] = units[3]?.objects ?? [];
    if (!object) return assert.fail();
    lake.damage(object);
    const told: string[] = [];
    const refusal = await refusalOf(warehouse.load(units, (unit) => told.push(unit.month)));
    assert.equal(refusal.code, "object-refused");
    assert.deepEqual(told.slice(0, 3), ["2023-01", "2023-02", "2023-03"]);
    assert.ok(!told.includes("2023-04") && told.length < 24);
    assert.deepEqual(
      (await warehouse.ledger()).map((row) => row.month),
      told,
    );
    assert.deepEqual(await rowsOf(warehouse, COUNT), [[told.length]]);
  });

  scene("when it is stopped: what was finished is in the ledger", async ({ open, lake, front }) => {
    const stop = new AbortController();
    // The first month's rows are there by then, and the second one's job still runs.
    const warehouse = open({
      onStep(step) {
        if (step === "verify") stop.abort();
      },
    });
    await warehouse.setup();
    front.interfere = ({ method, body }) => {
      if (method === "POST") front.twin.jobs.polls = body.includes("$202502") ? 20 : 0;
      return undefined;
    };
    const units = ["2025-01", "2025-02"].map((month) => lake.candleUnit(month, [{ day: `${month}-01` }]));
    const told: string[] = [];
    await assert.rejects(
      warehouse.load(units, (unit) => told.push(unit.month), stop.signal),
      Interrupted,
    );
    assert.deepEqual(told, ["2025-01"]);
    assert.deepEqual(
      (await warehouse.ledger()).map((row) => row.month),
      told,
    );
    // The second month's job is this run's, whoever sees its end.
    assert.deepEqual([warehouse.usage.loadJobs, warehouse.usage.ledgerJobs], [2, 1]);
    assert.deepEqual(await catchUp(warehouse, units), ["2025-02"]);
    assert.deepEqual([warehouse.usage.loadJobs, warehouse.usage.ledgerJobs], [2, 2]);
    assert.deepEqual(await writesOf(front), { spot_klines$202501: 1, spot_klines$202502: 1, load_ledger: 2 });
  });
});

describe("a load is refused before it begins", () => {
  scene("where nothing was set up", async ({ open, lake }) => {
    const unit = lake.candleUnit("2025-01", [{ day: "2025-01-01" }]);
    const refusal = await refusalOf(load(open(), unit));
    assert.deepEqual(
      [refusal.code, refusal.exitCode, refusal.next],
      ["no-warehouse", 4, "candlelake setup --project demo"],
    );
  });

  scene("where an object is in no bucket", async ({ open, lake }) => {
    const warehouse = open();
    await warehouse.setup();
    const unit = lake.candleUnit("2025-01", [{ day: "2025-01-01" }]);
    const local = {
      ...unit,
      objects: unit.objects.map(({ path, key, sha256, rows }) => ({ path, key, sha256, rows })),
    };
    const refusal = await refusalOf(load(warehouse, local));
    assert.deepEqual([refusal.code, refusal.exitCode], ["no-bucket", 2]);
    assert.match(refusal.message, /BigQuery loads from a bucket/);
  });

  scene("where the warehouse, or the bucket, is somewhere else than was said", async ({ open, lake }) => {
    const unit = lake.candleUnit("2025-01", [{ day: "2025-01-01" }]);
    await open().setup();
    const moved = await refusalOf(load(open({ location: "europe-west1" }), unit));
    assert.deepEqual([moved.code, moved.exitCode], ["other-location", 4]);
    assert.equal(moved.next, "candlelake load --project demo --location us-central1");
    const apart = open({ dataset: "elsewhere", location: "europe-west1" });
    await apart.setup();
    const refusal = await refusalOf(load(apart, unit));
    assert.deepEqual([refusal.code, refusal.exitCode], ["other-location", 4]);
    assert.match(refusal.message, /us-central1.*europe-west1/i);
    assert.equal(
      refusal.next,
      "candlelake setup --project demo --dataset elsewhere_us_central1 --location us-central1",
    );
  });

  scene("where a newer program made the warehouse", async ({ open, lake, ask }) => {
    const warehouse = open();
    await warehouse.setup();
    const unit = lake.candleUnit("2025-01", [{ day: "2025-01-01" }]);
    await ask("PATCH", "datasets/btc_forecast_raw/tables/load_ledger", { description: "(warehouse format 99)" });
    assert.equal(await codeOf(load(warehouse, unit)), "newer-format");
    assert.equal(await codeOf(warehouse.ledger()), "newer-format");
    assert.equal(await codeOf(warehouse.setup()), "newer-format");
  });

  scene("where the day's jobs of a table are used up: the others are loaded", async ({ open, lake, front }) => {
    let now = Date.UTC(2025, 5, 1);
    const warehouse = open({ jobsADay: 3, clock: clockOf(() => now) });
    await warehouse.setup();
    const units = ["01", "02", "03", "04"].map((month) =>
      lake.candleUnit(`2025-${month}`, [{ day: `2025-${month}-01` }]),
    );
    const [first] = units;
    if (!first) return assert.fail();
    now = Date.now();
    await catchUp(warehouse, [first]);
    const told: string[] = [];
    const refusal = await refusalOf(warehouse.load(units.slice(1), (unit) => told.push(unit.month)));
    assert.deepEqual([refusal.code, refusal.exitCode], ["quota-jobs", 4]);
    assert.match(refusal.message, /2025-04.*run again tomorrow/);
    assert.deepEqual(told, ["2025-02", "2025-03"]);
    assert.equal(await codeOf(catchUp(warehouse, units)), "quota-jobs");
    assert.equal((await writesOf(front))["spot_klines$202504"], undefined);
    now += DAY + 1000;
    assert.deepEqual(await catchUp(warehouse, units), ["2025-04"]);
  });
});

describe("the ledger", () => {
  const contents = (lake: TestLake, count: number) =>
    Array.from({ length: count }, (_, i) => lake.candleUnit("2025-01", [{ day: "2025-01-01", close: i + 1, rows: 1 }]));

  scene("is written anew where most of it is past, and tells the same", async ({ open, lake, ask }) => {
    let now = Date.now();
    const warehouse = open({ longLedger: 6, clock: clockOf(() => now) });
    await warehouse.setup();
    await catchUp(warehouse, [lake.candleUnit("2025-02", [{ day: "2025-02-01" }])]);
    for (const unit of contents(lake, 5)) await catchUp(warehouse, [unit]);
    const size = async (): Promise<number> =>
      Number(((await ask("GET", "datasets/btc_forecast_raw/tables/load_ledger")) as { numRows: string }).numRows);
    assert.equal(await size(), 6);
    // A day later the jobs of before count no more.
    now += 2 * DAY;
    const [unit] = contents(lake, 1);
    if (!unit) return assert.fail();
    const before = await warehouse.ledger();
    await catchUp(warehouse, [unit]);
    assert.equal(await size(), 2);
    const after = await warehouse.ledger();
    assert.deepEqual(
      after.filter(({ month }) => month === "2025-02"),
      before.filter(({ month }) => month === "2025-02"),
    );
    assert.equal(after.find(({ month }) => month === "2025-01")?.content, unit.series[0]?.content);
    assert.deepEqual((await warehouse.setup()).differs, []);
    assert.deepEqual(await catchUp(warehouse, [unit]), []);
  });

  scene("is only added to while somebody else writes to it", async ({ open, lake, ask }) => {
    let now = Date.now();
    const other = open();
    await other.setup();
    const units = contents(lake, 4);
    for (const unit of units) await catchUp(other, [unit]);
    const beside = lake.candleUnit("2025-03", [{ day: "2025-03-01" }]);
    const warehouse = open({
      longLedger: 4,
      clock: clockOf(() => now),
      async onStep(step) {
        if (step === "verify") await catchUp(other, [beside]);
      },
    });
    now += 2 * DAY;
    const [first] = units;
    if (!first) return assert.fail();
    await catchUp(warehouse, [first]);
    assert.deepEqual(
      (await warehouse.ledger()).map(({ month }) => month),
      ["2025-01", "2025-03"],
    );
    const { numRows } = (await ask("GET", "datasets/btc_forecast_raw/tables/load_ledger")) as { numRows: string };
    assert.equal(numRows, "6");
  });
});

describe("what a load costs", () => {
  scene("a job a month and one for the ledger, and few requests", async ({ open, lake, front }) => {
    await open().setup();
    const warehouse = open();
    const units = Array.from({ length: 12 }, (_, i) => {
      const month = `2024-${String(i + 1).padStart(2, "0")}`;
      return lake.candleUnit(month, [{ day: `${month}-01` }, { day: `${month}-02` }]);
    });
    front.seen.length = 0;
    assert.equal((await catchUp(warehouse, units)).length, 12);
    const { requests, ...usage } = warehouse.usage;
    assert.equal(requests, front.seen.length);
    // Twice ledger and its rows, all tables and then the one, and of each job its beginning and one look.
    assert.equal(requests, 2 + 4 + 3 + 13 * 2);
    assert.ok(usage.bytesLoaded > 12 * 2 * 1000);
    assert.deepEqual(
      { ...usage, bytesLoaded: 0 },
      { loadJobs: 12, ledgerJobs: 1, copyJobs: 0, bytesLoaded: 0, bytesBilled: 0 },
    );
    assert.deepEqual(await catchUp(warehouse, units), []);
    // The ledger, its rows, the tables, and the partitions of the one that has rows.
    assert.equal(front.seen.length, requests + 2 + 4 + 2);
  });

  scene("months whose rows others removed are loaded again, whole tables too", async ({ open, lake, front }) => {
    await open().setup();
    const units = ["2024-01", "2024-02"].map((month) => lake.candleUnit(month, [{ day: `${month}-01` }]));
    await catchUp(open(), units);
    const whole = await stateOf(open());
    const tables = `${front.endpoint}/bigquery/v2/projects/demo/datasets/btc_forecast_raw/tables`;
    await fetch(`${tables}/${encodeURIComponent("spot_klines$202402")}`, { method: "DELETE" });
    assert.deepEqual(await catchUp(open(), units), ["2024-02"]);
    assert.deepEqual(await stateOf(open()), whole);
    await fetch(`${tables}/spot_klines`, { method: "DELETE" });
    await open().setup();
    assert.deepEqual((await catchUp(open(), units)).sort(), ["2024-01", "2024-02"]);
    assert.deepEqual(await stateOf(open()), whole);
  });

  scene("a month of more objects than a job takes is never half there", async ({ open, lake, front }) => {
    const warehouse = open({ uris: 2 });
    await warehouse.setup();
    const day = (date: number) => ({ day: `2025-01-0${date}` });
    await catchUp(warehouse, [lake.candleUnit("2025-01", [day(9)])]);
    const reader = open();
    const unit = lake.candleUnit("2025-01", [1, 2, 3, 4, 5].map(day));
    const seen = new Set<unknown>();
    let loading = true;
    const loaded = load(warehouse, unit).finally(() => {
      loading = false;
    });
    while (loading) seen.add((await rowsOf(reader, COUNT))[0]?.[0]);
    assert.deepEqual(await loaded, [["spot_klines 2025-01", 120]]);
    seen.add((await rowsOf(reader, COUNT))[0]?.[0]);
    assert.deepEqual([...seen], [24, 120]);
    assert.equal(warehouse.usage.copyJobs, 1);
    assert.ok(
      (await jobsOf(front)).some(({ kind, destination }) => kind === "COPY" && destination === "spot_klines$202501"),
    );
  });

  scene("rows that are missing in a staging table never reach the month", async ({ open, lake }) => {
    const warehouse = open({ uris: 2 });
    await warehouse.setup();
    const day = (date: number) => ({ day: `2025-01-0${date}` });
    await catchUp(warehouse, [lake.candleUnit("2025-01", [day(9)])]);
    const before = await stateOf(warehouse);
    const unit = lake.candleUnit("2025-01", [1, 2, 3].map(day));
    const counted = { ...unit, objects: unit.objects.map((object) => ({ ...object, rows: 25 })) };
    assert.equal(await codeOf(load(warehouse, counted)), "row-count");
    assert.equal(await codeOf(load(warehouse, counted)), "row-count");
    assert.deepEqual(await stateOf(warehouse), before);
    assert.deepEqual(await load(warehouse, unit), [["spot_klines 2025-01", 72]]);
  });
});
