import * as assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { startTwin } from "../../src/twin/start.ts";
import { tree } from "../fakes/folder.ts";
import { Cli, nextsOf } from "./process.ts";

const SPOT = ["ingest", "spot", "--symbol", "BTCUSDT"];
const DAY = [...SPOT, "--date", "2025-01-01"];

/** What is typed, and what comes back. */
const WRONG: readonly (readonly [words: readonly string[], message: RegExp])[] = [
  [["stauts"], /There is no command "stauts"; did you mean status\?/],
  [["xyzzy"], /There is no command "xyzzy"\./],
  [["--frmat", "json"], /There is no option --frmat; did you mean --format\?/],
  [[...DAY, "--sumbol", "X"], /There is no option --sumbol of ingest; did you mean --symbol\?/],
  [[...DAY, "-x"], /There is no option -x of ingest\./],
  [[...DAY, "-qv"], /There is no option -qv of ingest\./],
  [[...DAY, "--force=yes"], /--force takes no value\./],
  [[...DAY, "--format", "yaml"], /--format "yaml" is not one of text json csv ndjson\./],
  [[...DAY, "--format", "jsno"], /did you mean json\?/],
  [[...DAY, "--source", "disk"], /--source "disk" is not one of auto rest archive\./],
  [[...DAY, "--source", "archive"], /binance-us publishes no archives; Binance's own spot market is the venue binance/],
  [
    ["ingest", "futures", "--symbol", "BTCUSDT", "--interval", "1w", "--date", "2025-01-01", "--source", "archive"],
    /last 1w candle of a file may not have closed/,
  ],
  [
    ["ingest", "open-interest", "--symbol", "BTCUSDT", "--period", "1h", "--date", "2025-01-01", "--source", "archive"],
    /the archive has open interest of 5m, none of 1h/,
  ],
  [[...DAY, "--bucket", "gs://Not A Bucket"], /--bucket: "gs:\/\/Not A Bucket" is no bucket such as gs:\/\/my-data/],
  [[...DAY, "--bucket", "gs://name/with/path"], /is no bucket/],
  [["load", "--project", "p", "--warehouse", "duckdb:x"], /--project and --warehouse both name a warehouse/],
  [["load", "--dataset", "d"], /--dataset d needs --project PROJECT beside it/],
  [["load", "--project", "p", "--dataset", "x_synthetic"], /names that end in _synthetic are those of made data/],
  [["upload"], /Which bucket\? Add --bucket gs:\/\/NAME/],
  [["ingest"], /Something is missing: candlelake ingest spot\|futures\|funding\|open-interest\./],
  [["ingest", "sopt", "--symbol", "BTCUSDT"], /"sopt" is not one of .*; did you mean spot\?/],
  [["ingest", "spot", "BTCUSDT"], /"BTCUSDT" is one word too many/],
  [["ingest", "spot", "--date", "2025-01-01"], /Which symbol\? Add --symbol BTCUSDT\./],
  [SPOT, /Which days\? Add --date 2025-01-01/],
  [[...SPOT, "--to", "2025-01-01"], /Which days\?/],
  [[...DAY, "--symbol", "ETHUSDT"], /--symbol is given twice: "BTCUSDT" and "ETHUSDT"/],
  [["ingest", "spot", "--symbol", "--date", "2025-01-01"], /--symbol needs a value: --symbol S\./],
  [["ingest", "spot", "--date", "2025-01-01", "--symbol"], /--symbol needs a value/],
  [["ingest", "spot", "--date", "2025-01-01", "--symbol", ""], /--symbol needs a value/],
  ...["../../x", "BTC/USDT", "BTC USDT", "BTC-USDT", "B", "x".repeat(40), "BTCUSDT\n", "%2e%2e"].map(
    (symbol): [string[], RegExp] => [
      ["ingest", "spot", "--date", "2025-01-01", `--symbol=${symbol}`],
      / is no symbol: /,
    ],
  ),
  [[...DAY, "--interval", "1H"], /--interval "1H" is no interval; did you mean 1h\? Known: 1m 3m .* 1M\./],
  [[...DAY, "--interval", "weekly"], /--interval "weekly" is no interval\. Known: /],
  [
    ["ingest", "open-interest", "--symbol", "BTCUSDT", "--date", "2025-01-01", "--period", "7m"],
    /--period "7m" is no period/,
  ],
  [[...DAY, "--venue", "kraken"], /--venue "kraken" is no venue\. Known: binance binance-us\./],
  [[...DAY, "--venue", "binance-uk"], /did you mean binance-us\?/],
  [[...DAY, "--venue", "synthetic"], /made data have a switch of their own, --synthetic/],
  [
    ["ingest", "futures", "--symbol", "BTCUSDT", "--venue", "binance-us", "--date", "2025-01-01"],
    /binance-us has no futures/,
  ],
  ...["2025-13-01", "2025-02-30", "2025-00", "2023-02-29"].map((date): [string[], RegExp] => [
    [...SPOT, "--date", date],
    /--date "20.*": there is no such date\. Write 2025-01-01/,
  ]),
  ...["2025", "yesterday", "01/02/2025", "2025-1-1", "1735689600000", "2025-01-01 12:00"].map(
    (date): [string[], RegExp] => [[...SPOT, "--from", date], /--from ".*": not a date\. Write 2025-01-01/],
  ),
  [[...SPOT, "--from", "2025-01-01T12:00"], /an instant says in which clock: end it with Z/],
  [[...SPOT, "--from", "2025-01-01T25:00Z"], /there is no such time/],
  [[...SPOT, "--date", "2025-01-01T12:00Z"], /is an instant: write a day/],
  [[...SPOT, "--date", "1999-01-01"], /no market was open then/],
  [[...SPOT, "--date", "2025-01-01", "--to", "2025-02-01"], /--date stands alone/],
  [
    [...SPOT, "--from", "2025-01-02", "--to", "2025-01-01"],
    /--from 2025-01-02 is not before --to 2025-01-01; the range is half-open/,
  ],
  [[...SPOT, "--from", "2025-01-01", "--to", "2025-01-01"], /is not before/],
  [["load", "spots"], /"spots" is not one of /],
  [["load", "--date", "2025-02-30"], /there is no such date/],
  [["query"], /Something is missing: candlelake query "SQL"\./],
  [["schema", "spot_kline"], /There is no table "spot_kline"; did you mean spot_klines\? Known: /],
  [["schema", "--as", "avro"], /--as "avro" is not one of /],
  [["completion", "tcsh"], /"tcsh" is not one of bash zsh fish/],
  [["twin", "--port", "http"], /--port "http": write a whole number up to 65535/],
  [["twin", "--now", "later"], /--now "later": not a date/],
  [["twin", "--faults", "nope"], /--faults "nope": there is no such fault/],
  [["twin", "--replay", "no such folder"], /--replay no such folder: /],
  [
    ["status", "--warehouse", "postgres:x"],
    /--warehouse: "postgres:x": it is neither duckdb:PATH nor bigquery:PROJECT.DATASET/,
  ],
];

describe("what cannot be meant", () => {
  test("is refused with one message that names it and a command that helps; nothing is touched", async () => {
    using cli = Cli.made();
    const nexts = new Set<string>();
    for (const [words, message] of WRONG) {
      const ended = await cli.run(...words);
      const what = `candlelake ${words.join(" ")}`;
      assert.equal(ended.code, 2, `${what}: ${ended.code} ${ended.stderr}`);
      assert.equal(ended.stdout, "", what);
      assert.match(ended.stderr, message, what);
      assert.match(ended.stderr, /^candlelake: [^\n]+\n {2}next: candlelake [^\n]+\n$/, what);
      for (const next of nextsOf(ended.stderr)) nexts.add(next);
    }
    assert.deepEqual([...tree(cli.folder.path)], []);
    // Not only do they parse: they work.
    for (const next of nexts) if (next.endsWith("--help")) (await cli.follow(next)).exits(0);
  });

  test("in json is the same error on standard output, with the command's name", async () => {
    using cli = Cli.made();
    const ended = (await cli.run(...SPOT, "--date", "2025-02-30", "--data", "query", "--format", "json")).exits(2);
    const answer = ended.json<{ command: string; ok: boolean; error: { code: string; message: string } }>();
    assert.deepEqual([answer.command, answer.ok, answer.error.code], ["ingest", false, "bad-date"]);
    assert.ok(ended.stderr.includes(answer.error.message));
    const unknown = (await cli.run("stauts", "--format=json")).exits(2);
    assert.equal(unknown.json<{ command: string }>().command, "stauts");
  });

  test("by the venue's clock: the future and times before the series began", async () => {
    const twin = await startTwin({ now: Date.parse("2025-02-10T12:34:56Z") });
    try {
      using cli = Cli.at(twin.settings);
      const minute = [...SPOT, "--interval", "1m", "--venue", "binance"];
      const future = (await cli.run(...minute, "--date", "2025-02-11")).exits(2);
      assert.match(
        future.stderr,
        /2025-02-11T00:00:00\.000Z has not come yet: the venue's clock says 2025-02-10T12:34:56\.000Z/,
      );
      const early = (await cli.run(...minute, "--date", "2012-01-01")).exits(2);
      assert.match(
        early.stderr,
        /BTCUSDT spot 1m begins on 20\d\d-\d\d-\d\d; 2012-01-01T00:00:00\.000Z to .* lies before it/,
      );
      assert.deepEqual([...tree(cli.folder.path)], []);
      const [next] = nextsOf(future.stderr);
      assert.equal(next, "candlelake ingest spot --symbol BTCUSDT --interval 1m --venue binance --date 2025-02-09");
      (await cli.follow(next as string)).exits(0);
    } finally {
      await twin.close();
    }
  });
});

/** A small file system of one's own, where this machine and this user may have one. */
class Mount implements Disposable {
  private readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static at(folder: string, options: string): Mount | undefined {
    mkdirSync(folder, { recursive: true });
    const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder]);
    return status === 0 ? new Mount(folder) : undefined;
  }

  change(options: string): void {
    execFileSync("mount", ["-o", `remount,${options}`, this.folder]);
  }

  [Symbol.dispose](): void {
    execFileSync("umount", [this.folder]);
  }
}

