import * as assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { describe, test } from "node:test";
import { tree } from "../fakes/folder.ts";
import { Cli, type Ended, nextsOf, type WorkAnswer } from "./process.ts";

const RANGE = ["--symbol", "BTCUSDT", "--from", "2025-01-30", "--to", "2025-02-02"];
const MANIFEST = "_manifests/futures_klines/synthetic_btcusdt_um_1h_2025-01.json";
const METRICS = "_manifests/futures_metrics/synthetic_btcusdt_um_1h_2025-01.json";
const OBJECT = "spot_klines/interval=1h/yyyy=2025/mm=01/dd=30/synthetic_btcusdt_spot_1h_2025-01-30.parquet";
const CANDLES = "futures_klines/interval=1h/yyyy=2025/mm=01/dd=30/synthetic_btcusdt_um_1h_2025-01-30.parquet";

async function filled(): Promise<Cli> {
  const cli = Cli.made();
  for (const topic of ["spot", "futures"]) (await cli.run("ingest", topic, ...RANGE)).exits(0);
  const series = (market: string) => ({ market, symbol: "BTCUSDT", interval: "1h", from: "2025-01-30" });
  writeFileSync(cli.path("candlelake.config.json"), JSON.stringify({ series: [series("spot"), series("futures")] }));
  return cli;
}

const lake = (cli: Cli, key: string) => cli.path("data/synthetic", ...key.split("/"));

/** The file and the one command that each complaint names. */
function names(ended: Ended, file: string, next: RegExp): void {
  assert.ok(ended.stderr.includes(file), `${file} is not named: ${ended.stderr}`);
  const nexts = nextsOf(ended.stderr);
  assert.ok(nexts.length > 0);
  for (const line of nexts) assert.match(line, next);
}

