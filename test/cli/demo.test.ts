import * as assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { startTwin } from "../../src/twin/start.ts";
import { tree } from "../fakes/folder.ts";
import { Cli, type Ended } from "./process.ts";

interface Round {
  readonly steps: number;
  readonly rows: number;
  readonly loaded: number;
  readonly bytes: number;
}

interface DemoAnswer {
  readonly command: string;
  readonly ok: boolean;
  readonly synthetic: boolean;
  readonly data: string;
  readonly reasons: readonly string[];
  readonly first: Round;
  readonly second: Round;
  readonly tables: readonly {
    readonly sql: string;
    readonly columns: readonly string[];
    readonly rows: readonly unknown[][];
  }[];
  readonly next: readonly string[];
}

/** The commands under "Try next". */
const nextsIn = ({ stdout }: Ended): string[] =>
  stdout
    .slice(stdout.indexOf("Try next:"))
    .split("\n")
    .filter((line) => line.startsWith("  "))
    .map((line) => line.trim());

/** Each table of an answer, from the blank line before its statement to the one after its rows. */
const tablesIn = ({ stdout }: Ended): string[] => stdout.split("\n\n").filter((part) => part.includes("─"));

describe("demo", () => {
  test("without a network says why, and shows the whole job on made data", async () => {
    using cli = Cli.closed();
    const ended = (await cli.run("demo")).exits(0);
    assert.match(ended.stderr, /\/api\/v3\/time cannot be reached \(ECONNREFUSED: no connection\)\.$/m);
    assert.match(ended.stderr, /\/fapi\/v1\/time cannot be reached \(ECONNREFUSED: no connection\)\.$/m);
    assert.match(
      ended.stderr,
      /^No venue serves us here: going on with made data\. Every table below is SYNTHETIC\.$/m,
    );
    assert.match(
      ended.stdout,
      /^1\. Into the lake \(candlelake-demo\) and the warehouse: [1-9][\d,]* rows written, [1-9][\d,]* rows loaded\.$/m,
    );
    assert.equal(tablesIn(ended).length, 2);
    assert.equal(ended.stdout.match(/^SYNTHETIC: made data, no market\.\n(?:SELECT|close)/gm)?.length, 3);
    assert.match(ended.stdout, /^close, the last 60 hours {2}[▁▂▃▄▅▆▇█]{60}$/m);
    assert.match(ended.stdout, /^3\. The same again: nothing to do, 0 rows, 0 bytes\.$/m);
    const next = nextsIn(ended);
    assert.equal(next.length, 3);
    for (const line of next) (await cli.follow(line)).exits(0);
    assert.deepEqual(
      new Set([...tree(cli.folder.path).keys()].map((file) => file.split("/")[0])),
      new Set(["candlelake-demo"]),
    );

    const again = (await cli.run("demo")).exits(0);
    assert.match(
      again.stdout,
      /^1\. Into the lake \(candlelake-demo\) and the warehouse: 0 rows written, 0 rows loaded\.$/m,
    );
    assert.equal(tablesIn(again).length, 2);
  });

  test("in json says the same", async () => {
    using cli = Cli.closed();
    const answer = await cli.json<DemoAnswer>("demo");
    assert.deepEqual(Object.keys(answer), [
      "command",
      "ok",
      "synthetic",
      "data",
      "reasons",
      "first",
      "second",
      "tables",
      "next",
      "error",
    ]);
    assert.deepEqual(
      [answer.command, answer.ok, answer.synthetic, answer.data],
      ["demo", true, true, "candlelake-demo"],
    );
    assert.equal(answer.reasons.length, 2);
    assert.ok(answer.first.rows > 168 && answer.first.loaded > 168 && answer.first.bytes > 0);
    assert.deepEqual([answer.second.steps, answer.second.rows, answer.second.bytes], [0, 0, 0]);
    assert.deepEqual(
      answer.tables.map(({ columns, rows }) => [columns.length, rows.length]),
      [
        [6, 5],
        [4, 3],
      ],
    );
    assert.ok(answer.tables.every(({ rows }) => rows.every((row) => row.every((value) => value !== null))));
    assert.equal(answer.next.length, 3);
    for (const line of answer.next) (await cli.follow(line)).exits(0);
  });

  test("on made data from the start says so and asks nobody, wherever it is told to lie", async () => {
    using cli = Cli.at({});
    const ended = (await cli.run("demo", "--synthetic", "--data", "my demo")).exits(0);
    assert.equal(ended.stderr, "");
    for (const line of nextsIn(ended)) {
      assert.match(line, /--data 'my demo' --synthetic$/);
      (await cli.follow(line)).exits(0);
    }
    assert.deepEqual(
      new Set([...tree(cli.folder.path).keys()].map((file) => file.split("/")[0])),
      new Set(["my demo"]),
    );
  });

  test("leaves the user's own lake, warehouse and series alone", async () => {
    using cli = Cli.made({ CANDLELAKE_DATA: "mine", CANDLELAKE_WAREHOUSE: "duckdb:mine.duckdb" });
    const series = [{ market: "spot", symbol: "ETHUSDT", interval: "1m", from: "2017-09" }];
    writeFileSync(cli.path("candlelake.config.json"), JSON.stringify({ data: "mine too", series }));
    const ended = (await cli.run("demo")).exits(0);
    for (const line of nextsIn(ended)) (await cli.follow(line)).exits(0);
    const roots = new Set([...tree(cli.folder.path).keys()].map((file) => file.split("/")[0]));
    assert.deepEqual(roots, new Set(["candlelake.config.json", "candlelake-demo"]));
  });

  test("takes made data from a stand-in that serves them, and never for real", async () => {
    const twin = await startTwin();
    try {
      using made = Cli.at(twin.settings);
      (await made.run("demo")).exits(0);
      assert.ok(twin.requests.some(({ path }) => path.endsWith("/klines")));
      using real = Cli.at(twin.settings, { CANDLELAKE_SYNTHETIC: "" });
      const { stderr, stdout } = (await real.run("demo")).exits(0);
      assert.match(stderr, /serves made data/);
      assert.match(stdout, /^SYNTHETIC: made data, no market\.$/m);
      assert.ok(
        [...tree(real.path("candlelake-demo")).keys()].every((file) => /^synthetic\/|_synthetic\.duckdb$/.test(file)),
      );
    } finally {
      await twin.close();
    }
  });

  test("names a venue that refuses, and goes on with the one that answers", async () => {
    using cli = Cli.closed();
    const recording = cli.path("recording/json/binance_us");
    mkdirSync(recording, { recursive: true });
    const begin = Date.parse("2025-01-01T00:00Z");
    const rows = Array.from({ length: 24 * 10 }, (_, hour) => {
      const open = begin + hour * 3_600_000;
      const prices = ["100.5", `${110 + hour}.25`, "90.5", `${100 + hour}.75`];
      return [open, ...prices, "1.5", open + 3_599_999, "150.5", 10, "0.5", "50.5", "0"];
    });
    writeFileSync(`${recording}/klines_BTCUSDT_1h_rising.json`, JSON.stringify(rows));
    const twin = await startTwin({ replay: cli.path("recording"), faults: "451@/fapi" });
    try {
      Object.assign(cli.env, twin.settings);
      const ended = (await cli.run("demo")).exits(0);
      assert.match(ended.stderr, /refuses this location \(451, a geo-block/);
      assert.doesNotMatch(ended.stderr + ended.stdout, /SYNTHETIC|made data/);
      assert.equal(tablesIn(ended).length, 1);
      assert.match(ended.stdout, /^close, the last 60 hours {2}▁+▂+▃+▄+▅+▆+▇+█+$/m);
      const next = nextsIn(ended);
      for (const line of next) assert.doesNotMatch(line, /--synthetic/);
      for (const line of next.slice(0, 2)) (await cli.follow(line)).exits(0);
    } finally {
      await twin.close();
    }
  });

  test("goes on with made data where a venue tells the time and nothing else", async () => {
    const twin = await startTwin({ faults: "451@/api/v3/klines, 451@/fapi/v1/continuousKlines" });
    try {
      using cli = Cli.at(twin.settings);
      const ended = (await cli.run("demo")).exits(0);
      assert.match(ended.stderr, /^deferred: .* steps of spot_klines.* refuses this location \(451/m);
      assert.match(ended.stderr, /^No venue serves us here/m);
      assert.equal(tablesIn(ended).length, 2);
      for (const line of nextsIn(ended)) (await cli.follow(line)).exits(0);
    } finally {
      await twin.close();
    }
  });
});
