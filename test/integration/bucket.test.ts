import * as assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { objectKey } from "../../src/core/layout.ts";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import { CloudLab, tally } from "../fakes/cloud-lab.ts";
import { CrashingBucket } from "../fakes/crashing-bucket.ts";
import { Killed } from "../fakes/crashing-store.ts";
import { wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";
import { spot } from "../fakes/series.ts";

const start = Date.UTC(2025, 0, 30);
const listed = Date.UTC(2024, 11, 20);
/** Ten hours and a bit into the third day, which is in another month than the first two. */
const now = start + 2 * DAY + 10 * HOUR + MINUTE;
const SPOT = wish("spot", start, undefined);
const FUTURES = wish("futures", start, undefined);
const key = (day: string) => objectKey("spot_klines", spot("1h"), day);

const open = () => CloudLab.open(new ModelVenue(listed, now));

describe("a lake in a bucket", () => {
  test("objects lie at their paths with what a plan asks of them, and the second run does nothing", async () => {
    await using lab = await open();
    await using one = lab.machine("one");
    assert.equal(tally(await one.ingest(SPOT)), "fetch done 3, upload done 3");
    const objects = await lab.objects();
    assert.deepEqual([...objects.keys()].sort(), [
      "_manifests/spot_klines/binance-us_btcusdt_spot_1h_2025-01.json",
      "_manifests/spot_klines/binance-us_btcusdt_spot_1h_2025-02.json",
      key("2025-01-30"),
      key("2025-01-31"),
      key("2025-02-01"),
    ]);
    const stored = objects.get(key("2025-01-30")) ?? assert.fail();
    const manifest = JSON.parse(
      new TextDecoder().decode(
        await lab.bucket().read("_manifests/spot_klines/binance-us_btcusdt_spot_1h_2025-01.json"),
      ),
    );
    const entry = manifest.partitions["2025-01-30"];
    assert.deepEqual(entry.stored, { generation: stored.generation, crc32c: stored.crc32c });
    assert.deepEqual(stored.metadata, {
      sha256: entry.sha256,
      content: entry.content,
      rows: "24",
      from: "2025-01-30T00:00:00.000Z",
      to: "2025-01-30T23:00:00.000Z",
    });
    assert.equal(tally(await one.ingest(SPOT)), "");
    await using again = lab.machine("one");
    assert.equal(tally(await again.ingest(SPOT)), "");
    assert.equal(again.usage.writes, 0);
  });

  test("a machine with an empty folder goes on from the bucket: it fetches what is new, and downloads no object", async () => {
    await using lab = await open();
    await using one = lab.machine("one");
    await one.ingest(SPOT, FUTURES);
    const before = lab.venue.requests;
    await using two = lab.machine("two");
    assert.equal(tally(await two.ingest(SPOT, FUTURES)), "");
    assert.equal(lab.venue.requests, before);
    const reads = lab.google.requests.filter(({ query }) => query.includes("alt=media"));
    assert.ok(reads.length > 0 && reads.every(({ path }) => path.includes("_manifests")), "objects were read");
    lab.venue.time += HOUR;
    assert.equal(tally(await two.ingest(SPOT)), "fetch done 1, upload done 1");
    // The one that was there first takes over what the other has read since.
    assert.deepEqual(await one.plan(SPOT), []);
  });

  test("what is derived is derived on another machine from the inputs that it needs", async () => {
    await using lab = await open();
    await using one = lab.machine("one");
    await one.ingest(FUTURES);
    const whole = await lab.contents();
    lab.venue.time += HOUR;
    await using two = lab.machine("two");
    assert.match(tally(await two.ingest(FUTURES)), /derive done 1, upload done 4/);
    await using rival = await open();
    rival.venue.time += HOUR;
    await using alone = rival.machine("alone");
    await alone.ingest(FUTURES);
    const [got, wanted] = [await lab.contents(), await rival.contents()];
    assert.deepEqual(Object.keys(got), Object.keys(whole));
    for (const name of Object.keys(wanted)) if (name.endsWith(".parquet")) assert.equal(got[name], wanted[name], name);
  });

  test("of two machines one writes the manifest, the other says so and is right the next time", async () => {
    await using lab = await open();
    await using one = lab.machine("one");
    await using two = lab.machine("two");
    const race = await Promise.all([one.ingest(SPOT), two.ingest(SPOT)]);
    for (const { outcomes } of race)
      for (const { status, error } of outcomes)
        assert.ok(status === "done" || error?.code === "bucket-conflict", `${status} ${error?.message}`);
    assert.equal(tally(await two.ingest(SPOT)).includes("conflict"), false);
    assert.equal(tally(await one.ingest(SPOT)).includes("conflict"), false);
    for (const machine of [one, two]) assert.deepEqual(await machine.plan(SPOT), []);
    await using fresh = lab.machine("fresh");
    assert.deepEqual(await fresh.plan(SPOT), []);
  });

  test("an object that was changed or removed under its entry is put back from the folder", async () => {
    await using lab = await open();
    await using one = lab.machine("one");
    await one.ingest(SPOT);
    const whole = await lab.contents();
    const objects = await lab.objects();
    const [first, second] = [key("2025-01-30"), key("2025-01-31")];
    const bucket = lab.bucket();
    const { generation, metadata } = objects.get(first) ?? assert.fail();
    await bucket.write(first, Buffer.from("other bytes"), { replaces: generation, metadata });
    await bucket.remove(second, objects.get(second)?.generation ?? "");
    assert.deepEqual(await one.plan(SPOT), [
      "upload spot_klines 2025-01-30: object missing or changed in the bucket",
      "upload spot_klines 2025-01-31: object missing or changed in the bucket",
    ]);
    assert.equal(tally(await one.ingest(SPOT)), "upload done 2");
    assert.deepEqual(await lab.contents(), whole);
  });

  test("where no folder has it either, it is fetched again", async () => {
    await using lab = await open();
    await using one = lab.machine("one");
    await one.ingest(SPOT);
    const whole = await lab.contents();
    const { generation } = (await lab.objects()).get(key("2025-01-31")) ?? assert.fail();
    await lab.bucket().remove(key("2025-01-31"), generation);
    await using two = lab.machine("two");
    assert.deepEqual(await two.plan(SPOT), [
      "fetch spot_klines 2025-01-31: object missing or changed",
      "upload spot_klines 2025-01-31: the partition changes",
    ]);
    assert.equal(tally(await two.ingest(SPOT)), "fetch done 1, upload done 1");
    assert.deepEqual(await lab.contents(), whole);
  });

  test("what others have put at our path is named, and neither overwritten nor taken for ours", async () => {
    await using lab = await open();
    const theirs = Buffer.from("PAR1 of somebody else");
    await lab.bucket().write(key("2025-01-30"), theirs, { replaces: null });
    await lab.bucket().write("spot_klines/interval=1h/yyyy=2025/mm=01/dd=01/old.parquet", theirs, { replaces: null });
    await lab.bucket().write("spot/part.parquet", theirs, { replaces: null });
    await using one = lab.machine("one");
    const { steps } = await one.engine.plan({ wishes: [SPOT], load: null });
    const refused = steps.flatMap((step) =>
      step.error ? [`${step.action} ${step.error.code} ${step.error.next}`] : [],
    );
    const there = `gs://demo-bucket/raw/${key("2025-01-30")}`;
    const { generation } = (await lab.objects()).get(key("2025-01-30")) ?? assert.fail();
    const move = `gcloud storage mv --if-generation-match=0 '${there}#${generation}' ${there.replace("/raw/", "/legacy/")}`;
    assert.deepEqual(refused, [`upload foreign-object ${move}`]);
    const { outcomes } = await one.ingest(SPOT);
    const bad = outcomes.flatMap(({ error }) => (error ? [error] : []));
    assert.deepEqual(
      bad.map(({ code }) => code),
      ["foreign-object"],
    );
    assert.match(bad[0]?.message ?? "", new RegExp(`^gs://demo-bucket/raw/${key("2025-01-30")} was there before`));
    assert.deepEqual(Buffer.from((await lab.bucket().read(key("2025-01-30"))) ?? []), theirs);
    assert.deepEqual(
      (await one.engine.foreign()).map(({ uri }) => uri).sort(),
      [
        `gs://demo-bucket/raw/${key("2025-01-30")}`,
        "gs://demo-bucket/raw/spot_klines/interval=1h/yyyy=2025/mm=01/dd=01/old.parquet",
        "gs://demo-bucket/raw/spot/part.parquet",
      ].sort(),
    );
  });

  test("folders that somebody made in a console are nobody's rows: empty they are passed over, else moved by themselves", async () => {
    await using lab = await open();
    await using one = lab.machine("one");
    await one.ingest(SPOT);
    const folders = ["", "spot_klines/", "spot_klines/interval=1h/", "_manifests/spot_klines/", "notes/"];
    for (const folder of folders) await lab.put(`raw/${folder}`, "");
    assert.deepEqual((await one.engine.survey()).foreign, []);
    assert.deepEqual(await one.plan(SPOT), []);
    await using two = lab.machine("two");
    assert.deepEqual(await two.plan(SPOT), []);
    const { generation } = await lab.put("raw/spot_klines/", "a word");
    assert.deepEqual(await one.engine.foreign(), [
      {
        uri: "gs://demo-bucket/raw/spot_klines/",
        difference: "its name is none of the lake's",
        next: `gcloud storage mv --if-generation-match=0 'gs://demo-bucket/raw/spot_klines/#${generation}' gs://demo-bucket/legacy/spot_klines/`,
      },
    ]);
    assert.deepEqual(await one.plan(SPOT), []);
  });

  test("a month that the bucket alone has, and that cannot be read there, is never taken for an empty one", async () => {
    await using lab = await open();
    await using one = lab.machine("one");
    const load = { wishes: [], load: { topic: "spot", range: undefined } } as const;
    await one.ingest(SPOT);
    await one.apply(load);
    for (const folder of ["_manifests", "spot_klines", "_cache"])
      rmSync(`${lab.path("one")}/${folder}`, { recursive: true, force: true });
    const manifest = "_manifests/spot_klines/binance-us_btcusdt_spot_1h_2025-01.json";
    const { generation } = (await lab.objects()).get(manifest) ?? assert.fail();
    await lab.bucket().write(manifest, new TextEncoder().encode("{"), { replaces: generation });
    await using again = lab.machine("one");
    assert.equal(tally(await again.apply(load)), "load bad-manifest 1");
    const { batches } = await again.engine.query("SELECT count(*) AS n FROM spot_klines");
    for await (const rows of batches) assert.deepEqual(rows, [[58]]);
  });

  const JANUARY = "_manifests/spot_klines/binance-us_btcusdt_spot_1h_2025-01.json";
  const cut = async (lab: CloudLab, manifest: string): Promise<void> => {
    const { generation } = (await lab.objects()).get(manifest) ?? assert.fail(manifest);
    await lab.bucket().write(manifest, new TextEncoder().encode("{"), { replaces: generation });
  };

  test("a manifest that cannot be read is written anew by a machine whose folder has all its days", async () => {
    await using lab = await open();
    await using one = lab.machine("one");
    await one.ingest(SPOT);
    const whole = await lab.contents();
    await cut(lab, JANUARY);
    // Until then it is named: other machines can do nothing with it.
    const damaged = async () => {
      const { series } = await one.engine.survey();
      return series.flatMap((status) => status.damaged.map(({ code, message, next }) => [code, message, next]));
    };
    assert.deepEqual(await damaged(), [
      [
        "bad-manifest",
        `gs://demo-bucket/raw/${JANUARY} cannot be read: it is no JSON. The folder has all its days.`,
        "candlelake upload",
      ],
    ]);
    assert.equal(tally(await one.apply({ wishes: [], load: null, upload: "all" })), "upload done 2");
    assert.deepEqual(await lab.contents(), whole);
    assert.deepEqual(await damaged(), []);
  });

  test("the command that mends it fetches the days that the bucket has, and none before them", async () => {
    await using lab = await open();
    await using one = lab.machine("one");
    await one.ingest({ ...SPOT, to: start + DAY });
    await cut(lab, JANUARY);
    await using two = lab.machine("two");
    const { outcomes } = await two.ingest({ ...SPOT, to: start + DAY });
    assert.deepEqual(
      [...new Set(outcomes.map(({ error }) => error?.next))],
      [
        "candlelake ingest spot --venue binance-us --symbol BTCUSDT --interval 1h --from 2025-01-30 --to 2025-01-31 --force",
      ],
    );
    await two.ingest({ ...SPOT, to: start + DAY, force: true });
    await using three = lab.machine("three");
    const { series } = await three.engine.survey();
    assert.deepEqual(
      series.map(({ partitions, damaged }) => [partitions, damaged]),
      [[1, []]],
    );
  });

  test("nor by one whose folder has them as they were before another machine corrected them", async () => {
    await using lab = await open();
    await using one = lab.machine("one");
    await one.ingest(SPOT);
    lab.venue.quirks = { version: () => 3 };
    lab.venue.time += MINUTE;
    await using two = lab.machine("two");
    await two.ingest({ ...SPOT, force: true });
    await cut(lab, JANUARY);
    const damaged = await lab.contents();
    await using again = lab.machine("one");
    assert.equal(tally(await again.ingest(SPOT)), "upload bad-manifest 2");
    assert.equal(tally(await again.apply({ wishes: [], load: null, upload: "all" })), "upload bad-manifest 2");
    assert.deepEqual(await lab.contents(), damaged);
  });

  test("where a folder lacks days of it, it is named, and nothing is made without them", async () => {
    await using lab = await open();
    await using one = lab.machine("one");
    await one.ingest(FUTURES);
    const whole = await lab.contents();
    const manifest = "_manifests/open_interest/binance_btcusdt_um_oi_1h_2025-01.json";
    await cut(lab, manifest);
    const damaged = await lab.contents();
    await using two = lab.machine("two");
    const { outcomes } = await two.ingest(FUTURES);
    assert.ok(outcomes.some(({ step }) => step.action === "derive"));
    for (const { step, status, error } of outcomes)
      assert.ok(status === "unchanged" || error?.code === "bad-manifest", `${step.action} ${step.reason} ${status}`);
    assert.match(outcomes[0]?.error?.message ?? "", /^gs:\/\/demo-bucket\/raw\/_manifests\/open_interest\//);
    assert.deepEqual(await lab.contents(), damaged);
    const { series } = await two.engine.survey();
    const { damaged: told } = series.find(({ table }) => table === "open_interest") ?? assert.fail();
    assert.deepEqual(
      told.map(({ code }) => code),
      ["bad-manifest"],
    );
    await two.ingest({ ...FUTURES, force: true });
    assert.deepEqual(Object.keys(await lab.contents()), Object.keys(whole));
    assert.deepEqual((await lab.contents())[manifest], whole[manifest]);
    await using three = lab.machine("three");
    assert.deepEqual(await three.plan(FUTURES), []);
  });

  test("by force its rows stay, also those that the venue no longer has", async () => {
    await using lab = await open();
    await using one = lab.machine("one");
    await one.ingest(FUTURES);
    const whole = await lab.contents();
    await cut(lab, "_manifests/open_interest/binance_btcusdt_um_oi_1h_2025-01.json");
    lab.venue.quirks = { kept: (series) => (series.kind === "open-interest" ? start + 2 * DAY : 0) };
    await using two = lab.machine("two");
    const { outcomes } = await two.ingest({ ...FUTURES, force: true });
    // The first day's metrics look at a day before it, of which nothing is known before the manifest is written.
    const bad = outcomes.filter(({ error }) => error).map(({ step }) => step.action);
    assert.deepEqual(bad, ["derive"]);
    const after = await lab.contents();
    for (const [name, hash] of Object.entries(whole))
      if (name.endsWith(".parquet")) assert.equal(after[name], hash, name);
    await using three = lab.machine("three");
    assert.deepEqual(await three.plan(FUTURES), []);
    const rows = await three.engine.queryLake(
      "SELECT count(*) AS n FROM open_interest WHERE time < TIMESTAMPTZ '2025-02-01'",
    );
    for await (const batch of rows.batches) assert.ok(Number(batch[0]?.[0]) >= 47);
  });

  test("by force for some of its days only it stays as it is: the others would be lost", async () => {
    await using lab = await open();
    await using one = lab.machine("one");
    await one.ingest(SPOT);
    await cut(lab, JANUARY);
    const damaged = await lab.contents();
    await using two = lab.machine("two");
    const some = { ...SPOT, to: start + DAY, force: true };
    assert.equal(tally(await two.ingest(some)), "fetch done 1, upload bad-manifest 1");
    assert.deepEqual(await lab.contents(), damaged);
    assert.equal(
      tally(await two.ingest({ ...SPOT, force: true })),
      "fetch unchanged 2, fetch done 1, upload done 2, upload unchanged 1",
    );
    await using three = lab.machine("three");
    assert.deepEqual(await three.plan(SPOT), []);
  });

  test("the same bytes as another generation are the same: restored, copied or put into another class", async () => {
    await using lab = await open();
    await using one = lab.machine("one");
    await one.ingest(SPOT);
    for (const [name, { generation, metadata }] of await lab.objects()) {
      if (!name.endsWith(".parquet")) continue;
      const bytes = (await lab.bucket().read(name)) ?? assert.fail();
      await lab.bucket().remove(name, generation);
      const again = await lab.bucket().write(name, bytes, { replaces: null, metadata });
      assert.notEqual(again.generation, generation);
    }
    const { generation } = (await lab.objects()).get(key("2025-01-31")) ?? assert.fail();
    const bare = (await lab.bucket().read(key("2025-01-31"))) ?? assert.fail();
    await lab.bucket().write(key("2025-01-31"), bare, { replaces: generation });
    assert.deepEqual(await one.plan(SPOT), []);
    await using two = lab.machine("two");
    assert.deepEqual(await two.plan(SPOT), []);
    assert.deepEqual((await two.engine.survey()).foreign, []);
    assert.equal(tally(await two.apply({ wishes: [], load: { topic: "spot", range: undefined } })), "load done 2");
    // What a manifest means may be replaced by its own next version, too.
    lab.venue.quirks = { version: () => 3 };
    lab.venue.time += MINUTE;
    assert.equal(tally(await one.ingest({ ...SPOT, force: true })), "fetch done 3, upload done 3");
  });

  test("everything that there is to know is one list of the bucket", async () => {
    await using lab = await open();
    await using one = lab.machine("one");
    await one.ingest(SPOT, FUTURES);
    await using two = lab.machine("two");
    const { series, foreign } = await two.engine.survey();
    assert.deepEqual([series.length, foreign, two.usage.lists], [5, [], 1]);
    assert.ok(series.every(({ uploaded, partitions }) => uploaded === partitions && partitions > 0));
  });

  test("killed between any two writes and run again, the bucket is as if nothing had happened", async () => {
    await using lab = await open();
    await using whole = lab.machine("whole");
    await whole.ingest(SPOT, FUTURES);
    const expected = await lab.contents();
    const writes = Object.keys(expected).length;
    assert.ok(writes > 20, `${writes} objects`);
    for (let n = 0; n < writes; n += 3) {
      await using rival = await open();
      const bucket = new CrashingBucket(rival.bucket(), n);
      await using killed = rival.machine("one", bucket);
      await assert.rejects(killed.ingest(SPOT, FUTURES), Killed);
      await using again = rival.machine(n % 2 ? "one" : "another");
      await again.ingest(SPOT, FUTURES);
      assert.deepEqual(await rival.contents(), expected, `killed before write ${n} of ${bucket.changes.at(-1)}`);
    }
  });

  test("an object whose manifest was not written any more is not sent again", async () => {
    await using lab = await open();
    await using killed = lab.machine("one", new CrashingBucket(lab.bucket(), 2));
    await assert.rejects(killed.ingest(SPOT), Killed);
    await using again = lab.machine("one");
    const { outcomes } = await again.ingest(SPOT);
    const sent = outcomes.filter(({ step, bytes }) => step.action === "upload" && bytes > 0);
    assert.deepEqual(
      sent.map(({ step }) => (step.action === "upload" ? step.day : "")),
      ["2025-02-01"],
    );
  });

  test("a row that was refused keeps its evidence in the bucket", async () => {
    await using lab = await open();
    lab.venue.quirks = { broken: (_, time) => time === start + 5 * HOUR };
    await using one = lab.machine("one");
    await one.ingest(SPOT);
    const name = "_quarantine/spot_klines/binance-us_btcusdt_spot_1h_2025-01-30.json";
    assert.deepEqual(Buffer.from((await lab.bucket().read(name)) ?? []), readFileSync(`${lab.path("one")}/${name}`));
  });

  test("files of the bucket are queried through a cache, and a broken copy in it is fetched again", async () => {
    await using lab = await open();
    await using one = lab.machine("one");
    await one.ingest(SPOT);
    await using two = lab.machine("two");
    const count = async () => {
      const { batches } = await two.engine.queryLake("SELECT count(*) AS n FROM spot_klines");
      for await (const [row] of batches) return row?.[0];
      return undefined;
    };
    assert.equal(await count(), 58);
    const downloaded = two.usage.bytesDownloaded;
    assert.equal(await count(), 58);
    assert.equal(two.usage.bytesDownloaded, downloaded);
    const { metadata } = (await lab.objects()).get(key("2025-01-30")) ?? assert.fail();
    writeFileSync(`${lab.path("two")}/_cache/demo-bucket/objects/${metadata["sha256"]}.parquet`, "broken");
    assert.equal(await count(), 58);
  });
});