describe("a manifest that cannot be read", () => {
  const MEND = /^candlelake ingest futures --symbol BTCUSDT --interval 1h --date 2025-01 --force --synthetic$/;

  test("is named by every command that meets it, with the one that mends it; other series go on", async () => {
    using cli = await filled();
    writeFileSync(lake(cli, MANIFEST), "{ broken");
    const before = tree(cli.folder.path);

    const ingest = (await cli.run("ingest", "futures", ...RANGE, "--format", "json")).exits(1);
    names(ingest, MANIFEST, MEND);
    assert.deepEqual(
      ingest.json<WorkAnswer>().steps.map(({ table, status, error }) => [table, status, error?.code]),
      [
        ["futures_klines", "failed", "bad-manifest"],
        ["futures_klines", "failed", "bad-manifest"],
        ["futures_metrics", "deferred", "bad-manifest"],
        ["futures_metrics", "deferred", "bad-manifest"],
      ],
    );
    const status = (await cli.run("status", "--format", "json")).exits(3);
    names(status, MANIFEST, MEND);
    const { ok, series, error } = status.json<{
      ok: boolean;
      series: { table: string; partitions: number }[];
      error: unknown;
    }>();
    assert.equal(ok, false);
    assert.deepEqual(
      series.map(({ table, partitions }) => [table, partitions]),
      [
        ["spot_klines", 3],
        ["futures_klines", 1],
        ["funding_rates", 3],
        ["open_interest", 3],
        ["futures_metrics", 3],
      ],
    );
    assert.deepEqual(Object.keys(error as object), ["code", "message", "next"]);
    names((await cli.run("query", "--lake", "SELECT count(*) FROM futures_klines")).exits(3), MANIFEST, MEND);
    names((await cli.run("export", "futures_klines", "-o", cli.path("x.csv"))).exits(3), MANIFEST, MEND);
    assert.deepEqual(tree(cli.folder.path), before);

    assert.deepEqual(await cli.json("query", "--lake", "SELECT count(*) AS n FROM spot_klines"), [{ n: 72 }]);
    assert.deepEqual((await cli.json("ingest", "spot", ...RANGE)).steps, []);
  });

  test("of a loaded table fails its month alone; plan foresees it", async () => {
    using cli = await filled();
    writeFileSync(lake(cli, METRICS), "{}");
    const mend = /^candlelake ingest futures --symbol BTCUSDT --interval 1h --date 2025-01 --force --synthetic$/;
    const load = (await cli.run("load", "--format", "json")).exits(1);
    names(load, METRICS, mend);
    const units = load.json<WorkAnswer>().steps.map(({ table, month, status }) => [table, month, status]);
    assert.deepEqual(
      units.filter(([, , status]) => status !== "done"),
      [["futures_metrics", "2025-01", "failed"]],
    );
    assert.ok(units.length > 4);
    const plan = (await cli.run("plan", "--format", "json")).exits(1);
    names(plan, METRICS, mend);
    assert.ok(
      plan
        .json<WorkAnswer>()
        .steps.some(({ table, error }) => table === "futures_metrics" && error?.code === "bad-manifest"),
    );
    assert.ok(plan.json<WorkAnswer>().steps.some(({ status }) => status === "planned"));

    const next = nextsOf(load.stderr)[0] as string;
    (await cli.follow(next)).exits(0);
    (await cli.run("status")).exits(0);
    (await cli.run("load")).exits(0);
    (await cli.run("ingest", "futures", ...RANGE)).exits(0);
    assert.deepEqual(await cli.json("query", "--lake", "SELECT count(*) AS n FROM futures_metrics"), [{ n: 32 * 24 }]);
  });

  test("is mended by what its message names, and its bytes are kept", async () => {
    using cli = await filled();
    using whole = await filled();
    writeFileSync(lake(cli, MANIFEST), "{ broken");
    const [next] = nextsOf((await cli.run("status")).exits(3).stderr);
    (await cli.follow(next as string)).exits(0);
    assert.equal(readFileSync(lake(cli, `_quarantine/${MANIFEST}`), "utf8"), "{ broken");
    (await cli.run("status")).exits(0);
    (await whole.run("ingest", "futures", "--symbol", "BTCUSDT", "--date", "2025-01")).exits(0);
    const rows = (one: Cli) => one.json("query", "--lake", "SELECT * FROM futures_metrics ORDER BY ALL");
    assert.deepEqual(await rows(cli), await rows(whole));
  });

  test("of a lake that flags name is mended there: they are part of the command", async () => {
    using cli = Cli.at({});
    const flags = ["--data", "my lake's", "--warehouse", "duckdb:w.duckdb", "--synthetic"];
    const file = cli.path(
      "my lake's/synthetic",
      ..."_manifests/spot_klines/synthetic_btcusdt_spot_1h_2025-01.json".split("/"),
    );
    (await cli.run("ingest", "spot", ...RANGE, ...flags)).exits(0);
    writeFileSync(file, "");
    const [next] = nextsOf((await cli.run("status", ...flags)).exits(3).stderr);
    assert.equal(
      next,
      "candlelake ingest spot --symbol BTCUSDT --interval 1h --date 2025-01 --force --synthetic --data 'my lake'\\''s' --warehouse duckdb:w.duckdb",
    );
    (await cli.follow(next as string)).exits(0);
    (await cli.run("status", ...flags)).exits(0);
    // An error of one step and one of the whole command, in text and in JSON.
    writeFileSync(file, "");
    const load = (await cli.run("load", ...flags, "--format", "json")).exits(1);
    assert.deepEqual([...new Set(nextsOf(load.stderr + load.stdout))], [next]);
    const query = (await cli.run("query", "--lake", "SELECT 1 FROM spot_klines", ...flags, "--format", "json")).exits(
      3,
    );
    assert.deepEqual([...new Set(nextsOf(query.stderr + query.stdout))], [next]);
  });

  const BROKEN: readonly (readonly [name: string, change: (text: string) => string, why: RegExp])[] = [
    ["cut off", (text) => text.slice(0, text.length / 2), /it is no JSON/],
    ["empty", () => "", /it is no JSON/],
    ["of another form", () => "[]", /the manifest is no object/],
    ["of another series", (text) => text.replace('"symbol":"BTCUSDT"', '"symbol":"ETHUSDT"'), /it is of .*ETHUSDT/],
    [
      "without a hash",
      (text) => text.replace(/"sha256":"[0-9a-f]{64}"/, '"sha256":"none"'),
      /2025-01-30: sha256 is missing or of another type/,
    ],
  ];
  test("says what is wrong with it", async () => {
    using cli = await filled();
    const good = readFileSync(lake(cli, MANIFEST), "utf8");
    for (const [name, change, why] of BROKEN) {
      writeFileSync(lake(cli, MANIFEST), change(good));
      const ended = (await cli.run("status")).exits(3);
      assert.match(ended.stderr, why, name);
      names(ended, MANIFEST, MEND);
    }
  });

  test("of a newer version is refused, and force does not touch it", async () => {
    using cli = await filled();
    const newer = readFileSync(lake(cli, MANIFEST), "utf8").replace('"format":1', '"format":2');
    writeFileSync(lake(cli, MANIFEST), newer);
    for (const words of [
      ["status"],
      ["ingest", "futures", ...RANGE],
      ["ingest", "futures", ...RANGE, "--force"],
      ["query", "--lake", "SELECT 1 FROM futures_klines"],
    ]) {
      const ended = await cli.run(...words);
      assert.ok(ended.code === 3 || ended.code === 1, String(ended.code));
      assert.match(ended.stderr, /has format 2; this candlelake knows up to 1\. Install a newer candlelake\./);
      assert.equal(readFileSync(lake(cli, MANIFEST), "utf8"), newer);
    }
  });
});