describe("a data folder that cannot be one", () => {
  test("is a file: every command says so and leaves it alone", async () => {
    using cli = Cli.made();
    writeFileSync(cli.path("lake"), "not a folder");
    const before = tree(cli.folder.path);
    const lake = ["query", "--lake", "SELECT count(*) FROM spot_klines"];
    for (const words of [DAY, ["load"], ["status"], ["setup"], lake, ["query", "SELECT 1"], ["demo"]]) {
      const { stderr } = (await cli.run(...words, "--data", "lake")).exits(4);
      assert.match(stderr, /lake.*: (?:a part of the path is a file, not a folder|a file is where a folder must be)\./);
    }
    assert.deepEqual(tree(cli.folder.path), before);
  });

  test("is read-only: what writes says so, what reads works", async (context) => {
    using cli = Cli.made();
    using mount = Mount.at(cli.path("lake"), "size=4m");
    if (!mount) return context.skip("no file system of one's own can be had here");
    (await cli.run(...DAY, "--data", "lake")).exits(0);
    (await cli.run("load", "--data", "lake")).exits(0);
    const before = tree(cli.path("lake"));
    mount.change("ro");
    for (const words of [[...DAY, "--force"], ["load"], ["setup"]]) {
      const { stderr } = (await cli.run(...words, "--data", "lake")).exits(4);
      assert.match(stderr, /^candlelake: .*lake.*: the file system is read-only\.$/m);
    }
    (await cli.run("export", "spot_klines", "-o", "lake/x.csv", "--data", "lake")).exits(4);
    (await cli.run("status", "--data", "lake")).exits(0);
    (await cli.run(...DAY, "--data", "lake", "--force", "--dry-run")).exits(0);
    (await cli.run("query", "SELECT count(*) FROM spot_klines", "--data", "lake")).exits(0);
    (await cli.run("query", "--lake", "SELECT count(*) FROM spot_klines", "--data", "lake")).exits(0);
    assert.deepEqual(tree(cli.path("lake")), before);
  });

  test("is full: what was finished stays, and with room the same command goes on to the same lake", async (context) => {
    using cli = Cli.made();
    using whole = Cli.made();
    using mount = Mount.at(cli.path("lake"), "size=300k");
    if (!mount) return context.skip("no file system of one's own can be had here");
    const words = [...SPOT, "--interval", "1m", "--from", "2025-01-30", "--to", "2025-02-05", "--data", "lake"];
    const full = (await cli.run(...words, "--format", "json")).exits(4);
    assert.match(full.stderr, /^candlelake: .*lake.*: the disk is full\.$/m);
    const { steps, error } = full.json<{ steps: { status: string }[]; error: { code: string } }>();
    assert.equal(error.code, "disk-full");
    const done = steps.filter(({ status }) => status === "done").length;
    assert.ok(done > 0 && done < steps.length, String(done));
    const { series } = await cli.json<{ series: { partitions: number }[] }>("status", "--data", "lake");
    assert.ok((series[0]?.partitions ?? 0) <= done);

    mount.change("size=64m");
    (await cli.run(...words)).exits(0);
    (await whole.run(...words)).exits(0);
    const parquet = (one: Cli) => [...tree(one.path("lake"))].filter(([file]) => file.endsWith(".parquet"));
    assert.deepEqual(parquet(cli), parquet(whole));
    assert.deepEqual([...tree(cli.path("lake")).keys()], [...tree(whole.path("lake")).keys()]);
  });

  test("is full for the warehouse: the old one stays whole", async (context) => {
    using cli = Cli.made();
    using mount = Mount.at(cli.path("lake"), "size=8m");
    if (!mount) return context.skip("no file system of one's own can be had here");
    const warehouse = ["--warehouse", "duckdb:lake/w.duckdb"];
    const count = () => cli.json("query", "SELECT count(*) AS n FROM spot_klines", ...warehouse);
    (await cli.run(...DAY)).exits(0);
    (await cli.run("load", ...warehouse)).exits(0);
    (await cli.run(...SPOT, "--date", "2025-01-02")).exits(0);
    writeFileSync(cli.path("lake/ballast"), Buffer.alloc(statfsSync(cli.path("lake")).bavail * 4096 - 65_536));
    const { stderr } = (await cli.run("load", ...warehouse)).exits(4);
    assert.match(stderr, /: duckdb:lake\/w_synthetic\.duckdb: the disk is full\.\n {2}next: candlelake clean/m);
    assert.deepEqual(await count(), [{ n: 24 }]);
    rmSync(cli.path("lake/ballast"));
    (await cli.run("load", ...warehouse)).exits(0);
    assert.deepEqual(await count(), [{ n: 48 }]);
  });
});
