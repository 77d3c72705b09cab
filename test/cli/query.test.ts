import * as assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { tree } from "../fakes/folder.ts";
import { Cli } from "./process.ts";

describe("query and export", () => {
  let cli: Cli;
  before(async () => {
    cli = Cli.made();
    for (const topic of ["spot", "futures"]) {
      (await cli.run("ingest", topic, "--symbol", "BTCUSDT", "--from", "2025-01-01", "--to", "2025-01-03")).exits(0);
    }
    (await cli.run("load")).exits(0);
  });
  after(() => cli[Symbol.dispose]());

  test("json keeps every type: ISO times with their fraction, big integers as text, NULL, lists and structs", async () => {
    const sql = `SELECT 1 AS whole, 9007199254740993 AS big, 9007199254740991 AS safe, -1.5::DOUBLE AS real, true AS yes,
      NULL AS none, 'a,"b' AS text, TIMESTAMP '2025-01-01 00:00:00' AS second, TIMESTAMP '2025-01-01 00:00:00.001' AS milli,
      TIMESTAMP '2025-01-01 00:00:00.000001' AS micro, [1, 2] AS list, {'a': 1} AS struct`;
    assert.deepEqual(await cli.json("query", sql), [
      {
        whole: 1,
        big: "9007199254740993",
        safe: 9007199254740991,
        real: -1.5,
        yes: true,
        none: null,
        text: 'a,"b',
        second: "2025-01-01T00:00:00.000Z",
        milli: "2025-01-01T00:00:00.001Z",
        micro: "2025-01-01T00:00:00.000001Z",
        list: [1, 2],
        struct: { a: 1 },
      },
    ]);
    assert.deepEqual(await cli.json("query", "SELECT 1 AS n WHERE false"), []);
  });

  test("columns of one name stay apart in objects", async () => {
    assert.deepEqual(await cli.json("query", "SELECT 1 AS n, 2 AS n, 3 AS n"), [{ n: 1, n_2: 2, n_3: 3 }]);
  });

  test("a table that stays in the lake says so, and the next command asks there", async () => {
    const { stderr } = (await cli.run("query", "SELECT count(*) FROM futures_klines")).exits(2);
    assert.match(stderr, /futures_klines stays in the lake/);
    assert.match(stderr, /next: candlelake query --lake "SELECT \* FROM futures_klines LIMIT 5"/);
  });

  test("an export that would be empty is refused, and the file that was there stays", async () => {
    (await cli.run("export", "spot_klines", "-o", "kept.csv")).exits(0);
    const before = readFileSync(cli.path("kept.csv"), "utf8");
    const { stderr } = (await cli.run("export", "spot_klines", "-o", "kept.csv", "--symbol", "XRPUSDT")).exits(2);
    assert.match(stderr, /no such rows of spot_klines/);
    assert.equal(readFileSync(cli.path("kept.csv"), "utf8"), before);
  });

  describe("an export", () => {
    const refusals = async (file: string, reason: RegExp) => {
      const before = tree(cli.folder.path);
      const { stderr } = (await cli.run("export", "spot_klines", "-o", file)).exits(2);
      assert.match(stderr, reason);
      assert.ok(stderr.includes(file), stderr);
      assert.deepEqual(tree(cli.folder.path), before);
    };

    test("goes nowhere among the lake's own files, by no way", async () => {
      const reason = /lies among the files that the lake in .*data.synthetic looks after/;
      const lake = "data/synthetic";
      const day = `${lake}/spot_klines/interval=1h/yyyy=2025/mm=01/dd=01`;
      const files = [`${day}/synthetic_btcusdt_spot_1h_2025-01-01.parquet`, `${lake}/funding_rates/x.parquet`];
      for (const folder of ["_manifests", "_quarantine", "_lock", "_tmp"]) {
        mkdirSync(cli.path(lake, folder), { recursive: true });
        files.push(`${lake}/${folder}/x.csv`);
      }
      files.push(`./nowhere/../${lake}/spot_klines/x.parquet`);
      symlinkSync(cli.path(lake, "spot_klines"), cli.path("candles"));
      symlinkSync(cli.path(files[0] as string), cli.path("candle.parquet"));
      files.push("candles/x.arrow", "candle.parquet");
      for (const file of files) await refusals(file, reason);
      for (const link of ["candles", "candle.parquet"]) rmSync(cli.path(link));
      // Beside them is nobody's place.
      (await cli.run("export", "spot_klines", "-o", `${lake}/x.csv`)).exits(0);
      rmSync(cli.path(lake, "x.csv"));
    });

    test("takes the place of no warehouse, whatever its name", async () => {
      (await cli.run("load", "--warehouse", "duckdb:w.parquet")).exits(0);
      await refusals("w_synthetic.parquet", /is a DuckDB database/);
      rmSync(cli.path("w_synthetic.parquet"));
    });

    test("makes no folder", async () => {
      await refusals("nowhere/x.parquet", /the folder nowhere does not exist/);
    });
  });

  test("csv quotes what needs it and has its header without rows too; ndjson has a row a line", async () => {
    const csv = async (sql: string) => (await cli.run("query", sql, "--format", "csv")).exits(0).stdout;
    assert.equal(await csv(`SELECT 'a,"b' AS text, NULL AS none, 1 AS n`), 'text,none,n\n"a,""b",,1\n');
    assert.equal(await csv("SELECT 1 AS n WHERE false"), "n\n");
    const lines = (await cli.run("query", "SELECT range AS n FROM range(5000)", "--format", "ndjson")).exits(0).stdout;
    assert.deepEqual(
      lines
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).n),
      [...Array(5000).keys()],
    );
  });

  test("text marks made data, and tells of rows that it leaves out", async () => {
    const { stdout, stderr } = (await cli.run("query", "SELECT range AS n FROM range(1234)")).exits(0);
    const lines = stdout.trimEnd().split("\n");
    assert.deepEqual(lines.slice(0, 4), ["SYNTHETIC: made data, no market.", "  n", "───", "  0"]);
    assert.equal(lines.length, 3 + 1000);
    assert.match(stderr, /^234 more rows: use --format csv or json\.$/m);
  });

  test("the warehouse and the lake give the same rows", async () => {
    for (const table of ["spot_klines", "futures_metrics", "funding_rates", "open_interest"]) {
      const sql = `SELECT * FROM ${table} ORDER BY ALL`;
      const rows = await cli.json<unknown[]>("query", sql);
      assert.ok(rows.length > 0 || table === "open_interest", table);
      assert.deepEqual(await cli.json("query", "--lake", sql), rows, table);
    }
    assert.deepEqual(await cli.json("query", "--lake", "SELECT count(*) AS n FROM futures_klines"), [{ n: 48 }]);
  });

  const REFUSED = [
    "DROP TABLE spot_klines",
    "DELETE FROM spot_klines",
    "UPDATE spot_klines SET close = 0",
    "INSERT INTO spot_klines SELECT * FROM spot_klines",
    "CREATE TABLE mine AS SELECT 1",
    "COPY spot_klines TO 'stolen.csv'",
    "COPY (SELECT 1) TO 'stolen.csv'",
    "ATTACH 'other.duckdb'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET memory_limit = '1GB'",
    "CHECKPOINT",
    "EXPORT DATABASE 'stolen'",
    "SELECT 1; DROP TABLE spot_klines",
    "SELECT * FROM read_csv('candlelake.config.json')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM read_parquet('/etc/*')",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')",
    "SELEC 1",
    "SELECT * FROM no_such_table",
    "SELECT no_such_column FROM spot_klines",
    "SELECT $1",
    "",
    "   ",
  ];
  for (const where of [[], ["--lake"]]) {
    test(`statements that write, reach out or are wrong are refused ${where.length > 0 ? "on the lake" : "on the warehouse"}`, async () => {
      const before = tree(cli.folder.path);
      for (const sql of REFUSED) {
        const ended = await cli.run("query", sql, ...where, "--format", "json");
        assert.equal(ended.code, 2, `${sql}: ${ended.stdout}${ended.stderr}`);
        const { ok, error } = ended.json<{ ok: boolean; error: { code: string; message: string; next: string } }>();
        assert.equal(ok, false);
        assert.match(ended.stderr, /^candlelake: \S/);
        assert.ok(ended.stderr.includes(error.message), ended.stderr);
        assert.match(error.next, /^candlelake /);
      }
      assert.deepEqual(tree(cli.folder.path), before);
    });
  }

  test("a query may begin with a comment", async () => {
    assert.deepEqual(await cli.json("query", "-- how many\nSELECT 1 AS n"), [{ n: 1 }]);
    const words = ["query", "--format", "ndjson", "--", "--how many\nSELECT 1 AS n"];
    assert.equal((await cli.run(...words)).exits(0).stdout, '{"n":1}\n');
  });

  test("a lake of nothing has its tables, empty; a warehouse of nothing names load", async () => {
    using empty = Cli.made();
    assert.deepEqual(await empty.json("query", "--lake", "SELECT count(*) AS n FROM spot_klines"), [{ n: 0 }]);
    const { stderr } = (await empty.run("query", "SELECT 1")).exits(4);
    assert.match(stderr, /candlelake_synthetic\.duckdb does not exist yet/);
    assert.match(stderr, /^ {2}next: candlelake load$/m);
    assert.deepEqual([...tree(empty.folder.path)], []);
  });

  test("export writes the rows of a range to Parquet, CSV and Arrow", async () => {
    const range = ["--from", "2025-01-01T22:00Z", "--to", "2025-01-02T02:00Z"];
    for (const [ending, magic] of [
      ["parquet", "PAR1"],
      ["arrow", "ARROW1"],
      ["csv", "ts,open,"],
    ] as const) {
      const file = cli.path(`out.${ending}`);
      const ended = (
        await cli.run(
          "export",
          "spot_klines",
          "-o",
          file,
          "--symbol",
          "BTCUSDT",
          "--interval",
          "1h",
          "--venue",
          "binance-us",
          ...range,
        )
      ).exits(0);
      assert.equal(ended.stdout, `SYNTHETIC: 4 rows of spot_klines in ${file}\n`);
      assert.equal(readFileSync(file).toString("latin1", 0, magic.length), magic);
    }
    const csv = readFileSync(cli.path("out.csv"), "utf8").trimEnd().split("\n");
    assert.equal(csv.length, 5);
    assert.deepEqual(
      csv.slice(1).map((line) => line.split(",")[11]),
      ["2025-01-01T22:00:00.000Z", "2025-01-01T23:00:00.000Z", "2025-01-02T00:00:00.000Z", "2025-01-02T01:00:00.000Z"],
    );
    const answer = await cli.json("export", "futures_metrics", "--output", cli.path("metrics.parquet"));
    assert.deepEqual(answer, {
      command: "export",
      ok: true,
      table: "futures_metrics",
      file: cli.path("metrics.parquet"),
      format: "parquet",
      rows: 48,
      error: null,
    });
  });

  test("export refuses what it cannot mean, and leaves no file", async () => {
    const refused = [
      ["export", "spot_klines"],
      ["export", "spot_klines", "-o", "x.xlsx"],
      ["export", "spot_klines", "-o", "x"],
      ["export", "spot_kline", "-o", "x.csv"],
      ["export", "spot_klines", "-o", "x.csv", "--interval", "7h"],
      ["export", "spot_klines", "-o", "x.csv", "--symbol", "../x"],
      ["export", "spot_klines", "-o", "x.csv", "--date", "2025-02-30"],
      ["export", "-o", "x.csv"],
    ];
    for (const words of refused) (await cli.run(...words)).exits(2);
    for (const file of ["x.csv", "x.xlsx", "x"]) assert.ok(!existsSync(cli.path(file)), file);
  });
});
