import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type Batch, rowAt } from "../../src/core/batch.ts";
import { INTERVALS, PERIODS } from "../../src/core/interval.ts";
import type { Series } from "../../src/core/series.ts";
import { DAY, HOUR, type TimeRange } from "../../src/core/time.ts";
import type { Source } from "../../src/ports.ts";
import { BINANCE_FUTURES, BINANCE_US } from "../../src/sources/binance/endpoints.ts";
import { BinanceRest } from "../../src/sources/binance/rest.ts";
import { SyntheticSource } from "../../src/sources/synthetic/source.ts";
import { startTwin } from "../../src/twin/start.ts";

/** On a mark of everything: what lies exactly at the venue's clock is the hardest case. */
const MARK = Date.UTC(2025, 0, 10, 16);

async function read(source: Source, series: Series, range: TimeRange) {
  const batches: Batch[] = [];
  const unpublished: TimeRange[] = [];
  let until = range.from;
  for await (const page of source.read(series, range)) {
    batches.push(page.batch);
    unpublished.push(...page.unpublished);
    until = page.until;
  }
  const rows = batches.flatMap((batch) => Array.from({ length: batch.rows }, (_, row) => rowAt(batch, row)));
  return { rows, unpublished, until };
}

for (const now of [MARK, MARK + 1, MARK + 20 * 60_000 + 1_234]) {
  const twin = await startTwin({ now, limits: false });
  after(() => twin.close());
  const clock = { now: () => now };
  const rest = (endpoint: typeof BINANCE_US) =>
    new BinanceRest({
      endpoint,
      base: `${twin.url}/${endpoint.market === "um" ? "binance-futures" : "binance-us"}`,
      synthetic: true,
    });
  const [spot, futures] = [rest(BINANCE_US), rest(BINANCE_FUTURES)];
  const made = new SyntheticSource(clock);

  const same = async (series: Series, ranges: readonly TimeRange[]): Promise<void> => {
    const venue = series.market === "um" ? futures : spot;
    assert.equal(await made.first(series), await venue.first(series));
    for (const range of ranges) {
      const [one, other] = [await read(made, series, range), await read(venue, series, range)];
      assert.deepEqual(one, other, `${series.kind} ${series.step} ${range.from}-${range.to}`);
    }
  };
  const series = (
    kind: Series["kind"],
    market: Series["market"],
    step: Series["step"],
    symbol = "ETHUSDT",
  ): Series => ({
    kind,
    venue: "synthetic",
    market,
    symbol,
    step,
  });

  test(`the REST reader over the twin and the generator give the same klines, at ${now}`, async () => {
    for (const market of ["spot", "um"] as const) {
      for (const step of INTERVALS) {
        await same(series("klines", market, step), [
          { from: now - 3 * DAY, to: now + DAY },
          { from: Date.UTC(2024, 1, 1), to: Date.UTC(2024, 1, 2) },
        ]);
      }
      const first = await made.first(series("klines", market, "1h"));
      await same(series("klines", market, "1h"), [{ from: first - DAY, to: first + DAY }]);
    }
  });

  test(`the same funding, at ${now}`, async () => {
    for (const symbol of ["ETHUSDT", "SOLUSDT"]) {
      const funding = series("funding", "um", undefined, symbol);
      const first = await made.first(funding);
      await same(funding, [
        { from: now - 3 * DAY, to: now + DAY },
        { from: first - DAY, to: first + 2 * DAY },
        { from: Date.UTC(2024, 1, 1), to: Date.UTC(2024, 1, 2) },
      ]);
    }
  });

  test(`the same open interest, and the same that is no longer kept, at ${now}`, async () => {
    for (const step of PERIODS) {
      await same(series("open-interest", "um", step), [
        { from: now - 2 * DAY, to: now + HOUR },
        { from: now - 31 * DAY, to: now - 29 * DAY },
        { from: now - 40 * DAY, to: now - 39 * DAY },
      ]);
    }
  });
}
