// Objects of ours that no manifest names any more, and machines that have nothing else.
import * as assert from "node:assert/strict";
import { describe, test } from "node:test";
import { manifestKey, objectKey } from "../../src/core/layout.ts";
import type { Series } from "../../src/core/series.ts";
import type { TableName } from "../../src/core/table.ts";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import { systemClock } from "../../src/net/system-clock.ts";
import { SILENT } from "../../src/open.ts";
import type { Request } from "../../src/pipeline/engine.ts";
import { GcsBucket } from "../../src/stores/gcs.ts";
import { startGoogleTwin } from "../../src/twin/google/start.ts";
import { sumOf, twinWith, UM } from "../fakes/archive-files.ts";
import { changed } from "../fakes/changed-file.ts";
import { CloudLab, type Machine, tally } from "../fakes/cloud-lab.ts";
import { TemporaryFolder } from "../fakes/folder.ts";
import { wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";
import { loading, rowsOf } from "../fakes/real-lab.ts";
import { funding, futures, metrics, openInterest } from "../fakes/series.ts";
import { startFront } from "../fakes/twin-front.ts";
import { TwinLab } from "../fakes/twin-lab.ts";

const start = Date.UTC(2025, 0, 29);
/** Ten hours and a bit into the fourth day, which is in another month than the first three. */
const now = start + 3 * DAY + 10 * HOUR + MINUTE;
const FUTURES = wish("futures", start, undefined);
const LOAD: Request = { wishes: [], load: { topic: undefined, range: undefined } };

const TABLES: readonly (readonly [TableName, Series])[] = [
  ["futures_klines", futures("1h")],
  ["funding_rates", funding()],
  ["open_interest", openInterest("1h")],
  ["futures_metrics", metrics("1h")],
];
const INTEREST = (day: string) => objectKey("open_interest", openInterest("1h"), day);

const open = () => CloudLab.open(new ModelVenue(start - 20 * DAY, now));

async function remove(lab: CloudLab, ...keys: readonly string[]): Promise<void> {
  const objects = await lab.objects();
  for (const key of keys) await lab.bucket().remove(key, objects.get(key)?.generation ?? assert.fail(key));
}

/** Deletes manifests of January by hand. */
const forget = (lab: CloudLab, ...tables: readonly TableName[]) =>
  remove(
    lab,
    ...TABLES.filter(([name]) => tables.includes(name)).map(([name, of]) => manifestKey(name, of, "2025-01")),
  );

/** The venue no longer has some tables' rows from before a time. */
const keepFrom = (lab: CloudLab, time: number, ...kinds: readonly Series["kind"][]) => {
  lab.venue.quirks = { kept: (series) => (kinds.includes(series.kind) ? time : 0) };
};

/** Rows and values of a machine's warehouse. */
async function loaded(machine: Machine): Promise<unknown> {
  const count = async (sql: string) => (await rowsOf(await machine.engine.query(sql)))[0];
  return [
    await count("SELECT count(*) AS n, sum(open_interest) AS s FROM open_interest"),
    await count("SELECT count(*) AS n, sum(funding_rate) AS s FROM funding_rates"),
    await count(
      "SELECT count(*) AS n, sum(close) AS c, count(open_interest) AS o, count(funding_rate) AS f FROM futures_metrics",
    ),
  ];
}

/** A lake in the bucket and the warehouse, both whole. */
async function scene(lab: CloudLab) {
  await using one = lab.loader("one");
  await one.engine.setup();
  await one.apply(loading(FUTURES));
  return { rows: await loaded(one), objects: await hashes(lab) };
}

/** Hashes of the Parquet objects, by key. */
const hashes = async (lab: CloudLab) =>
  Object.fromEntries(Object.entries(await lab.contents()).filter(([key]) => key.endsWith(".parquet")));

const errorsOf = ({ outcomes }: Awaited<ReturnType<Machine["apply"]>>) =>
  outcomes.flatMap(({ step, error }) => (error ? [`${step.action} ${step.table}: ${error.code}`] : []));

describe("objects that no manifest names", () => {
  test("keep their rows where the manifest was deleted, the folder is empty and the venue has them no longer", async () => {
    await using lab = await open();
    const whole = await scene(lab);
    await forget(lab, "open_interest");
    keepFrom(lab, start + 2 * DAY, "open-interest");
    await using two = lab.loader("two");
    const applied = await two.apply(loading(FUTURES));
    assert.deepEqual(errorsOf(applied), []);
    assert.deepEqual(await hashes(lab), whole.objects);
    assert.deepEqual(await loaded(two), whole.rows);
    await using three = lab.machine("three");
    assert.deepEqual(await three.plan(FUTURES), []);
    assert.ok((await three.engine.survey()).series.every(({ damaged }) => damaged.length === 0));
  });

  test("nor are rows lost where the venue leaves them out without a word", async () => {
    await using lab = await open();
    const whole = await scene(lab);
    await forget(lab, "open_interest");
    lab.venue.quirks = { missing: ({ kind }, time) => kind === "open-interest" && time < start + 30 * HOUR };
    await using two = lab.loader("two");
    assert.deepEqual(errorsOf(await two.apply(loading(FUTURES))), []);
    assert.deepEqual(await hashes(lab), whole.objects);
    assert.deepEqual(await loaded(two), whole.rows);
  });

  test("nor where all manifests of a month are gone, of what is derived too", async () => {
    await using lab = await open();
    const whole = await scene(lab);
    await forget(lab, ...TABLES.map(([name]) => name));
    keepFrom(lab, start + 2 * DAY, "open-interest", "funding", "klines");
    await using two = lab.loader("two");
    assert.deepEqual(errorsOf(await two.apply(loading(FUTURES))), []);
    assert.deepEqual(await hashes(lab), whole.objects);
    assert.deepEqual(await loaded(two), whole.rows);
  });

  test("nor do derived rows go where their candles are gone, now and when they are derived again", async () => {
    await using lab = await open();
    const whole = await scene(lab);
    await forget(lab, "futures_klines", "futures_metrics");
    await remove(lab, ...["2025-01-29", "2025-01-30"].map((day) => objectKey("futures_klines", futures("1h"), day)));
    // Of the first day there is nothing any more, of the second one the last hours.
    keepFrom(lab, start + 2 * DAY - 3 * HOUR, "klines");
    await using two = lab.loader("two");
    assert.deepEqual(errorsOf(await two.apply(loading(FUTURES))), []);
    assert.deepEqual(await loaded(two), whole.rows);
    lab.venue.quirks = { ...lab.venue.quirks, version: ({ kind }) => (kind === "funding" ? 5 : 0) };
    const again = await two.apply(loading({ ...FUTURES, force: true }));
    assert.ok(again.outcomes.some(({ step, status }) => step.action === "derive" && status === "done"));
    assert.deepEqual(errorsOf(again), []);
    const [, , { n }] = (await loaded(two)) as [unknown, unknown, { n: number }];
    assert.equal(Number(n), 3 * 24 + 10);
  });

  test("nothing is made without them: a month is loaded when they are back, and status says how", async () => {
    await using lab = await open();
    const whole = await scene(lab);
    await forget(lab, "open_interest");
    keepFrom(lab, start + 2 * DAY, "open-interest");
    await using two = lab.loader("two");
    const { series, gone } = await two.engine.survey();
    const { code, message, next } = series.flatMap(({ damaged }) => damaged)[0] ?? assert.fail();
    const uri = `gs://demo-bucket/raw/${INTEREST("2025-01-29")}`;
    assert.deepEqual(
      [code, message, next],
      [
        "unnamed-object",
        `${uri} is named by no manifest, and its rows are nowhere else in the lake. Nor 2 more of its month.`,
        "candlelake ingest open-interest --symbol BTCUSDT --period 1h --from 2025-01-29 --to 2025-02-01",
      ],
    );
    assert.deepEqual(gone, []);
    const late = { ...FUTURES, from: start + 2 * DAY };
    // The last day of January is fetched; what it looks back to, and the month that has other days, are not known.
    assert.deepEqual(errorsOf(await two.apply(loading(late))), [
      "derive futures_metrics: unnamed-object",
      "load open_interest: unnamed-object",
    ]);
    const prune = { topic: undefined, range: undefined, prune: true };
    assert.deepEqual(errorsOf(await two.apply({ wishes: [], load: prune })), ["load open_interest: unnamed-object"]);
    assert.deepEqual(await loaded(two), whole.rows);
    await two.ingest(wish("open-interest", start, start + 3 * DAY));
    assert.deepEqual(errorsOf(await two.apply(LOAD)), []);
    assert.deepEqual(await loaded(two), whole.rows);
    assert.deepEqual(await hashes(lab), whole.objects);
  });

  test("a month of which the warehouse has all that manifests name is loaded with others' new rows", async () => {
    await using lab = await open();
    await scene(lab);
    // A run of another day was killed between object and manifest, or is just about to write it.
    const { bytes, metadata } = (await lab.objects()).get(INTEREST("2025-01-30")) ?? assert.fail();
    await lab.bucket().write(INTEREST("2025-01-28"), new Uint8Array(bytes), { replaces: null, metadata });
    await using other = lab.loader("other");
    const asked = loading(wish("open-interest", start, undefined, { symbol: "ETHUSDT" }));
    const { outcomes } = await other.apply(asked);
    assert.deepEqual(
      new Set(outcomes.map(({ step, status }) => `${step.action} ${status}`)),
      new Set(["fetch done", "upload done", "load done"]),
    );
    const [{ n } = assert.fail()] = await rowsOf(
      await other.engine.query(
        "SELECT count(DISTINCT symbol) AS n FROM open_interest WHERE time < TIMESTAMP '2025-02-01'",
      ),
    );
    assert.equal(Number(n), 2);
    await using again = lab.loader("other");
    assert.deepEqual((await again.apply(asked)).outcomes, []);
  });

  test("what looks back to a day of theirs is not derived without it", async () => {
    await using lab = await open();
    const whole = await scene(lab);
    await forget(lab, "open_interest", "futures_metrics");
    await using two = lab.loader("two");
    const late = wish("futures", start + DAY, start + 2 * DAY);
    assert.deepEqual(errorsOf(await two.apply(loading(late))), [
      "derive futures_metrics: unnamed-object",
      "load open_interest: unnamed-object",
      "load futures_metrics: unnamed-object",
    ]);
    assert.deepEqual(await loaded(two), whole.rows);
    assert.deepEqual(await hashes(lab), whole.objects);
  });

  for (const [what, change] of [
    ["other bytes", async () => Buffer.from("other bytes")],
    ["another day's rows", async (lab: CloudLab) => (await lab.bucket().read(INTEREST("2025-01-30"))) ?? assert.fail()],
  ] as const) {
    test(`one with ${what} is refused with its day, by force too, and the other days are taken`, async () => {
      await using lab = await open();
      const whole = await scene(lab);
      await forget(lab, "open_interest");
      const place = INTEREST("2025-01-29");
      const objects = await lab.objects();
      const { generation, metadata } =
        objects.get(what === "other bytes" ? place : INTEREST("2025-01-30")) ?? assert.fail();
      const replaces = objects.get(place)?.generation ?? generation;
      const put = await lab.bucket().write(place, await change(lab), { replaces, metadata });
      keepFrom(lab, start + 2 * DAY, "open-interest");
      await using two = lab.loader("two");
      for (const force of [false, true]) {
        const { outcomes } = await two.apply(loading({ ...FUTURES, force }));
        const bad = outcomes.filter(({ error, step }) => error && step.action === "fetch");
        const uri = `gs://demo-bucket/raw/${place}`;
        assert.deepEqual(
          bad.map(({ error }) => [error?.code, error?.message.startsWith(uri), error?.next]),
          [
            [
              "bad-object",
              true,
              `gcloud storage mv --if-generation-match=0 '${uri}#${put.generation}' ${uri.replace("/raw/", "/legacy/")}`,
            ],
          ],
        );
        const load = outcomes.find(({ step }) => step.action === "load" && step.table === "open_interest");
        assert.equal(load?.error?.code, "unnamed-object");
      }
      assert.deepEqual(await loaded(two), whole.rows);
      // The command is followed: what there is of the day is what the venue has.
      await remove(lab, place);
      assert.deepEqual(errorsOf(await two.apply(loading(FUTURES))), []);
      assert.deepEqual(
        Object.keys(await hashes(lab)),
        Object.keys(whole.objects).filter((key) => key !== place),
      );
    });
  }

  test("an upload from a folder that knows less does not overwrite them, and the command that it names joins both", async () => {
    await using lab = await open();
    await using one = lab.machine("one");
    await one.ingest(FUTURES);
    lab.venue.time += 3 * HOUR;
    await using two = lab.machine("two");
    await two.ingest(FUTURES);
    const whole = await hashes(lab);
    await remove(lab, manifestKey("open_interest", openInterest("1h"), "2025-02"));
    const up: Request = { wishes: [], load: null, upload: "all" };
    const { outcomes } = await one.apply(up);
    assert.deepEqual(
      outcomes.flatMap(({ error }) => (error ? [[error.code, error.next]] : [])),
      [["unnamed-object", "candlelake ingest open-interest --symbol BTCUSDT --period 1h --date 2025-02-01"]],
    );
    assert.deepEqual(await hashes(lab), whole);
    keepFrom(lab, lab.venue.time, "open-interest");
    assert.deepEqual(errorsOf(await one.ingest(wish("open-interest", start + 3 * DAY, undefined))), []);
    assert.deepEqual(await hashes(lab), whole);
    await using three = lab.machine("three");
    assert.deepEqual(await three.plan(FUTURES), []);
  });

  test("files of the archive are taken in beside them, and what they lack is kept", async (context) => {
    const google = await startGoogleTwin();
    const folder = new TemporaryFolder();
    const twin = await twinWith(context, { archive: "files" });
    context.after(() => google.close().then(() => folder[Symbol.dispose]()));
    const settings = { ...google.settings, CANDLELAKE_BUCKET: "demo-bucket" };
    const [march, april] = [Date.UTC(2025, 2, 1), Date.UTC(2025, 3, 1)];
    const wishes = [wish("spot", march, april, { venue: "binance" }), wish("funding", march, april)];
    await using one = new TwinLab(folder.join("one"), { ...twin.settings, ...settings });
    assert.deepEqual(errorsOf(await one.run(...wishes)), []);
    const access = { endpoint: google.url, project: "demo" };
    const bucket = new GcsBucket({ name: "demo-bucket", root: "synthetic/", access, log: SILENT, clock: systemClock });
    for await (const { key, generation } of bucket.list("_manifests")) await bucket.remove(key, generation);
    // Published anew, the file of funding has lost its tenth day; REST has not what it lacks either.
    const file = await changed(twin, `${UM}/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2025-03.zip`, (lines) =>
      lines.toSpliced(27, 3),
    );
    const none = { status: 200, body: "[]" };
    await using front = await startFront(twin, (url) => (url.includes("/fapi/v1/fundingRate") ? none : file(url)));
    await using two = new TwinLab(folder.join("two"), { ...front.settings, ...settings });
    assert.deepEqual(errorsOf(await two.run(...wishes)), []);
    const parquet = (of: TwinLab) =>
      Object.entries(of.contents()).flatMap(([key, bytes]) =>
        /^[a-z].*parquet$/.test(key) ? `${key} ${sumOf(Buffer.from(bytes))}` : [],
      );
    assert.equal(parquet(one).length, 62);
    assert.deepEqual(parquet(two), parquet(one));
  });

  test("a folder that has them all puts the manifest back and sends no object", async () => {
    await using lab = await open();
    await using one = lab.machine("one");
    await one.ingest(FUTURES);
    const whole = await lab.contents();
    await forget(lab, "open_interest", "futures_metrics");
    const before = one.usage.bytesUploaded;
    assert.match(tally(await one.ingest(FUTURES)), /^upload done 6$/);
    assert.deepEqual(await lab.contents(), whole);
    assert.ok(one.usage.bytesUploaded - before < 20_000);
  });
});
