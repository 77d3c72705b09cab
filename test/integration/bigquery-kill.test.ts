import * as assert from "node:assert/strict";
import { describe } from "node:test";
import type { LoadUnit } from "../../src/ports/warehouse.ts";
import type { Step } from "../../src/warehouses/bigquery/jobs.ts";
import type { TestLake } from "../contract/warehouse-lake.ts";
import { catchUp, scene, stateOf, writesOf } from "../fakes/bigquery-scene.ts";

interface Listed {
  readonly tables: readonly { readonly tableReference: { readonly tableId: string } }[];
}

class Killed extends Error {}

/** Throws at the so manieth step of a kind, and ever after: a process that is gone does nothing more. */
function killer(step: Step, count: number): (now: Step) => void {
  let seen = 0;
  let dead = false;
  return (now) => {
    dead ||= now === step && ++seen === count;
    if (dead) throw new Killed(step);
  };
}

const months = ["2025-01", "2025-02"];
const unitsOf = (lake: TestLake): LoadUnit[] =>
  months.map((month) => lake.candleUnit(month, [{ day: `${month}-01` }, { day: `${month}-02`, symbol: "ETHUSDT" }]));

/** Every window of a load of two months: where it is killed, and what the ledger says after it. */
const WINDOWS: readonly (readonly [what: string, step: Step, count: number, toldBefore: number])[] = [
  ["before its first job", "insert", 1, 0],
  ["between its two jobs", "insert", 2, 0],
  ["while its first job runs", "wait", 1, 0],
  ["while its second job runs", "wait", 2, 0],
  ["before the first job's rows are counted", "verify", 1, 0],
  ["before the second job's rows are counted", "verify", 2, 0],
  ["between its jobs and the ledger", "ledger", 1, 0],
  ["before the ledger's job", "insert", 3, 0],
  ["while the ledger's job runs", "wait", 3, 0],
  ["after the ledger's job", "done", 1, 2],
];

for (const polls of [0, 2]) {
  describe(`a load that is killed, where jobs take ${polls} looks, is settled by the next run`, () => {
    for (const [what, step, count, before] of WINDOWS) {
      scene(
        `killed ${what}`,
        async ({ open, lake, front }) => {
          const warehouse = open();
          await warehouse.setup();
          const units = unitsOf(lake);
          const dying = open({ onStep: killer(step, count) });
          await assert.rejects(
            dying.load(units, () => assert.fail("a killed run tells nothing")),
            Killed,
          );
          const known = (await warehouse.ledger()).map(({ month }) => month);
          if (polls === 0) assert.equal(new Set(known).size, step === "wait" && count === 3 ? 2 : before);
          assert.equal((await catchUp(warehouse, units)).length, 2 - new Set(known).size);
          const { rows, ledger } = (await stateOf(warehouse)) as { rows: unknown[]; ledger: unknown[] };
          assert.deepEqual([rows.length, ledger.length], [96, 4]);
          assert.deepEqual(await catchUp(warehouse, units), []);
          // Nothing was loaded twice, the ledger's rows neither.
          const { load_ledger: ledgerJobs, ...writes } = await writesOf(front);
          assert.deepEqual(writes, { spot_klines$202501: 1, spot_klines$202502: 1 });
          assert.equal(ledgerJobs, 1);
        },
        { jobs: { polls } },
      );
    }
  });
}

describe("a load through a staging table that is killed is settled by the next run", () => {
  const windows: readonly (readonly [Step, number])[] = [
    ["stage", 1],
    ["insert", 1],
    ["insert", 2],
    ["insert", 3],
    ["copy", 1],
    ["insert", 4],
    ["wait", 4],
    ["verify", 1],
    ["drop", 1],
    ["ledger", 1],
    ["done", 1],
  ];
  for (const [step, count] of windows) {
    scene(`killed at ${step} ${count}`, async ({ open, lake, front, ask }) => {
      const warehouse = open({ uris: 2 });
      await warehouse.setup();
      await catchUp(warehouse, [lake.candleUnit("2025-01", [{ day: "2025-01-09", rows: 3 }])]);
      const days = ["01", "02", "03", "04", "05"].map((day) => ({ day: `2025-01-${day}` }));
      const units = [lake.candleUnit("2025-01", days)];
      await assert.rejects(
        open({ uris: 2, onStep: killer(step, count) }).load(units, () => assert.fail()),
        Killed,
      );
      await catchUp(warehouse, units);
      const { rows } = (await stateOf(warehouse)) as { rows: unknown[] };
      assert.equal(rows.length, 120);
      assert.equal((await writesOf(front))["spot_klines$202501"], 2);
      const listed = (await ask("GET", "datasets/btc_forecast_raw/tables")) as Listed;
      const names = listed.tables.map((one) => one.tableReference.tableId);
      assert.deepEqual(
        names.filter((name) => name.startsWith("_staging_")),
        [],
      );
    });
  }
});
