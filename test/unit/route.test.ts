import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { archiveKey, isMonthly, parseArchiveKey } from "../../src/core/archive-file.ts";
import { INTERVALS } from "../../src/core/interval.ts";
import { archiveFileOf, routeOf } from "../../src/core/route.ts";
import type { Series } from "../../src/core/series.ts";
import { DAY, dayOf } from "../../src/core/time.ts";

const klines = (market: Series["market"], step: Series["step"] = "1m", venue: Series["venue"] = "binance"): Series => ({
  kind: "klines",
  venue,
  market,
  symbol: "BTCUSDT",
  step,
});
const funding: Series = { kind: "funding", venue: "binance", market: "um", symbol: "BTCUSDT", step: undefined };
const metrics: Series = { kind: "open-interest", venue: "binance", market: "um", symbol: "BTCUSDT", step: "5m" };

const now = Date.UTC(2026, 7, 20, 12);
const route = (series: Series, day: string, choice: "auto" | "rest" | "archive" = "auto", at = now) =>
  routeOf(series, day, at, choice).route;

describe("the route of a partition", () => {
  test("a past month's day comes from the month's file, a day of the present month from its own, the tail from REST", () => {
    assert.equal(route(klines("spot"), "2026-07-31"), "archive-monthly");
    assert.equal(route(klines("spot"), "2017-08-17"), "archive-monthly");
    assert.equal(route(klines("spot"), "2026-08-01"), "archive-daily");
    assert.equal(route(klines("spot"), "2026-08-19"), "archive-daily");
    assert.equal(route(klines("spot"), "2026-08-20"), "rest");
  });

  test("files are looked for some hours after their end, not before", () => {
    const at = (text: string) => Date.parse(text);
    assert.equal(route(klines("spot"), "2026-08-19", "auto", at("2026-08-20T07:59Z")), "rest");
    assert.equal(route(klines("spot"), "2026-08-19", "auto", at("2026-08-20T08:00Z")), "archive-daily");
    assert.equal(route(klines("spot"), "2026-07-31", "auto", at("2026-08-01T08:30Z")), "archive-daily");
    assert.equal(route(klines("spot"), "2026-07-31", "auto", at("2026-08-01T12:00Z")), "archive-monthly");
  });

  test("what futures did before the archive begins is behind REST alone", () => {
    for (const day of ["2019-09-08", "2019-12-30"]) assert.equal(route(klines("um"), day), "rest");
    assert.match(routeOf(klines("um"), "2019-09-08", now, "auto").why, /begins with 2019-12-31/);
    assert.equal(route(klines("um"), "2019-12-31"), "archive-daily");
    assert.equal(route(klines("um"), "2020-01-01"), "archive-monthly");
    assert.equal(route(funding, "2019-12-31"), "rest");
    assert.equal(route(funding, "2020-01-01"), "archive-monthly");
    assert.equal(route(metrics, "2020-08-31"), "rest");
    assert.equal(route(metrics, "2020-09-01"), "archive-daily");
  });

  test("funding of the present month is REST's, and so is everything that no file can be trusted with", () => {
    assert.equal(route(funding, "2026-08-01"), "rest");
    for (const step of ["3d", "1w", "1M"] as const) assert.equal(route(klines("spot", step), "2024-05-06"), "rest");
    assert.equal(route({ ...metrics, step: "1h" }, "2024-05-06"), "rest");
    assert.equal(route(klines("spot", "1m", "binance-us"), "2024-05-06"), "rest");
  });

  test("days that monthly files are known to have wrong come from daily ones at once, and one from REST", () => {
    assert.equal(route(klines("spot"), "2020-12-21"), "archive-daily");
    assert.equal(route(klines("spot"), "2020-12-20"), "archive-monthly");
    assert.equal(route(klines("um"), "2020-12-21"), "archive-monthly");
    assert.equal(route(klines("um"), "2025-01-29"), "rest");
    assert.equal(route(klines("um", "1h"), "2025-01-29"), "archive-monthly");
    assert.match(routeOf(klines("spot"), "2021-09-29", now, "auto").why, /known to be wrong/);
  });

  test("REST alone, or the archive alone, where that is asked for", () => {
    assert.equal(route(klines("spot"), "2024-05-06", "rest"), "rest");
    assert.equal(route(klines("um"), "2025-01-29", "archive"), "archive-monthly");
  });

  test("depends on nothing but the partition and the clock", () => {
    const anyDay = fc
      .integer({ min: Date.UTC(2017, 7, 1) / DAY, max: Math.floor(now / DAY) })
      .map((day) => dayOf(day * DAY));
    const anySeries = fc.constantFrom(klines("spot"), klines("um", "1h"), funding, metrics);
    fc.assert(
      fc.property(anySeries, anyDay, fc.integer({ min: 0, max: 100 * DAY }), (series, day, later) => {
        const before = routeOf(series, day, now, "auto");
        assert.deepEqual(routeOf({ ...series }, day, now, "auto"), before);
        // Time only ever brings better files.
        if (before.route === "archive-monthly")
          assert.equal(route(series, day, "auto", now + later), "archive-monthly");
        if (before.route !== "rest") {
          const file = archiveFileOf(series, day, before.route);
          assert.equal(isMonthly(file), before.route === "archive-monthly");
          assert.deepEqual(parseArchiveKey(archiveKey(file), series.venue), file);
        }
      }),
    );
  });
});

describe("an archive file's key", () => {
  test("is spelled as the host spells it", () => {
    const key = (series: Series, span: string) => archiveKey({ series, span });
    assert.equal(key(klines("spot"), "2024-12"), "data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-12.zip");
    assert.equal(
      key(klines("um", "1M"), "2024-12"),
      "data/futures/um/monthly/klines/BTCUSDT/1mo/BTCUSDT-1mo-2024-12.zip",
    );
    assert.equal(
      key(funding, "2026-04"),
      "data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2026-04.zip",
    );
    assert.equal(key(metrics, "2024-08-08"), "data/futures/um/daily/metrics/BTCUSDT/BTCUSDT-metrics-2024-08-08.zip");
  });

  test("is read back, and nothing else is taken for one", () => {
    for (const step of INTERVALS) {
      const file = { series: klines("spot", step), span: "2024-02-29" };
      assert.deepEqual(parseArchiveKey(archiveKey(file), "binance"), file);
    }
    for (const key of [
      "data/spot/monthly/klines/BTCUSDT/1m/ETHUSDT-1m-2024-12.zip",
      "data/spot/monthly/klines/BTCUSDT/1s/BTCUSDT-1s-2024-12.zip",
      "data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-12.zip",
      "data/spot/monthly/trades/BTCUSDT/BTCUSDT-trades-2024-12.zip",
      "data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-13.zip",
    ])
      assert.equal(parseArchiveKey(key, "binance"), undefined, key);
  });
});
