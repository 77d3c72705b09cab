// The plan's choice between archive and REST, as a user of the command line meets it.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTwin, type Twin } from "../../src/twin/start.ts";
import { Cli, type StepAnswer, type WorkAnswer } from "../cli/process.ts";
import { NOW } from "../fakes/archive-files.ts";
import { tree } from "../fakes/folder.ts";

/** NOW is noon of 2026-08-30: the day before has its file, August has none. */
const LAST = "2026-08-29";
const SPOT = ["ingest", "spot", "--venue", "binance", "--symbol", "BTCUSDT"] as const;

const MONTH_IS_OUT = "the month's file is out";
const DAY_IS_OUT = "the day's file is out, the month's is not";
const NOTHING_IS_OUT = "no archive file is out yet";

const listed = await startTwin({ now: NOW });
const bare = await startTwin({ now: NOW, archive: "files" });
after(() => Promise.all([listed.close(), bare.close()]));

/** What a twin was asked since this was called. */
function watch(twin: Twin) {
  const begun = twin.requests.length;
  const since = () => twin.requests.slice(begun);
  const names = (ending: string) =>
    since()
      .filter(({ path, status }) => path.endsWith(ending) && status === 200)
      .map(({ path }) => path.slice(path.lastIndexOf("/") + 1));
  return {
    hosts: () => [...new Set(since().map(({ host }) => host))].sort(),
    rest: () => since().flatMap(({ host, path }) => (host?.startsWith("binance-archive") ? [] : [path])),
    zips: () => names(".zip"),
    checksums: () => names(".CHECKSUM"),
  };
}

/** Each reason with the first and last day that it is given for, and their number. */
function reasons(steps: readonly StepAnswer[]): (string | number | undefined)[][] {
  return [...Map.groupBy(steps, ({ because }) => because)].map(([because, group]) => [
    because,
    group[0]?.day,
    group.at(-1)?.day,
    group.length,
  ]);
}

/** The lake, without the port that its manifests name. */
function remains(cli: Cli): Map<string, string> {
  const texts = [...tree(cli.path("data"))].map(([key, bytes]): [string, string] =>
    key.endsWith(".json")
      ? [key, bytes.toString().replaceAll(/127\.0\.0\.1:\d+/g, "host")]
      : [key, bytes.toString("base64")],
  );
  return new Map(texts);
}

const YEAR = [...SPOT, "--interval", "1h", "--from", "2025-08"] as const;

