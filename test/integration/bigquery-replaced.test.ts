// Objects that are replaced between the look at the bucket and the end of the job that reads them.
import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { objectKey } from "../../src/core/layout.ts";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import type { Applied } from "../../src/pipeline/apply.ts";
import { Engine } from "../../src/pipeline/engine.ts";
import { CloudLab, type Machine, tally } from "../fakes/cloud-lab.ts";
import { wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";
import { realPorts, rowsOf } from "../fakes/real-lab.ts";
import { spot } from "../fakes/series.ts";

const start = Date.UTC(2025, 0, 30);
/** Ten hours and a bit into the second day. */
const now = start + DAY + 10 * HOUR + MINUTE;
const SPOT = wish("spot", start, undefined);
const LOAD = { wishes: [], load: { topic: "spot", range: undefined } } as const;
const FIRST = objectKey("spot_klines", spot("1h"), "2025-01-30");

const venueAt = (time: number, version = 0): ModelVenue => {
  const venue = new ModelVenue(start - 20 * DAY, time);
  venue.quirks = { version: () => version };
  return venue;
};

const closes = async (machine: Machine): Promise<unknown[]> => {
  const rows = await rowsOf(await machine.engine.query("SELECT close FROM spot_klines ORDER BY open_time"));
  return rows.map(({ close }) => close);
};

/** Does something once, before the n-th job is sent. */
function before(job: number, what: () => Promise<unknown>): (step: string) => Promise<void> {
  let jobs = 0;
  return async (step) => {
    if (step === "insert" && ++jobs === job) await what();
  };
}

/** Puts another file in the first day's place: as many rows, and none of them right. */
async function swap(lab: CloudLab): Promise<void> {
  const folder = lab.path("elsewhere");
  const engine = new Engine(realPorts(folder, venueAt(now, 7)));
  await engine.apply({ wishes: [SPOT], load: null }, "candlelake test");
  await engine.close();
  const { generation = "", metadata } = (await lab.objects()).get(FIRST) ?? assert.fail();
  await lab.bucket().write(FIRST, readFileSync(`${folder}/${FIRST}`), { replaces: generation, metadata });
}

const FOREIGN = `gs://demo-bucket/raw/${FIRST}`;

/** Somebody who knows nothing of candlelake puts a file of his in the first day's place. */
async function intrude(lab: CloudLab, wished = SPOT, place = FIRST): Promise<void> {
  const folder = lab.path("stranger");
  const engine = new Engine(realPorts(folder, venueAt(now, 9)));
  await engine.apply({ wishes: [wished], load: null }, "candlelake test");
  await engine.close();
  const { generation = null } = (await lab.objects()).get(place) ?? {};
  await lab.bucket().write(place, readFileSync(`${folder}/${place}`), { replaces: generation });
}

/** What a failed step says: its code, whether the month has a part of its rows, and the next command. */
const saidBy = ({ outcomes }: Applied) =>
  outcomes.map(({ status, error }) => [
    status,
    error?.code,
    /there (.*)\.$/.exec(error?.message ?? "")?.[1],
    error?.next,
  ]);

/** The command that puts the foreign object out of the way. */
async function moveOf(lab: CloudLab): Promise<string> {
  const { generation } = (await lab.objects()).get(FIRST) ?? assert.fail();
  const source = `'${FOREIGN}#${generation}'`;
  return `gcloud storage mv --if-generation-match=0 ${source} ${FOREIGN.replace("/raw/", "/legacy/")}`;
}
const PART = "spot_klines 2025-01 has what manifests still vouch for, and no more";

/** Follows the command that puts the foreign object out of the way. */
async function moveAway(lab: CloudLab): Promise<void> {
  await lab.bucket().remove(FIRST, (await lab.objects()).get(FIRST)?.generation ?? assert.fail());
}

/** A lake of a day and some hours in the bucket, with its warehouse, and the closes that are right. */
async function scene(lab: CloudLab): Promise<unknown[]> {
  await using one = lab.loader("one");
  await one.engine.setup();
  await one.ingest(SPOT);
  await using plain = lab.machine("plain");
  await plain.ingest(SPOT);
  const { batches } = await plain.engine.queryLake("SELECT close FROM spot_klines ORDER BY open_time");
  const rows: unknown[] = [];
  for await (const batch of batches) rows.push(...batch.map(([close]) => close));
  assert.equal(rows.length, 34);
  return rows;
}

describe("an object that is replaced while it is loaded", () => {
  test("by somebody else's of as many rows: what came does not count, and the run that has the right one mends it", async () => {
    await using lab = await CloudLab.open(venueAt(now));
    const right = await scene(lab);
    await using one = lab.loader(
      "one",
      before(1, () => swap(lab)),
    );
    const { outcomes } = await one.apply(LOAD);
    assert.deepEqual(
      outcomes.map(({ error }) => [error?.code, error?.next]),
      [["object-changed", "candlelake upload"]],
    );
    assert.deepEqual(await closes(one), right.slice(24));
    await using again = lab.loader("one");
    assert.equal(tally(await again.apply(LOAD)), "load object-changed 1");
    assert.equal(tally(await again.apply({ ...LOAD, wishes: [SPOT] })), "upload done 1, load done 1");
    assert.deepEqual(await closes(again), right);
    assert.equal(tally(await again.apply({ ...LOAD, wishes: [SPOT] })), "");
  });

  test("by a foreign one: no reader is left with its rows, the rest of the month is there, and the message leads out", async () => {
    await using lab = await CloudLab.open(venueAt(now));
    const right = await scene(lab);
    await using one = lab.loader(
      "one",
      before(1, () => intrude(lab)),
    );
    assert.deepEqual(saidBy(await one.apply(LOAD)), [["failed", "object-changed", PART, await moveOf(lab)]]);
    assert.deepEqual(await closes(one), right.slice(24));
    await using again = lab.loader("one");
    const { series, foreign, changed } = await again.engine.survey();
    assert.deepEqual(
      series.map(({ loaded, damaged }) => [loaded, damaged.map(({ code, next }) => [code, next])]),
      [[0, [["object-changed", await moveOf(lab)]]]],
    );
    assert.deepEqual([foreign.map(({ uri }) => uri), changed], [[FOREIGN], []]);
    // Every run says so until somebody has done something about it, and none changes what is there.
    assert.equal(tally(await again.apply(LOAD)), "load object-changed 1");
    assert.deepEqual(await closes(again), right.slice(24));
    await moveAway(lab);
    assert.equal(tally(await again.apply({ ...LOAD, wishes: [SPOT] })), "upload done 1, load done 1");
    assert.deepEqual(await closes(again), right);
    assert.equal(tally(await again.apply(LOAD)), "");
    assert.deepEqual((await again.engine.survey()).series[0]?.damaged, []);
  });

  test("by a foreign one, and its only other day too while the rest is loaded: the month is empty", async () => {
    await using lab = await CloudLab.open(venueAt(now));
    const right = await scene(lab);
    const second = objectKey("spot_klines", spot("1h"), "2025-01-31");
    let jobs = 0;
    await using one = lab.loader("one", async (step) => {
      if (step !== "insert") return;
      jobs++;
      if (jobs === 1) await intrude(lab);
      // A job for the month, one for the ledger, and then the one for what is left.
      const { generation = "" } = (await lab.objects()).get(second) ?? assert.fail();
      if (jobs === 3)
        await lab.bucket().write(second, readFileSync(`${lab.path("stranger")}/${second}`), { replaces: generation });
    });
    assert.deepEqual(saidBy(await one.apply(LOAD)), [
      ["failed", "object-changed", "spot_klines 2025-01 is empty", await moveOf(lab)],
    ]);
    assert.deepEqual(await closes(one), []);
    assert.notEqual(right.length, 0);
  });

  test("by a foreign one, and the run is stopped before the rows are out: the next run takes them out", async () => {
    await using lab = await CloudLab.open(venueAt(now));
    const right = await scene(lab);
    await using one = lab.loader("one", async (step) => {
      if (step === "insert") await intrude(lab);
      if (step === "done") throw new Error("killed");
    });
    await assert.rejects(one.apply(LOAD), /killed/);
    assert.notDeepEqual(await closes(one), right);
    await using again = lab.loader("one");
    assert.deepEqual((await again.engine.survey()).changed, [{ table: "spot_klines", month: "2025-01" }]);
    assert.deepEqual(saidBy(await again.apply(LOAD)), [["failed", "object-changed", PART, await moveOf(lab)]]);
    assert.deepEqual(await closes(again), right.slice(24));
    assert.deepEqual((await again.engine.survey()).changed, []);
  });

  test("behind a month that fails for another cause: each one says its own", async () => {
    await using lab = await CloudLab.open(venueAt(now));
    await scene(lab);
    const funding = wish("funding", start, start + DAY);
    await using one = lab.loader("one", undefined, { jobsADay: 1 });
    assert.equal(tally(await one.apply(LOAD)), "load done 1");
    lab.venue.time += HOUR;
    await one.ingest(SPOT, funding);
    const place =
      [...(await lab.objects()).keys()].find((key) => /^funding_rates.*2025-01-30/.test(key)) ?? assert.fail();
    const meanwhile = before(1, () => intrude(lab, funding, place));
    await using late = lab.loader("one", meanwhile, { jobsADay: 1 });
    const { outcomes } = await late.apply({ wishes: [], load: { topic: undefined, range: undefined } });
    assert.deepEqual(
      outcomes.map(({ step, error }) => [step.table, error?.code]),
      [
        ["spot_klines", "quota-jobs"],
        ["funding_rates", "object-changed"],
      ],
    );
    assert.deepEqual(await rowsOf(await late.engine.query("SELECT count(*) AS n FROM funding_rates")), [{ n: 0 }]);
    assert.equal((await closes(late)).length, 34);
  });

  test("before the load looks at it: nothing is loaded", async () => {
    await using lab = await CloudLab.open(venueAt(now));
    await scene(lab);
    await using one = lab.loader("one");
    const plan = await one.engine.plan(LOAD);
    assert.equal(plan.steps.length, 1);
    await swap(lab);
    assert.equal(tally(await one.apply(LOAD)), "load object-changed 1");
    assert.deepEqual(await closes(one), []);
  });

  test("by another machine's newer day: the month is loaded as that one has it, within the same run", async () => {
    await using lab = await CloudLab.open(venueAt(now));
    await scene(lab);
    const later = async (): Promise<void> => {
      lab.venue.time += 5 * HOUR;
      await using two = lab.loader("two");
      assert.equal(tally(await two.apply({ ...LOAD, wishes: [SPOT] })), "fetch done 1, upload done 1, load done 1");
    };
    await using one = lab.loader("one", before(1, later));
    assert.equal(tally(await one.apply(LOAD)), "load done 1");
    assert.equal((await closes(one)).length, 39);
    await using two = lab.loader("two");
    assert.equal(tally(await two.apply(LOAD)), "");
  });

  test("and killed before the ledger: the next run does not believe what its job read", async () => {
    await using lab = await CloudLab.open(venueAt(now));
    const right = await scene(lab);
    let jobs = 0;
    await using one = lab.loader("one", async (step) => {
      if (step === "insert" && ++jobs === 1) await swap(lab);
      if (step === "verify") throw new Error("killed");
    });
    await assert.rejects(one.apply(LOAD), /killed/);
    assert.notDeepEqual(await closes(one), right);
    await using again = lab.loader("one");
    assert.equal(tally(await again.apply({ ...LOAD, wishes: [SPOT] })), "upload done 1, load done 1");
    assert.deepEqual(await closes(again), right);
  });
});
