// A project without billing: partitions expire 60 days after they begin, months too.
import * as assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AppError } from "../../src/core/errors.ts";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import type { Applied } from "../../src/pipeline/apply.ts";
import type { Request } from "../../src/pipeline/engine.ts";
import { load, rowsOf } from "../contract/warehouse.ts";
import { clockOf } from "../fakes/bigquery.ts";
import { catchUp, scene, writesOf } from "../fakes/bigquery-scene.ts";
import { CloudLab } from "../fakes/cloud-lab.ts";
import { jobsOf } from "../fakes/google-front.ts";
import { wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";

/** 60 days before is 27 September: that month is over its time, October has four days left. */
const now = Date.UTC(2026, 10, 26, 10) + MINUTE;

const KEEP =
  "bq query --project_id=demo --use_legacy_sql=false " +
  "'ALTER TABLE `demo.btc_forecast_raw.spot_klines` SET OPTIONS (partition_expiration_days = NULL)'";

/** One message for a table, whatever its months are. */
const said = (last: string): RegExp =>
  new RegExp(
    `^bigquery:demo\\.btc_forecast_raw: rows of spot_klines up to ${last} vanish as soon as they are loaded: ` +
      "its partitions expire 60 days after their month begins\\. In the sandbox ",
  );

describe("the sandbox", () => {
  let time = now;
  const sandbox = { sandbox: true, now: () => time };

  scene(
    "setup says that months vanish; a load takes those that stay, and no job is sent for the others",
    async ({ open, lake, front }) => {
      time = now;
      const warned: string[] = [];
      const log = { info() {}, debug() {}, warn: (message: string) => warned.push(message) };
      const warehouse = open({ log, clock: clockOf(() => time) });
      await warehouse.setup();
      await warehouse.setup();
      assert.ok(
        warned.some((line) => /months that began more than 60 days ago vanish at once/.test(line)),
        warned.join("\n"),
      );
      const months = ["2020-01", "2026-08", "2026-09", "2026-10", "2026-11"];
      const units = months.map((month) => lake.candleUnit(month, [{ day: `${month}-01`, rows: 5 }]));
      for (let run = 0; run < 2; run++) {
        await assert.rejects(catchUp(warehouse, units), (error: AppError) => {
          assert.deepEqual([error.code, error.exitCode, error.next], ["partitions-expired", 4, KEEP]);
          assert.match(error.message, said("2026-09"));
          return true;
        });
        assert.deepEqual(await writesOf(front), {
          spot_klines$202610: 1,
          spot_klines$202611: 1,
          load_ledger: 1,
        });
        assert.deepEqual(await rowsOf(warehouse, "SELECT count(*) AS n FROM spot_klines"), [[10]]);
      }
      await warehouse.ledger();
      const refused = months.filter((month) => warehouse.unloadable("spot_klines", month));
      assert.deepEqual(refused, ["2020-01", "2026-08", "2026-09"]);
    },
    sandbox,
  );

  scene(
    "a month lasts to the instant at which it expires, for the stand-in and for us alike",
    async ({ open, lake }) => {
      const end = Date.UTC(2026, 9, 1) + 60 * DAY;
      time = end - 1;
      const warehouse = open({ clock: clockOf(() => time) });
      await warehouse.setup();
      const unit = lake.candleUnit("2026-10", [{ day: "2026-10-31" }]);
      assert.deepEqual(await load(warehouse, unit), [["spot_klines 2026-10", 24]]);
      assert.equal((await warehouse.ledger()).length, 1);
      assert.equal(warehouse.unloadable("spot_klines", "2026-10"), undefined);
      time = end;
      assert.deepEqual(await warehouse.ledger(), []);
      assert.equal(warehouse.unloadable("spot_klines", "2026-10")?.code, "partitions-expired");
      await assert.rejects(load(warehouse, unit), { code: "partitions-expired" });
    },
    sandbox,
  );

  scene(
    "the ledger outlasts what it tells of, and an hourly job needs no other setup in all that time",
    async ({ open, lake }) => {
      time = now;
      const warehouse = open({ clock: clockOf(() => time) });
      await warehouse.setup();
      for (let month = Date.UTC(2026, 10, 1); month < Date.UTC(2027, 6, 1); month += 31 * DAY) {
        const [name, day] = [new Date(month).toISOString().slice(0, 7), new Date(month).toISOString().slice(0, 10)];
        time = Math.max(now, month + DAY);
        const unit = lake.candleUnit(name, [{ day }]);
        assert.deepEqual(await load(warehouse, unit), [[`spot_klines ${name}`, 24]]);
        const ledger = await warehouse.ledger();
        const [[rows] = []] = (await rowsOf(warehouse, "SELECT count(*) AS n FROM spot_klines")) as [number][];
        assert.equal(
          ledger.reduce((sum, row) => sum + row.rows, 0),
          rows,
        );
        assert.deepEqual(warehouse.strangers, []);
      }
    },
    sandbox,
  );

  test("a plan tells what a run does: months that vanish fail with one message, and no later run tries them", async () => {
    const start = Date.UTC(2026, 7, 30);
    const twin = { sandbox: true, now };
    await using lab = await CloudLab.open(new ModelVenue(start - 20 * DAY, now - 10 * HOUR), twin);
    const clock = { clock: clockOf(() => now) };
    const loader = () => lab.loader("one", undefined, clock);
    await using one = loader();
    await one.engine.setup();
    const request: Request = {
      wishes: [wish("spot", start, undefined, { interval: "1d" })],
      load: { topic: "spot", range: undefined },
    };
    const told = (applied: Pick<Applied, "outcomes">) =>
      applied.outcomes.flatMap(({ step, status, error }) =>
        step.action === "load" ? [[step.month, status, error?.code]] : [],
      );
    const gone = ["2026-08", "2026-09"].map((month) => [month, "failed", "partitions-expired"]);
    const first = await one.apply(request);
    assert.deepEqual(told(first).sort(), [...gone, ["2026-10", "done", undefined], ["2026-11", "done", undefined]]);
    const messages = new Set(first.outcomes.flatMap(({ error }) => error?.message ?? []));
    assert.equal(messages.size, 1);
    assert.match([...messages].join(), said("2026-09"));
    const jobs = (await jobsOf({ endpoint: lab.google.url })).length;
    assert.equal(jobs, 3);
    await using again = loader();
    const { steps } = await again.engine.plan(request);
    assert.deepEqual(
      steps.map((step) => [step.action === "load" && step.month, "failed", step.error?.code]),
      gone,
    );
    assert.deepEqual(told(await again.apply(request)), gone);
    assert.equal((await jobsOf({ endpoint: lab.google.url })).length, jobs);
  });
});
