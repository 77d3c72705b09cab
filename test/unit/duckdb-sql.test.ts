import * as assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FUNDING_RATES } from "../../src/market/funding-rates.ts";
import { SPOT_KLINES } from "../../src/market/klines.ts";
import { OPEN_INTEREST } from "../../src/market/open-interest.ts";
import { datasetsOf } from "../../src/warehouses/dataset.ts";
import * as sql from "../../src/warehouses/duckdb-sql.ts";
import { formatOf, jobId, LEDGER, ledgerRows } from "../../src/warehouses/ledger.ts";

describe("DuckDB's statements", () => {
  test("quote what could end a name or a text", () => {
    assert.equal(sql.identifier('a"b'), '"a""b"');
    assert.equal(sql.literal("it's"), "'it''s'");
    assert.equal(sql.qualified("s", "t"), '"s"."t"');
    assert.equal(sql.timestamp(Date.UTC(2025, 0, 1, 2, 3, 4, 5)), "TIMESTAMP '2025-01-01 02:03:04.005'");
  });

  test("make a table with its comments", () => {
    assert.equal(
      sql.createTable("raw", OPEN_INTEREST),
      `CREATE TABLE IF NOT EXISTS "raw"."open_interest" (
  "time" TIMESTAMP,
  "open_interest" DOUBLE,
  "open_interest_value" DOUBLE,
  "period" VARCHAR,
  "symbol" VARCHAR,
  "venue" VARCHAR,
  "source" VARCHAR
);
COMMENT ON TABLE "raw"."open_interest" IS 'Open interest of USD-M perpetual futures. REST keeps 30 days; the archive has 5m from 2020-09-01 on.';
COMMENT ON COLUMN "raw"."open_interest"."time" IS 'The instant at which the value was known: the end of its period, whatever an archive file''s labels mean. Unit: UTC.';
COMMENT ON COLUMN "raw"."open_interest"."open_interest" IS 'Sum of open positions in the base asset. Unit: base.';
COMMENT ON COLUMN "raw"."open_interest"."open_interest_value" IS 'The same in the quote asset; NULL where the venue wrote zero. Unit: quote.';
COMMENT ON COLUMN "raw"."open_interest"."period" IS 'Distance of the values (5m … 1d). Also a folder name.';
COMMENT ON COLUMN "raw"."open_interest"."symbol" IS 'The venue''s symbol, upper case.';
COMMENT ON COLUMN "raw"."open_interest"."venue" IS 'binance, or synthetic for made data.';
COMMENT ON COLUMN "raw"."open_interest"."source" IS 'rest, archive-daily or synthetic.';`,
    );
  });

  test("make both schemas and the tables that a warehouse holds", () => {
    const text = sql.createAll(datasetsOf("btc_forecast_raw", true));
    const created = [...text.matchAll(/^CREATE (\w+) IF NOT EXISTS ([^ ;]+)/gm)].map(
      ([, kind, name]) => `${kind} ${name}`,
    );
    assert.deepEqual(created, [
      'SCHEMA "btc_forecast_raw_synthetic"',
      'SCHEMA "btc_forecast_curated_synthetic"',
      'TABLE "btc_forecast_raw_synthetic"."spot_klines"',
      'TABLE "btc_forecast_raw_synthetic"."funding_rates"',
      'TABLE "btc_forecast_raw_synthetic"."open_interest"',
      'TABLE "btc_forecast_raw_synthetic"."futures_metrics"',
      'TABLE "btc_forecast_raw_synthetic"."load_ledger"',
    ]);
  });

  test("replace months by what files hold", () => {
    assert.equal(
      sql.deleteMonths("raw", FUNDING_RATES, ["2025-02", "2024-12", "2025-01", "2025-06"]),
      'DELETE FROM "raw"."funding_rates" WHERE ' +
        `("funding_time" >= TIMESTAMP '2024-12-01 00:00:00.000' AND "funding_time" < TIMESTAMP '2025-03-01 00:00:00.000')` +
        ` OR ("funding_time" >= TIMESTAMP '2025-06-01 00:00:00.000' AND "funding_time" < TIMESTAMP '2025-07-01 00:00:00.000');`,
    );
    assert.equal(
      sql.insertFiles("raw", FUNDING_RATES, ["/a/one.parquet", "/it's [2]/two?.parquet"]),
      'INSERT INTO "raw"."funding_rates" ("funding_time", "funding_rate", "interval_hours", "mark_price", "symbol", ' +
        '"venue", "source") SELECT CAST("funding_time" AS TIMESTAMP) AS "funding_time", CAST("funding_rate" AS DOUBLE) ' +
        'AS "funding_rate", CAST("interval_hours" AS BIGINT) AS "interval_hours", CAST("mark_price" AS DOUBLE) AS ' +
        '"mark_price", CAST("symbol" AS VARCHAR) AS "symbol", CAST("venue" AS VARCHAR) AS "venue", CAST("source" AS ' +
        `VARCHAR) AS "source" FROM read_parquet(['/a/one.parquet', '/it''s [[]2]/two[?].parquet'], ` +
        'hive_partitioning = false, union_by_name = false) ORDER BY "venue", "symbol", "funding_time";',
    );
    assert.equal(
      sql.findDuplicate("raw", FUNDING_RATES, ["2025-01"]),
      'SELECT "venue", "symbol", "funding_time" FROM "raw"."funding_rates" WHERE ' +
        `("funding_time" >= TIMESTAMP '2025-01-01 00:00:00.000' AND "funding_time" < TIMESTAMP '2025-02-01 00:00:00.000') ` +
        "GROUP BY ALL HAVING count(*) > 1 LIMIT 1;",
    );
  });

  test("replace the ledger's rows of months", () => {
    assert.equal(
      sql.deleteLedger("raw", SPOT_KLINES, ["2025-01", "2025-02"]),
      `DELETE FROM "raw"."load_ledger" WHERE "table_name" = 'spot_klines' AND "month" IN ('2025-01', '2025-02');`,
    );
    const row = { table: "spot_klines", month: "2025-01", series: "s", content: "c", rows: 24, jobId: "j" } as const;
    assert.equal(
      sql.insertLedger("raw", [{ ...row, loadedAt: Date.UTC(2025, 1, 1) }]),
      'INSERT INTO "raw"."load_ledger" ("table_name", "month", "series", "content", "row_count", "job_id", "loaded_at") ' +
        `VALUES\n('spot_klines', '2025-01', 's', 'c', 24, 'j', TIMESTAMP '2025-02-01 00:00:00.000');`,
    );
  });

  test("tell the worlds apart", () => {
    assert.equal(sql.stranger(true), `"venue" IS DISTINCT FROM 'synthetic'`);
    assert.equal(
      sql.stranger(false),
      `("venue" IS NOT DISTINCT FROM 'synthetic' OR "source" IS NOT DISTINCT FROM 'synthetic')`,
    );
  });

  test("export a range in key order", () => {
    const range = { from: Date.UTC(2025, 0, 1), to: Date.UTC(2025, 0, 2) };
    const text = sql.selectExport(FUNDING_RATES, ["/a.parquet"], range, "parquet");
    assert.match(
      text,
      /^SELECT CAST\("lake"\."funding_time" AS TIMESTAMPTZ\) AS "funding_time", "lake"\."funding_rate" AS/,
    );
    assert.ok(
      text.endsWith(
        `AS lake WHERE ("funding_time" >= TIMESTAMP '2025-01-01 00:00:00.000' AND "funding_time" < ` +
          `TIMESTAMP '2025-01-02 00:00:00.000') ORDER BY "lake"."venue", "lake"."symbol", "lake"."funding_time"`,
      ),
      text,
    );
    assert.equal(
      sql.copyTo("SELECT 1", "/it's.parquet", "parquet"),
      "COPY (SELECT 1) TO '/it''s.parquet' (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false);",
    );
  });
});

