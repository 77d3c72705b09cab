import * as assert from "node:assert/strict";
import { describe, test } from "node:test";
import { UsageError } from "../../src/core/errors.ts";
import { type OpenOptions, openLake } from "../../src/index.ts";

describe("openLake", () => {
  const WRONG: readonly (readonly [options: unknown, message: string])[] = [
    [{ endpoints: { "binance-us-rest": "ftp://x" } }, "endpoints.binance-us-rest: ftp: is not http or https."],
    [{ endpoints: { "binance-spot-rest": "x" } }, 'endpoints.binance-spot-rest: "x" is no URL'],
    [{ endpoints: { "binance-futures-rest": "https://testnet.binancefuture.com" } }, "serves a test market"],
    [{ endpoints: { "binance-us-res": "http://x" } }, "openLake: endpoints.binance-us-res is not a setting; did you"],
    [{ endpoints: { "binance-us-rest": 8080 } }, "openLake: endpoints.binance-us-rest must be of type string"],
    [{ warehouse: "postgres:x" }, 'warehouse: "postgres:x": it is neither duckdb:PATH nor bigquery:PROJECT.DATASET'],
    [{ data: 5 }, "openLake: data must be of type string, not number."],
    [{ synthetic: "yes" }, "openLake: synthetic must be of type boolean, not string."],
    [{ dta: "x" }, "openLake: dta is not a setting; did you mean data?"],
  ];
  for (const [options, message] of WRONG) {
    test(`refuses ${JSON.stringify(options)} before anything is asked`, () => {
      assert.throws(
        () => openLake(options as OpenOptions),
        (error) => error instanceof UsageError && error.message.includes(message),
      );
    });
  }

  test("takes what is right, and leaves out what is undefined", async () => {
    const endpoints = { "binance-us-rest": "http://127.0.0.1:1/" };
    await openLake({ data: "nowhere", synthetic: true, warehouse: "duckdb:x.duckdb", endpoints }).close();
    const undefinedOnes: object = { data: undefined, endpoints: undefined };
    await openLake(undefinedOnes).close();
  });
});