test("a year of hours: whole months, the days after them, and the tail, each with its reason", async () => {
  using cli = Cli.at(listed.settings);
  const planned = await cli.json(...YEAR, "--dry-run");
  assert.deepEqual(reasons(planned.steps), [
    [MONTH_IS_OUT, "2025-08-01", "2026-07-31", 365],
    [DAY_IS_OUT, "2026-08-01", LAST, 29],
    [NOTHING_IS_OUT, "2026-08-30", "2026-08-30", 1],
  ]);
  const text = (await cli.run(...YEAR, "--dry-run")).exits(0).stdout;
  assert.match(text, /^archive-monthly: the month's file is out \(2025-08-01 … 2026-07-31, 365 days\)\.$/m);
  assert.match(text, /^archive-daily: .* \(2026-08-01 … 2026-08-29, 29 days\)\.$/m);
  assert.match(text, /^rest: no archive file is out yet \(2026-08-30, 1 day\)\.$/m);

  const asked = watch(listed);
  const done = await cli.json(...YEAR);
  assert.equal(done.ok, true);
  assert.ok(done.steps.every(({ status, gaps }) => status === "done" && gaps.length === 0));
  assert.equal(done.totals["rows"], 394 * 24 + 12);
  const names = [
    ...Array.from({ length: 12 }, (_, i) => new Date(Date.UTC(2025, 7 + i, 1)).toISOString().slice(0, 7)),
    ...Array.from({ length: 29 }, (_, i) => new Date(Date.UTC(2026, 7, 1 + i)).toISOString().slice(0, 10)),
  ].map((span) => `BTCUSDT-1h-${span}.zip`);
  assert.deepEqual(asked.zips().sort(), names.toSorted());
  assert.deepEqual(asked.checksums().sort(), names.map((name) => `${name}.CHECKSUM`).toSorted());
  assert.deepEqual(asked.rest(), ["/api/v3/time", "/api/v3/klines", "/api/v3/klines"]);

  const again = watch(listed);
  assert.deepEqual((await cli.json(...YEAR)).steps, []);
  assert.deepEqual([again.hosts(), again.rest()], [["binance-spot"], ["/api/v3/time"]]);
});

test("without a list it is the same files, the same bytes and the same manifests", async () => {
  for (const command of [YEAR, [...SPOT, "--interval", "1m", "--from", "2026-07-01", "--to", "2026-08-03"]]) {
    using list = Cli.at(listed.settings);
    using files = Cli.at(bare.settings);
    const [one, other] = [watch(listed), watch(bare)];
    const answers = [await list.json(...command), await files.json(...command)];
    assert.deepEqual(other.zips().sort(), one.zips().sort());
    assert.ok(one.hosts().includes("binance-archive-list"));
    assert.ok(!other.hosts().includes("binance-archive-list"));
    assert.deepEqual(answers[1]?.steps, answers[0]?.steps);
    assert.deepEqual(remains(files), remains(list));
    const again = watch(bare);
    assert.deepEqual((await files.json(...command)).steps, []);
    assert.deepEqual(again.hosts(), ["binance-spot"]);
  }
});

test("archive and REST bring the same bytes, and say where from", async () => {
  const MONTH = [...SPOT, "--interval", "1h", "--date", "2024-12"] as const;
  using auto = Cli.at(listed.settings);
  using archive = Cli.at(listed.settings);
  using rest = Cli.at(listed.settings);
  await auto.json(...MONTH);
  const asked = watch(listed);
  await archive.json(...MONTH, "--source", "archive");
  assert.deepEqual(asked.hosts(), ["binance-archive", "binance-archive-list"]);
  const alone = watch(listed);
  const answer = await rest.json(...MONTH, "--source", "rest");
  assert.deepEqual(alone.hosts(), ["binance-spot"]);
  assert.deepEqual(reasons(answer.steps), [["REST alone is asked", "2024-12-01", "2024-12-31", 31]]);
  const parquet = (cli: Cli) => [...tree(cli.path("data"))].filter(([key]) => key.endsWith(".parquet"));
  assert.equal(parquet(auto).length, 31);
  assert.deepEqual(parquet(archive), parquet(auto));
  assert.deepEqual(parquet(rest), parquet(auto));
});

test("--source archive never asks REST: what it cannot have is left out, and that is said", async () => {
  using cli = Cli.at(listed.settings);
  const asked = watch(listed);
  const ended = await cli.run(...SPOT, "--interval", "1h", "--from", "2026-08-27", "--source", "archive", "--verbose");
  assert.match(
    ended.exits(0).stderr,
    /^The archive has .* from 2026-08-27 to 2026-08-29 at most; the rest is REST's\.$/m,
  );
  assert.match(ended.stdout, /2026-08-27 … 2026-08-29 +3 done/);
  const open = await cli.run(...SPOT, "--date", "2026-08-30", "--source", "archive", "--format", "json");
  assert.deepEqual(open.exits(0).json<WorkAnswer>().steps, []);
  assert.match(open.stderr, /^The archive has nothing of .* there; REST may have it\.$/m);
  assert.deepEqual(asked.hosts(), ["binance-archive", "binance-archive-list"]);
  assert.deepEqual(asked.rest(), []);
});

test("the head of futures is REST's, and the archive's from its first day on", async () => {
  using cli = Cli.at(listed.settings);
  const command = ["ingest", "futures", "--symbol", "BTCUSDT", "--interval", "1h", "--period", "5m"] as const;
  const asked = watch(listed);
  const { ok, steps } = await cli.json(...command, "--from", "2019-12-29", "--to", "2020-01-03");
  assert.equal(ok, true);
  const of = (table: string) => reasons(steps.filter((step) => step.table === table && step.action === "fetch"));
  assert.deepEqual(of("futures_klines"), [
    ["the archive begins with 2019-12-31", "2019-12-29", "2019-12-30", 2],
    [DAY_IS_OUT, "2019-12-31", "2019-12-31", 1],
    [MONTH_IS_OUT, "2020-01-01", "2020-01-02", 2],
  ]);
  assert.deepEqual(of("funding_rates"), [
    ["the archive begins with 2020-01", "2019-12-29", "2019-12-31", 3],
    [MONTH_IS_OUT, "2020-01-01", "2020-01-02", 2],
  ]);
  assert.deepEqual(of("open_interest"), [["the archive begins with 2020-09-01", "2019-12-29", "2020-01-02", 5]]);
  assert.deepEqual(asked.zips().sort(), [
    "BTCUSDT-1h-2019-12-31.zip",
    "BTCUSDT-1h-2020-01.zip",
    "BTCUSDT-fundingRate-2020-01.zip",
  ]);
  const lost = steps.filter(({ gaps }) => gaps.length > 0);
  assert.ok(lost.every(({ table, gaps }) => table === "open_interest" && gaps[0]?.class === "not-published"));
});

test("a venue without archives, and candles that the archive may have open, are REST's", async () => {
  using cli = Cli.at(listed.settings);
  const asked = watch(listed);
  const us = ["ingest", "spot", "--symbol", "BTCUSDT", "--date", "2025-01-02"] as const;
  assert.deepEqual(reasons((await cli.json(...us)).steps)[0]?.[0], "REST alone is asked");
  assert.deepEqual(asked.hosts(), ["binance-us"]);
  const week = [...SPOT, "--interval", "1w", "--date", "2025-01-06"] as const;
  assert.deepEqual(reasons((await cli.json(...week)).steps)[0]?.[0], "no archive that can be trusted has it");
  assert.deepEqual(asked.hosts(), ["binance-spot", "binance-us"]);
  for (const command of [us, week]) {
    const ended = (await cli.run(...command, "--source", "archive", "--force")).exits(2);
    assert.match(ended.stderr, /--source archive: /);
  }
});
