import * as assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { after, before, describe, test } from "node:test";
import { Interrupted, UsageError } from "../../src/core/errors.ts";
import { SPOT_KLINES } from "../../src/market/klines.ts";
import type { LakeTable, QueryResult } from "../../src/ports/warehouse.ts";
import { DuckDbWarehouse } from "../../src/warehouses/duckdb.ts";
import { DuckDbLakeSql } from "../../src/warehouses/lake-sql.ts";
import { load } from "../contract/warehouse.ts";
import { candles, TestLake } from "../contract/warehouse-lake.ts";

let folder: string;
let secret: string;
let unlisted: string;
let warehouse: DuckDbWarehouse;
let lakeSql: DuckDbLakeSql;
let table: LakeTable;

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "candlelake-query-"));
  const lake = new TestLake(path.join(folder, "lake"));
  const unit = lake.candleUnit("2025-01", [{ day: "2025-01-01" }, { day: "2025-01-02" }]);
  warehouse = new DuckDbWarehouse({ file: path.join(folder, "lake.duckdb"), synthetic: false, memoryLimit: "64MB" });
  await load(warehouse, unit);
  lakeSql = new DuckDbLakeSql({ root: lake.folder, synthetic: false, memoryLimit: "64MB" });
  table = { table: SPOT_KLINES, paths: unit.objects.map((object) => object.path) };
  unlisted = lake.object(SPOT_KLINES, candles({ day: "2025-01-03" })).path;
  secret = path.join(folder, "secret.csv");
  writeFileSync(secret, "a,b\n1,2\n");
});

after(() => rmSync(folder, { recursive: true }));

/** The same statement on the warehouse and on the lake. */
const both = (sql: string, signal?: AbortSignal): readonly (() => Promise<QueryResult>)[] => [
  () => warehouse.query(sql, signal),
  () => lakeSql.query(sql, [table], signal),
];

async function readAll({ batches }: QueryResult): Promise<unknown[][]> {
  const rows: unknown[][] = [];
  for await (const batch of batches) rows.push(...batch.map((row) => [...row]));
  return rows;
}

async function countRows({ batches }: QueryResult): Promise<number> {
  let rows = 0;
  for await (const batch of batches) rows += batch.length;
  return rows;
}

