import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { rowAt } from "../../src/core/batch.ts";
import type { Series } from "../../src/core/series.ts";
import { SPOT_KLINES } from "../../src/market/klines.ts";
import { stopOf } from "../../src/net/status.ts";
import { decodeKlines } from "../../src/sources/binance/kline.ts";
import { decodeOpenInterest } from "../../src/sources/binance/open-interest.ts";
import { refusal } from "../../src/sources/binance/refusal.ts";
import { Scanner } from "../../src/sources/binance/scanner.ts";
import { absent, folder, read } from "./corpus.ts";

describe("real answers of the venue", { skip: absent }, () => {
  it("klines: every number as JSON.parse and Number() give it", () => {
    const body = read("json/binance_us/klines_BTCUSDT_1h_limit200_2025-12-07_2025-12-15.json");
    const labels = { interval: "1h", symbol: "BTCUSDT", venue: "binance-us", source: "rest" };
    const { batch, broken, evidence } = decodeKlines(body, SPOT_KLINES, labels, "api.binance.us");
    const rows: (string | number)[][] = JSON.parse(body.toString());
    assert.deepEqual([batch.rows, broken], [200, []]);
    for (const [i, row] of rows.entries()) {
      const [open, ...prices] = row.map(Number);
      const got = Object.values(rowAt(batch, i));
      assert.deepEqual(got.slice(0, 10), [(prices[5] as number) * 1000, ...prices.slice(0, 5), ...prices.slice(6, 10)]);
      assert.equal(got[11], (open as number) * 1000);
      assert.deepEqual(JSON.parse(evidence(i)), row);
    }
  });

  it("open interest", () => {
    const series: Series = { kind: "open-interest", venue: "binance", market: "um", symbol: "BTCUSDT", step: "5m" };
    const body = read("json/fapi/openInterestHist_BTCUSDT_5m_3rows_2026-09-07.json");
    const { batch, broken } = decodeOpenInterest(body, "fapi.binance.com", series, "rest");
    assert.deepEqual([batch.rows, broken], [3, []]);
    assert.deepEqual(rowAt(batch, 2), {
      time: 1788786900000000,
      open_interest: 107227.247,
      open_interest_value: 8534238034.1794,
      period: "5m",
      symbol: "BTCUSDT",
      venue: "binance",
      source: "rest",
    });
  });

  it("refusals", () => {
    const now = Date.UTC(2022, 7, 9, 19, 0);
    const of = (status: number, path: string) => ({ status, headers: {}, body: read(`json/errors/${path}`) });
    const code = (status: number, path: string) => stopOf(of(status, path), "api.binance.com", "x", now).reason.code;
    assert.equal(refusal(of(400, "http_400_invalid_symbol.body.json"), "x")?.code, "unknown-symbol");
    assert.equal(code(451, "http_451_restricted_location.body.json"), "geo-blocked");
    assert.equal(code(403, "http_403_cloudfront.body.html"), "forbidden");
    assert.equal(code(429, "http_429_fapi_rate.body.json"), "rate-limited");
    assert.equal(code(429, "http_429_spot_weight.body.json"), "rate-limited");
    const banned = stopOf(of(418, "http_418_spot_ip_banned.body.json"), "api.binance.com", "x", now);
    assert.deepEqual([banned.reason.code, banned.until], ["banned", 1660090423228]);
  });

  it("every decimal of the archives as Number() gives it", () => {
    let count = 0;
    for (const folderName of ["csv/spot_1h", "csv/um_1m", "csv/um"]) {
      for (const file of readdirSync(join(folder, folderName))) {
        for (const text of read(`${folderName}/${file}`)
          .toString()
          .split(/[\r\n,]/)) {
          if (!/^-?\d+(\.\d+)?$/.test(text)) continue;
          assert.ok(Object.is(new Scanner(Buffer.from(text)).decimal(), Number(text)), text);
          count++;
        }
      }
    }
    assert.ok(count > 500_000, `${count} numbers`);
  });
});
