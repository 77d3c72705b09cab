// Entries that a folder takes over from the bucket, because another machine has read them later, and whose objects go.
import * as assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { manifestKey, objectKey } from "../../src/core/layout.ts";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import { CloudLab, type Machine, tally } from "../fakes/cloud-lab.ts";
import { wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";
import { loading, rowsOf } from "../fakes/real-lab.ts";
import { spot } from "../fakes/series.ts";

const start = Date.UTC(2025, 0, 30);
/** Ten hours and a bit into the third day. */
const now = start + 2 * DAY + 10 * HOUR + MINUTE;
const SPOT = wish("spot", start, undefined);
const [FIRST, SECOND, THIRD] = ["2025-01-30", "2025-01-31", "2025-02-01"].map((day) =>
  objectKey("spot_klines", spot("1h"), day),
) as [string, string, string];

const WORDS = "ingest spot --venue binance-us --symbol BTCUSDT --interval 1h";

const EVERYTHING = { topic: undefined, range: undefined };
/** Other rows than there are, as a manifest's first entry may be edited to tell. */
const falsified = (text: string): string =>
  text.replace('"rows":24', '"rows":25').replace(/"content":"[0-9a-f]{4}/, '"content":"0000');

const open = () => CloudLab.open(new ModelVenue(start - 20 * DAY, now));

const generationOf = async (lab: CloudLab, key: string) => (await lab.objects()).get(key) ?? assert.fail(key);

const remove = async (lab: CloudLab, key: string) =>
  lab.bucket().remove(key, (await generationOf(lab, key)).generation);

/** Other bytes in an object's place, that say of themselves what it said. */
async function damage(lab: CloudLab, key: string): Promise<void> {
  const { generation, metadata, bytes } = await generationOf(lab, key);
  await lab.bucket().write(key, new Uint8Array(bytes), { replaces: generation, metadata });
}

/** One machine has the whole lake, and another one has read it again later. */
async function scene(lab: CloudLab, version = 0): Promise<Record<string, string>> {
  await using one = lab.loader("one");
  await one.engine.setup();
  await one.ingest(SPOT);
  lab.venue.time += MINUTE;
  lab.venue.quirks = { version: () => version };
  await using two = lab.machine("two");
  await two.ingest({ ...SPOT, force: true });
  return lab.contents();
}

describe("an object of an entry that another machine has read later", () => {
  test("is put back from a folder that has its very bytes", async () => {
    await using lab = await open();
    const whole = await scene(lab);
    await using one = lab.loader("one");
    assert.deepEqual(await one.plan(SPOT), []);
    await remove(lab, FIRST);
    await damage(lab, SECOND);
    const { series } = await one.engine.survey();
    assert.deepEqual(
      series.flatMap(({ damaged }) => damaged.map(({ code, next }) => [code, next])),
      [
        ["object-missing", "candlelake upload"],
        ["object-changed", "candlelake upload"],
      ],
    );
    assert.deepEqual(await one.plan(SPOT), [
      "upload spot_klines 2025-01-30: object missing or changed in the bucket",
      "upload spot_klines 2025-01-31: object missing or changed in the bucket",
    ]);
    assert.equal(tally(await one.apply(loading(SPOT))), "upload done 2, load done 2");
    assert.deepEqual(await lab.contents(), whole);
    await remove(lab, FIRST);
    assert.equal(tally(await one.apply({ wishes: [], load: null, upload: "all" })), "upload done 1");
    assert.deepEqual(await lab.contents(), whole);
    await using fresh = lab.machine("fresh");
    for (const machine of [one, fresh]) assert.deepEqual(await machine.plan(SPOT), []);
  });

  test("is fetched anew where the folder has other bytes, of the same size too", async () => {
    await using lab = await open();
    await using before = lab.machine("one");
    await before.ingest(SPOT);
    const sizes = [...(await lab.objects()).values()].map(({ bytes }) => bytes);
    const whole = await scene(lab, 3);
    assert.deepEqual(
      [...(await lab.objects()).values()].flatMap(({ key, bytes }) => (key.endsWith(".parquet") ? bytes : [])),
      sizes.slice(-3),
    );
    await remove(lab, FIRST);
    await damage(lab, SECOND);
    await using one = lab.loader("one");
    const { series } = await one.engine.survey();
    assert.deepEqual(
      series.flatMap(({ damaged }) => damaged.map(({ next }) => next)),
      ["2025-01-30", "2025-01-31"].map(
        (day) => `candlelake ingest spot --venue binance-us --symbol BTCUSDT --interval 1h --date ${day}`,
      ),
    );
    assert.deepEqual(await one.plan(SPOT), [
      "fetch spot_klines 2025-01-30: object missing or changed",
      "fetch spot_klines 2025-01-31: object missing or changed",
      "upload spot_klines 2025-01-30: the partition changes",
      "upload spot_klines 2025-01-31: the partition changes",
    ]);
    assert.equal(tally(await one.apply(loading(SPOT))), "fetch done 2, upload done 2, load done 2");
    assert.deepEqual(await lab.contents(), whole);
  });

  test("counts for nothing where it has fewer rows than a folder that was filled earlier", async () => {
    await using lab = await open();
    await using one = lab.loader("one");
    await one.engine.setup();
    await one.ingest(SPOT);
    const whole = await lab.contents();
    const keys = [...(await lab.objects()).keys()];
    for (const key of keys) await remove(lab, key);
    lab.venue.time += MINUTE;
    lab.venue.quirks = { kept: ({ kind }) => (kind === "klines" ? start + DAY + 5 * HOUR : 0) };
    await using two = lab.loader("two");
    await two.apply(loading(SPOT));
    const count = async (machine: typeof one) =>
      Number((await rowsOf(await machine.engine.query("SELECT count(*) AS n FROM spot_klines")))[0]?.["n"]);
    assert.equal(await count(two), 24 - 5 + 10);

    await using again = lab.loader("one");
    assert.equal(tally(await again.apply(loading(SPOT))), "upload done 2, load done 1");
    assert.equal(await count(again), 2 * 24 + 10);
    const objects = Object.entries(whole).filter(([key]) => key.endsWith(".parquet"));
    const now = await lab.contents();
    assert.deepEqual(
      objects.map(([key]) => now[key]),
      objects.map(([, content]) => content),
    );
    // Nobody has anything left to do, and nobody takes them away again, by force neither.
    for (const name of ["one", "two", "three"]) {
      await using machine = lab.loader(name);
      assert.deepEqual(await machine.plan(SPOT), [], name);
    }
    await using forced = lab.loader("two");
    await forced.apply(loading({ ...SPOT, force: true }));
    assert.equal(await count(forced), 2 * 24 + 10);
  });

  test("is not replaced by the fewer rows of an older file, where the venue has them no longer", async () => {
    await using lab = await open();
    await using one = lab.loader("one");
    await one.engine.setup();
    await one.ingest(SPOT);
    lab.venue.time += 3 * HOUR;
    await using two = lab.loader("two");
    await two.apply(loading(SPOT));
    await remove(lab, THIRD);
    lab.venue.quirks = { kept: ({ kind }, time) => (kind === "klines" ? time : 0) };
    const { outcomes } = await one.apply(loading(SPOT));
    assert.deepEqual(
      outcomes.map(({ step, status, error }) => `${step.action} ${error?.code ?? status}`),
      ["fetch rows-lost", "upload unchanged", "load unchanged"],
    );
    const [{ n } = assert.fail()] = await rowsOf(await one.engine.query("SELECT count(*) AS n FROM spot_klines"));
    assert.equal(Number(n), 2 * 24 + 13);
    // What there is may be taken all the same.
    assert.equal(
      tally(await one.apply(loading({ ...SPOT, from: start + 2 * DAY, force: true }))),
      "fetch done 1, upload done 1, load done 1",
    );
  });
});

describe("an entry that somebody edited in the bucket's manifest, so that it has another number of rows than its object", () => {
  const MANIFEST = manifestKey("spot_klines", spot("1h"), "2025-01");

  /** Loaded by a machine with a folder; then edited, and news of the same month. */
  async function edited(lab: CloudLab): Promise<void> {
    await using one = lab.loader("one");
    await one.engine.setup();
    await one.apply(loading(SPOT));
    const text = new TextDecoder().decode(await lab.bucket().read(MANIFEST));
    const wrong = falsified(text);
    assert.notEqual(wrong, text);
    await lab.put(`raw/${MANIFEST}`, wrong);
  }
  const rows = async (machine: Machine) => rowsOf(await machine.engine.query("SELECT count(*) AS n FROM spot_klines"));

  test("is put right by a machine whose folder has it right", async () => {
    await using lab = await open();
    await edited(lab);
    await using one = lab.loader("one");
    assert.equal(tally(await one.apply(loading(SPOT))), "upload done 1");
    assert.deepEqual(await one.apply(loading(SPOT)).then(({ outcomes }) => outcomes), []);
    assert.deepEqual(await rows(one), [{ n: 58 }]);
  });

  test("or whose object somebody made say otherwise of itself, is written again once", async () => {
    await using lab = await open();
    await using one = lab.loader("one");
    await one.engine.setup();
    await one.apply(loading(SPOT));
    const whole = await lab.contents();
    const { generation, metadata } = await generationOf(lab, FIRST);
    const bytes = (await lab.bucket().read(FIRST)) ?? assert.fail(FIRST);
    await lab.bucket().write(FIRST, bytes, { replaces: generation, metadata: { ...metadata, rows: "25" } });
    assert.match(tally(await one.apply(loading(SPOT))), /^upload done 1/);
    assert.equal((await generationOf(lab, FIRST)).metadata["rows"], "24");
    assert.deepEqual(await lab.contents(), whole);
    assert.deepEqual(await one.apply(loading(SPOT)).then(({ outcomes }) => outcomes), []);
    await using fresh = lab.machine("fresh");
    assert.deepEqual(await fresh.plan(SPOT), []);
  });

  test("is named by one without a folder, costs the warehouse no rows, and is put right by its next run", async () => {
    await using lab = await open();
    await edited(lab);
    await using fresh = lab.loader("fresh");
    const next = "candlelake ingest spot --venue binance-us --symbol BTCUSDT --interval 1h --date 2025-01-30";
    const { series } = await fresh.engine.survey();
    assert.deepEqual(
      series.flatMap(({ damaged }) => damaged.map((error) => [error.code, error.next])),
      [["object-changed", next]],
    );
    assert.match(series[0]?.damaged[0]?.message ?? "", /tells other rows of itself than its manifest does/);
    const load = await fresh.apply({ wishes: [], load: EVERYTHING });
    assert.deepEqual(
      load.outcomes.map(({ error }) => error?.next),
      [next],
    );
    assert.deepEqual(await rows(fresh), [{ n: 58 }]);
    assert.equal(tally(await fresh.apply(loading(SPOT))), "fetch done 1, upload done 1, load unchanged 1");
    assert.deepEqual(await rows(fresh), [{ n: 58 }]);
    assert.deepEqual(
      (await fresh.engine.survey()).series.flatMap(({ damaged }) => damaged),
      [],
    );
    assert.deepEqual(await fresh.plan(SPOT), []);
  });

  /** The object in place anew, without a word of ours: only its bytes tell of its rows. */
  async function silenced(lab: CloudLab): Promise<void> {
    const { generation } = await generationOf(lab, FIRST);
    const bytes = (await lab.bucket().read(FIRST)) ?? assert.fail(FIRST);
    await lab.bucket().write(FIRST, bytes, { replaces: generation, metadata: {} });
  }

  test("costs no rows either where the object says nothing of itself; the load names it, and the command that helps", async () => {
    await using lab = await open();
    await edited(lab);
    await silenced(lab);
    await using fresh = lab.loader("fresh");
    for (let run = 0; run < 2; run++) {
      const { outcomes } = await fresh.apply(loading(SPOT));
      assert.deepEqual(
        outcomes.map(({ step, error }) => [step.action, error?.code, error?.next]),
        [["load", "false-entry", `candlelake ${WORDS} --date 2025-01-30 --force`]],
      );
      assert.match(outcomes[0]?.error?.message ?? "", /but its rows are 24, and its manifest says 25\.$/);
      assert.deepEqual(await rows(fresh), [{ n: 58 }]);
    }
    await fresh.ingest({ ...SPOT, to: start + DAY, force: true });
    assert.equal(tally(await fresh.apply(loading(SPOT))), "load done 1");
    assert.deepEqual(await rows(fresh), [{ n: 58 }]);
    assert.deepEqual(await fresh.plan(SPOT), []);
  });

  for (const [how, stop] of [
    ["the load is stopped", (_: CloudLab, work: AbortController) => work.abort()],
    ["Cloud Storage does not answer", ({ google }: CloudLab) => google.setFaults("503@/dd=30")],
    ["the object may not be read", ({ google }: CloudLab) => google.setFaults("deny:storage.objects.get@/dd=30")],
  ] as const)
    test(`nor where ${how} before anybody has looked`, async () => {
      await using lab = await open();
      await edited(lab);
      await silenced(lab);
      const work = new AbortController();
      let isStopped = false;
      await using struck = lab.loader("struck", async (step) => {
        if (step !== "verify" || isStopped) return;
        isStopped = true;
        stop(lab, work);
      });
      await struck.engine.apply({ wishes: [], load: EVERYTHING }, "candlelake load", undefined, work.signal);
      lab.google.setFaults("");
      await using fresh = lab.loader("fresh");
      assert.ok(isStopped);
      assert.deepEqual(await rows(fresh), [{ n: 58 }]);
      assert.equal(tally(await fresh.apply({ wishes: [], load: EVERYTHING })), "load false-entry 1");
    });

  test("is not sent from a folder whose own manifest somebody edited, and costs no rows there either", async () => {
    await using lab = await open();
    await using one = lab.loader("one");
    await one.engine.setup();
    await one.apply(loading(SPOT));
    const whole = await lab.contents();
    const metadata = async () => (await generationOf(lab, FIRST)).metadata;
    const before = await metadata();
    const file = `${lab.path("one")}/${MANIFEST}`;
    writeFileSync(file, falsified(readFileSync(file, "utf8")));
    await using again = lab.loader("one");
    const { series } = await again.engine.survey();
    assert.deepEqual(
      series.flatMap(({ damaged }) => damaged.map((error) => [error.code, error.next])),
      [["false-entry", `candlelake ${WORDS} --date 2025-01-30 --force`]],
    );
    for (let run = 0; run < 2; run++) {
      const { outcomes } = await again.apply(loading(SPOT));
      assert.deepEqual(
        outcomes.map(({ step, status, error }) => [step.action, status, error?.code, error?.next]),
        [
          ["upload", "failed", "false-entry", `candlelake ${WORDS} --date 2025-01-30 --force`],
          ["load", "deferred", "false-entry", `candlelake ${WORDS} --date 2025-01-30 --force`],
        ],
      );
      assert.deepEqual(await rows(again), [{ n: 58 }]);
      assert.deepEqual(await metadata(), before);
    }
    await again.ingest({ ...SPOT, to: start + DAY, force: true });
    assert.doesNotMatch(tally(await again.apply(loading(SPOT))), /error|entry/);
    assert.deepEqual(await rows(again), [{ n: 58 }]);
    assert.deepEqual(Object.keys(await lab.contents()), Object.keys(whole));
    assert.deepEqual(await metadata(), before);
  });
});

describe("an entry that somebody edited in the bucket's manifest, so that its day is empty", () => {
  const MANIFEST = manifestKey("spot_klines", spot("1h"), "2025-01");

  test("is named with its object, costs no rows, and is put right by the next run", async () => {
    await using lab = await open();
    await using one = lab.loader("one");
    await one.engine.setup();
    await one.apply(loading(SPOT));
    const text = new TextDecoder().decode(await lab.bucket().read(MANIFEST));
    const wrong = text.replace(
      /("2025-01-30": \{)"object":.*?"gaps":/,
      `$1"object":null,"sha256":null,"content":"${"0".repeat(64)}","bytes":0,"rows":0,"span":null,"gaps":`,
    );
    assert.notEqual(wrong, text);
    await lab.put(`raw/${MANIFEST}`, wrong);
    await using fresh = lab.loader("fresh");
    const { series } = await fresh.engine.survey();
    assert.deepEqual(
      series.flatMap(({ damaged }) => damaged.map((error) => [error.code, error.next])),
      [["unnamed-object", `candlelake ${WORDS} --date 2025-01-30`]],
    );
    assert.match(series[0]?.damaged[0]?.message ?? "", /is there, and its manifest says that the day is empty\.$/);
    const load = await fresh.apply({ wishes: [], load: EVERYTHING });
    assert.deepEqual(
      load.outcomes.map(({ error }) => error?.code),
      ["unnamed-object"],
    );
    const rows = async () => rowsOf(await fresh.engine.query("SELECT count(*) AS n FROM spot_klines"));
    assert.deepEqual(await rows(), [{ n: 58 }]);
    assert.equal(tally(await fresh.apply(loading(SPOT))), "fetch done 1, upload done 1, load unchanged 1");
    assert.deepEqual(await rows(), [{ n: 58 }]);
    assert.deepEqual(
      (await fresh.engine.survey()).series.flatMap(({ damaged }) => damaged),
      [],
    );
    assert.deepEqual(await fresh.plan(SPOT), []);
  });
});

test("an object with other bytes than it says, which the venue has no longer, is given up by force for good", async () => {
  await using lab = await open();
  await using one = lab.loader("one");
  await one.engine.setup();
  await one.apply(loading(SPOT));
  await damage(lab, FIRST);
  lab.venue.quirks = { kept: ({ kind }) => (kind === "klines" ? start + DAY : 0) };
  await using fresh = lab.loader("fresh");
  const { outcomes } = await fresh.apply(loading(SPOT));
  assert.deepEqual(outcomes.flatMap(({ error }) => error?.next ?? []).slice(0, 1), [
    `candlelake ${WORDS} --date 2025-01-30 --force`,
  ]);
  assert.equal(tally(await fresh.ingest({ ...SPOT, to: start + DAY, force: true })), "fetch done 1, upload done 1");
  assert.equal(tally(await fresh.apply(loading(SPOT))), "load done 1");
  assert.deepEqual(await fresh.plan(SPOT), []);
  assert.deepEqual(await rowsOf(await fresh.engine.query("SELECT count(*) AS n FROM spot_klines")), [{ n: 34 }]);
  await using other = lab.loader("other");
  assert.deepEqual(await other.plan(SPOT), []);
  assert.deepEqual(
    (await other.engine.survey()).series.flatMap(({ damaged }) => damaged),
    [],
  );
});