async function refusal(sql: string, run: () => Promise<QueryResult>): Promise<UsageError> {
  try {
    const rows = await readAll(await run());
    return assert.fail(`${sql} answered ${JSON.stringify(rows)}`);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
}

test("a query reads, in whatever form", async () => {
  const statements: readonly (readonly [string, (unknown[][] | undefined)?])[] = [
    ["SELECT count(*) FROM spot_klines", [[48]]],
    ["SELECT count(*) FROM btc_forecast_raw.spot_klines;", [[48]]],
    ["FROM spot_klines SELECT max(close)", [[123]]],
    ["WITH x AS (SELECT close FROM spot_klines) SELECT min(close) FROM x", [[100]]],
    ["VALUES (1), (2)", [[1], [2]]],
    ["-- a comment\nSELECT 1", [[1]]],
    ["SHOW TABLES"],
    ["DESCRIBE spot_klines"],
    ["SUMMARIZE spot_klines"],
    ["EXPLAIN SELECT * FROM spot_klines"],
    ["/* why */ explain analyze select * from spot_klines"],
    ["EXPLAIN (FORMAT json) SELECT 1"],
    ["PIVOT spot_klines ON symbol IN ('BTCUSDT') USING count(*) GROUP BY venue", [["binance-us", 48]]],
  ];
  for (const [sql, rows] of statements) {
    for (const run of both(sql)) {
      const found = await readAll(await run());
      if (rows) assert.deepEqual(found, rows, sql);
      else assert.ok(found.length > 0, sql);
    }
  }
});

test("a query names its columns and their types", async () => {
  for (const run of both("SELECT open_time, close, num_trades, symbol FROM spot_klines ORDER BY open_time LIMIT 1")) {
    const answer = await run();
    assert.deepEqual(answer.columns, [
      { name: "open_time", type: "TIMESTAMP" },
      { name: "close", type: "DOUBLE" },
      { name: "num_trades", type: "BIGINT" },
      { name: "symbol", type: "VARCHAR" },
    ]);
    assert.deepEqual(await readAll(answer), [["2025-01-01T00:00:00.000Z", 100, 7, "BTCUSDT"]]);
  }
});

test("a query means UTC by a time without a zone", async () => {
  const early = "open_time < TIMESTAMP '2025-01-01 02:00'";
  for (const run of both(`SELECT count(*), current_setting('TimeZone') FROM spot_klines WHERE ${early}`)) {
    assert.deepEqual(await readAll(await run()), [[2, "UTC"]]);
  }
});

const REFUSED = `
  DROP TABLE spot_klines
  DELETE FROM spot_klines
  TRUNCATE spot_klines
  UPDATE spot_klines SET close = 0
  INSERT INTO spot_klines SELECT * FROM spot_klines
  INSERT INTO spot_klines SELECT * FROM spot_klines RETURNING *
  MERGE INTO spot_klines USING (SELECT 1 AS a) ON true WHEN MATCHED THEN DELETE
  CREATE TABLE x AS SELECT 1
  CREATE TEMP TABLE x AS SELECT 1
  CREATE OR REPLACE VIEW spot_klines AS SELECT 1
  CREATE MACRO f() AS 1
  CREATE SECRET (TYPE s3)
  ALTER TABLE spot_klines RENAME TO x
  COMMENT ON TABLE spot_klines IS 'x'
  COPY spot_klines TO 'OUT'
  COPY (SELECT 1) TO 'LISTED'
  COPY spot_klines FROM 'LISTED'
  EXPORT DATABASE 'OUT'
  IMPORT DATABASE 'OUT'
  COPY FROM DATABASE a TO b
  ATTACH 'OUT'
  ATTACH 'OUT' AS x (READ_ONLY)
  DETACH memory
  USE main
  SET threads = 1
  SET enable_external_access = true
  SET lock_configuration = false
  SET search_path = 'main'
  RESET threads
  SET VARIABLE x = 1
  PRAGMA threads = 1
  PRAGMA enable_profiling
  INSTALL httpfs
  LOAD httpfs
  LOAD 'OUT.duckdb_extension'
  UPDATE EXTENSIONS
  CALL enable_logging()
  CALL pragma_version()
  CHECKPOINT
  FORCE CHECKPOINT
  VACUUM
  ANALYZE
  BEGIN
  COMMIT
  ROLLBACK
  PREPARE p AS SELECT 1
  EXECUTE p
  DEALLOCATE p
  SELECT 1; SELECT 2
  SELECT 1; DROP TABLE spot_klines
  SELECT $1
  SELECT ?
  ;
  -- nothing
  EXPLAIN DELETE FROM spot_klines
  EXPLAIN ANALYZE DELETE FROM spot_klines
  EXPLAIN ANALYZE COPY (SELECT 1) TO 'OUT'
  EXPLAIN ANALYZE CREATE TABLE x AS SELECT 1
  /* EXPLAIN SELECT */ EXPLAIN /* a */ ANALYZE DELETE FROM spot_klines
  PIVOT spot_klines ON symbol
`;

test("a statement that does anything but read is refused", async () => {
  const statements = REFUSED.replaceAll("OUT", path.join(folder, "out")).replaceAll("LISTED", table.paths[0] ?? "");
  const files = readdirSync(folder);
  for (const sql of ["", ...statements.trim().split("\n")]) {
    for (const run of both(sql)) {
      const { code, exitCode, next } = await refusal(sql, run);
      assert.ok(code === "sql-refused" || code === "sql-error", `${sql}: ${code}`);
      assert.equal(exitCode, 2);
      assert.match(next, /^candlelake (query "SELECT|schema$)/);
    }
  }
  for (const run of both("SELECT count(*) FROM spot_klines")) assert.deepEqual(await readAll(await run()), [[48]]);
  assert.deepEqual(readdirSync(folder), files);
});

test("a refusal says which kind of statement it was", async () => {
  for (const kind of [
    "DROP TABLE spot_klines",
    "SET threads = 1",
    "CREATE TABLE x AS SELECT 1",
    "ATTACH ':memory:' AS x",
  ]) {
    for (const run of both(kind)) {
      const { code, message } = await refusal(kind, run);
      assert.equal(code, "sql-refused");
      assert.ok(message.startsWith(`${kind.split(" ")[0]} statements are refused.`), message);
    }
  }
});

const FORBIDDEN = `
  FROM 'SECRET'
  SELECT * FROM read_csv('SECRET')
  FROM read_csv_auto(['SECRET'])
  FROM sniff_csv('SECRET')
  FROM read_text('SECRET')
  FROM read_blob('SECRET')
  FROM read_json('SECRET')
  FROM read_ndjson_objects('SECRET')
  FROM read_text('file://SECRET')
  FROM read_text('FOLDER/lake/../secret.csv')
  FROM read_text('/etc/passwd')
  SELECT content FROM read_text('/proc/self/environ')
  FROM read_csv('/dev/stdin')
  FROM glob('/**')
  FROM glob('FOLDER/*')
  FROM 'UNLISTED'
  FROM read_parquet('UNLISTED')
  FROM parquet_metadata('UNLISTED')
  FROM parquet_schema('UNLISTED')
  FROM read_parquet('FOLDER/**/*.parquet')
  FROM read_duckdb('FOLDER/other.duckdb')
  FROM query('FROM read_text(''SECRET'')')
  FROM query_table('SECRET')
  FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''SECRET'')'))
  FROM read_text('https://example.com/x')
  FROM read_parquet('s3://bucket/x.parquet')
  FROM 'https://example.com/x.csv'
  SELECT getenv('HOME')
  SELECT (SELECT content FROM read_text('SECRET'))
  WITH x AS (FROM read_text('SECRET')) FROM x
  FROM spot_klines WHERE symbol IN (SELECT content FROM read_text('SECRET'))
`;

test("a query reads no file but those of the tables", async () => {
  const statements = FORBIDDEN.replaceAll("SECRET", secret)
    .replaceAll("UNLISTED", unlisted)
    .replaceAll("FOLDER", folder);
  for (const sql of statements.trim().split("\n")) {
    for (const run of both(sql)) assert.equal((await refusal(sql, run)).code, "sql-error", sql);
  }
});

test("a query writes no file, whatever a function offers", async () => {
  const files = readdirSync(folder);
  for (const sql of [
    `FROM enable_logging(storage = 'file', storage_path = '${folder}/log')`,
    `FROM enable_profiling(format = 'json', save_location = '${folder}/profile.json')`,
  ]) {
    for (const run of both(sql)) await run().then(readAll);
  }
  assert.deepEqual(readdirSync(folder), files);
});

test("a wrong query gets DuckDB's word for it, and the command that lists the tables", async () => {
  for (const [sql, message] of [
    ["SELECT clos FROM spot_klines", /Referenced column "clos" not found.*"close"/],
    ["SELECT * FROM spot_kline", /Table with name spot_kline does not exist! Did you mean "spot_klines"\?/],
    ["SELEC 1", /^Parser Error: syntax error at or near "SELEC"$/],
    ["SELECT venue::INTEGER FROM spot_klines", /Could not convert string 'binance-us' to INT32/],
  ] as const) {
    for (const run of both(sql)) {
      const error = await refusal(sql, run);
      assert.deepEqual([error.code, error.next], ["sql-error", "candlelake schema"]);
      assert.match(error.message, message);
    }
  }
});

describe("a large query", () => {
  test("streams more than its memory holds", async () => {
    for (const run of both("SELECT range AS n, repeat('x', 100) AS filler FROM range(800_000)")) {
      assert.equal(await countRows(await run()), 800_000);
    }
  });

  test("sorts more than its memory holds", async () => {
    const rows = "SELECT range AS n, repeat('x', 100) || range AS filler FROM range(800_000)";
    for (const run of both(`SELECT n, filler FROM (${rows}) ORDER BY hash(n)`)) {
      assert.equal(await countRows(await run()), 800_000);
    }
  });

  test("ends within a second of being stopped", async () => {
    const endless = "SELECT count(*) FROM range(1_000_000_000) a, range(1_000_000) b WHERE hash(a.range + b.range) = 7";
    for (const delay of [0, 1, 50, 300]) {
      for (let source = 0; source < 2; source++) {
        const stop = new AbortController();
        const answer = both(endless, stop.signal)[source]?.().then(readAll) ?? assert.fail();
        let stopped = 0;
        setTimeout(() => {
          stopped = performance.now();
          stop.abort();
        }, delay);
        await assert.rejects(answer, Interrupted);
        assert.ok(performance.now() - stopped < 1000);
      }
    }
  });

  test("that nobody reads to its end is ended when the warehouse is closed", async () => {
    const endless = "FROM range(1_000_000_000_000)";
    for await (const batch of (await warehouse.query(endless)).batches) {
      assert.ok(batch.length > 0);
      break;
    }
    await warehouse.query(endless);
    await lakeSql.query(endless, []);
    await warehouse.close();
    await lakeSql.close();
  });
});

test("nothing spilt is left", () => {
  const left = readdirSync(tmpdir()).filter((name) => /^candlelake-[0-9a-f]{8}-/.test(name));
  assert.deepEqual(
    left.filter((name) => existsSync(path.join(tmpdir(), name))),
    [],
  );
});