describe("the names of a warehouse", () => {
  test("keep the worlds apart", () => {
    assert.deepEqual(datasetsOf("btc_forecast_raw", false), {
      raw: "btc_forecast_raw",
      curated: "btc_forecast_curated",
    });
    assert.deepEqual(datasetsOf("mine", true), { raw: "mine_synthetic", curated: "mine_curated_synthetic" });
  });
});

describe("the ledger", () => {
  const unit = {
    table: SPOT_KLINES,
    month: "2025-01",
    series: [
      { series: "a", content: "1", rows: 2 },
      { series: "b", content: "2", rows: 3 },
    ],
    objects: [],
  };

  test("names its format in its comment", () => {
    assert.equal(formatOf(LEDGER.doc), 1);
    assert.equal(formatOf("mine"), undefined);
  });

  test("has an id of the content that went in, whatever the order", () => {
    const id = jobId(unit);
    assert.match(id, /^spot_klines_2025-01_[0-9a-f]{16}$/);
    assert.equal(jobId({ ...unit, series: unit.series.toReversed() }), id);
    assert.notEqual(jobId({ ...unit, series: unit.series.slice(1) }), id);
    assert.deepEqual(ledgerRows(unit, 7)[1], {
      table: "spot_klines",
      month: "2025-01",
      series: "b",
      content: "2",
      rows: 3,
      jobId: id,
      loadedAt: 7,
    });
  });
});
