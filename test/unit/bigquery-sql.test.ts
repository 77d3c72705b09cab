import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createAll, createTable, LAYOUTS, layoutOf, literal } from "../../src/warehouses/bigquery-sql.ts";
import { datasetsOf } from "../../src/warehouses/dataset.ts";

const home = { project: "demo", datasets: datasetsOf("btc_forecast_raw", false), location: "us-central1" };

describe("BigQuery's DDL", () => {
  test("a table: descriptions, months of the event time, clustering", () => {
    const text = createTable(home, layoutOf("funding_rates"));
    assert.match(
      text,
      /^CREATE TABLE IF NOT EXISTS `demo\.btc_forecast_raw\.funding_rates` \(\n {2}`funding_time` TIMESTAMP/,
    );
    assert.match(text, /`funding_rate` FLOAT64 OPTIONS \(description = '[^']+'\),\n/);
    assert.match(
      text,
      /\n\)\nPARTITION BY TIMESTAMP_TRUNC\(`funding_time`, MONTH\)\nCLUSTER BY `symbol`\nOPTIONS \(description = '[^\n]+', labels = \[\('app', 'candlelake'\)\]\);$/,
    );
  });

  test("every name is quoted, `interval` among them", () => {
    const text = createTable(home, layoutOf("spot_klines"));
    assert.match(text, /\n {2}`interval` STRING/);
    assert.match(text, /\nCLUSTER BY `symbol`, `interval`\n/);
    assert.doesNotMatch(text, /\n {2}[a-z]/);
  });

  test("the ledger lasts by month as well, and names the warehouse's format", () => {
    const text = createTable(home, layoutOf("load_ledger"));
    assert.match(text, /\nPARTITION BY TIMESTAMP_TRUNC\(`loaded_at`, MONTH\)\n/);
    assert.doesNotMatch(text, /CLUSTER BY/);
    assert.match(text, /\(warehouse format 1\)', labels = \[.+\]\);$/);
  });

  test("all of it, some of it, and what no warehouse has", () => {
    const all = createAll(home);
    assert.equal(all.match(/^CREATE SCHEMA/gm)?.length, 2);
    assert.equal(all.match(/^CREATE TABLE/gm)?.length, LAYOUTS.length);
    assert.deepEqual(createAll(home, ["open_interest"]).match(/^CREATE \w+ IF NOT EXISTS `[^`]+`/gm), [
      "CREATE SCHEMA IF NOT EXISTS `demo.btc_forecast_raw`",
      "CREATE TABLE IF NOT EXISTS `demo.btc_forecast_raw.open_interest`",
    ]);
    assert.equal(createAll(home, ["futures_klines"]), "");
    assert.match(createAll({ ...home, project: undefined }), /^CREATE SCHEMA IF NOT EXISTS `btc_forecast_raw`/);
  });

  test("texts end where they end", () => {
    assert.equal(literal("it's a \\ back\nslash"), "'it\\'s a \\\\ back\\nslash'");
  });
});