describe("a Parquet file that is not the one that was written", () => {
  const MEND = /^candlelake ingest spot --symbol BTCUSDT --interval 1h --date 2025-01-30 --force --synthetic$/;

  /** Other bytes of the same length; the time of the change is later than that of the manifest, as it is in life. */
  const flip = (file: string) => {
    const bytes = readFileSync(file);
    bytes.fill("X", 200, 204);
    writeFileSync(file, bytes);
    const later = new Date(Date.now() + 10_000);
    utimesSync(file, later, later);
  };
  /** As `flip`, and as if nobody had touched it: neither size nor time tells. */
  const flipSilently = (file: string) => {
    const { atime, mtime } = statSync(file);
    flip(file);
    utimesSync(file, atime, mtime);
  };
  // What is gone is missed without force, which would also take fewer rows than there were.
  const GONE = /^candlelake ingest spot --symbol BTCUSDT --interval 1h --date 2025-01-30 --synthetic$/;
  const DAMAGES: readonly (readonly [name: string, damage: (file: string) => void, mend: RegExp])[] = [
    ["is changed within", flip, MEND],
    ["is cut off", (file) => truncateSync(file, Math.floor(statSync(file).size / 2)), MEND],
    ["is empty", (file) => truncateSync(file, 0), MEND],
    ["is gone", (file) => rmSync(file), GONE],
  ];
  for (const [name, damage, mend] of DAMAGES) {
    test(`${name}: load, query --lake and export refuse it, and ingest brings it back`, async () => {
      using cli = await filled();
      const good = readFileSync(lake(cli, OBJECT));
      damage(lake(cli, OBJECT));
      const load = (await cli.run("load", "--format", "json")).exits(1);
      names(load, OBJECT, mend);
      assert.deepEqual(
        load
          .json<WorkAnswer>()
          .steps.filter(({ status }) => status !== "done")
          .map(({ table, month }) => [table, month]),
        [["spot_klines", "2025-01"]],
      );
      names((await cli.run("status")).exits(3), OBJECT, mend);
      names((await cli.run("query", "--lake", "SELECT sum(close) FROM spot_klines")).exits(3), OBJECT, mend);
      names((await cli.run("export", "spot_klines", "-o", cli.path("x.parquet"))).exits(3), OBJECT, mend);
      assert.ok(!existsSync(cli.path("x.parquet")));
      assert.deepEqual(await cli.json("query", "--lake", "SELECT count(*) AS n FROM futures_klines"), [{ n: 72 }]);

      const plan = await cli.json("ingest", "spot", ...RANGE, "--dry-run");
      assert.deepEqual(
        plan.steps.map(({ day, reason }) => [day, reason]),
        [["2025-01-30", "object missing or changed"]],
      );
      (await cli.run("ingest", "spot", ...RANGE)).exits(0);
      assert.deepEqual(readFileSync(lake(cli, OBJECT)), good);
      (await cli.run("load")).exits(0);
      assert.deepEqual(await cli.json("query", "SELECT count(*) AS n FROM spot_klines"), [{ n: 72 }]);
    });
  }

  test("but has its size and time is found by all that reads it", async () => {
    using cli = await filled();
    flipSilently(lake(cli, OBJECT));
    names((await cli.run("load", "spot", "--format", "json")).exits(1), OBJECT, MEND);
    names((await cli.run("query", "--lake", "SELECT count(*) FROM spot_klines")).exits(3), OBJECT, MEND);
    for (const format of ["parquet", "csv", "arrow"]) {
      const output = cli.path(`x.${format}`);
      names((await cli.run("export", "spot_klines", "-o", output)).exits(3), OBJECT, MEND);
      assert.ok(!existsSync(output), format);
    }
    const later = ["--from", "2025-01-31", "-o", cli.path("later.csv")];
    (await cli.run("export", "spot_klines", ...later)).exits(0);
    const [next] = nextsOf((await cli.run("export", "spot_klines", "-o", cli.path("x.csv"))).exits(3).stderr);
    (await cli.follow(next as string)).exits(0);
    assert.deepEqual(await cli.json("query", "--lake", "SELECT count(*) AS n FROM spot_klines"), [{ n: 72 }]);
  });

  test("as its manifest tells it: where that was edited, the load names the day, and force puts it right", async () => {
    using cli = await filled();
    const manifest = lake(cli, MANIFEST.replaceAll("futures_klines", "spot_klines").replace("_um_", "_spot_"));
    const text = readFileSync(manifest, "utf8");
    writeFileSync(
      manifest,
      text.replace('"rows":24', '"rows":23').replace(/"content":"[0-9a-f]{4}/, '"content":"0000'),
    );
    const load = (await cli.run("load", "--format", "json")).exits(1);
    names(load, OBJECT, MEND);
    assert.equal(load.json<WorkAnswer>().steps.find(({ status }) => status === "failed")?.error?.code, "false-entry");
    (await cli.follow(nextsOf(load.stderr)[0] ?? "")).exits(0);
    (await cli.run("load")).exits(0);
    assert.deepEqual(await cli.json("query", "SELECT count(*) AS n FROM spot_klines"), [{ n: 72 }]);
  });

  test("and is an input: nothing is derived from it, and it is brought back first", async () => {
    using cli = await filled();
    const objects = () => [...tree(cli.path("data"))].filter(([file]) => file.endsWith(".parquet"));
    const good = objects();
    flip(lake(cli, CANDLES));
    rmSync(lake(cli, METRICS));
    const { steps } = await cli.json("ingest", "futures", ...RANGE);
    assert.deepEqual(
      steps.filter(({ table }) => table !== "futures_metrics").map(({ table, day }) => [table, day]),
      [["futures_klines", "2025-01-30"]],
    );
    assert.deepEqual(objects(), good);
  });
});

describe("a warehouse that is none", () => {
  const FILE = "data/candlelake_synthetic.duckdb";

  test("is named and left as it is by every command; the next one goes round it", async () => {
    using cli = await filled();
    writeFileSync(cli.path(FILE), "my thesis");
    for (const words of [["load"], ["run"], ["status"], ["setup"], ["query", "SELECT 1"]]) {
      const ended = (await cli.run(...words)).exits(4);
      assert.ok(ended.stderr.includes(FILE), ended.stderr);
      assert.equal(readFileSync(cli.path(FILE), "utf8"), "my thesis");
    }
    const [next] = nextsOf((await cli.run("load")).exits(4).stderr);
    (await cli.follow(next as string)).exits(0);
    assert.equal(readFileSync(cli.path(FILE), "utf8"), "my thesis");
    // What needs no warehouse works.
    (await cli.run("query", "--lake", "SELECT 1")).exits(0);
    (await cli.run("ingest", "spot", ...RANGE)).exits(0);
  });

  test("is a folder, or lies in a file", async () => {
    using cli = await filled();
    mkdirSync(cli.path(FILE));
    assert.ok((await cli.run("load")).exits(4).stderr.includes(FILE));
    const inside = `duckdb:${cli.path("candlelake.config.json")}/x.duckdb`;
    (await cli.run("load", "--warehouse", inside)).exits(4);
  });
});
