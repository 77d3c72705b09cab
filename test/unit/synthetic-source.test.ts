import assert from "node:assert/strict";
import { test } from "node:test";
import { numbers, text } from "../../src/core/batch.ts";
import { Interrupted, SourceError } from "../../src/core/errors.ts";
import { INTERVALS, type Interval, PERIODS } from "../../src/core/interval.ts";
import type { Series } from "../../src/core/series.ts";
import { DAY, HOUR, iso, MINUTE, type TimeRange } from "../../src/core/time.ts";
import type { Page } from "../../src/ports.ts";
import { SyntheticSource } from "../../src/sources/synthetic/source.ts";

const NOW = Date.UTC(2025, 0, 10, 10, 20, 30);
const source = new SyntheticSource({ now: () => NOW });

const series = (kind: Series["kind"], market: Series["market"], step: Series["step"], symbol = "BTCUSDT"): Series => ({
  kind,
  venue: "synthetic",
  market,
  symbol,
  step,
});

async function pagesOf(asked: Series, range: TimeRange): Promise<Page[]> {
  const pages: Page[] = [];
  for await (const page of source.read(asked, range)) pages.push(page);
  return pages;
}

const column = (pages: readonly Page[], name: string): number[] =>
  pages.flatMap(({ batch }) => [...numbers(batch, name).values]);

test("first() tells when each kind of series begins", async () => {
  const first = async (...asked: Parameters<typeof series>) => iso(await source.first(series(...asked)));
  assert.equal(await first("klines", "spot", "1m"), "2017-08-17T04:00:00.000Z");
  assert.equal(await first("klines", "um", "1h"), "2019-09-08T17:00:00.000Z");
  assert.equal(await first("klines", "um", "1M"), "2019-09-01T00:00:00.000Z");
  assert.match(await first("funding", "um", undefined), /^2019-09-10T08:00:00\.0(0\d|1[0-6])Z$/);
  assert.equal(await first("open-interest", "um", "5m"), "2019-09-08T00:00:00.000Z");
});

test("first() is the first row that read() gives", async () => {
  for (const interval of INTERVALS) {
    const asked = series("klines", "um", interval, "SOLUSDT");
    const first = await source.first(asked);
    const times = column(await pagesOf(asked, { from: 0, to: first + 40 * DAY }), "open_time");
    assert.equal(times[0], first * 1000, interval);
  }
});

test("pages follow each other without gap or overlap, and none is large", async () => {
  const range = { from: Date.UTC(2024, 0, 1) + 30_000, to: Date.UTC(2025, 1, 1) };
  for (const interval of ["1m", "1h", "1d", "1M"] satisfies Interval[]) {
    const pages = await pagesOf(series("klines", "spot", interval), range);
    const times = column(pages, "open_time");
    assert.deepEqual(
      times,
      [...new Set(times)].sort((a, b) => a - b),
    );
    assert.ok((times[0] ?? 0) >= range.from * 1000);
    assert.ok(pages.every(({ batch }) => batch.rows <= 50_000));
    assert.ok(pages.every((page, i) => i === 0 || page.until > (pages[i - 1]?.until ?? 0)));
    assert.equal(pages.at(-1)?.until, range.to);
    if (interval === "1m") assert.equal(times.length, Math.floor(NOW / MINUTE) - Math.floor(range.from / MINUTE));
  }
});

test("the candle that is still open comes last", async () => {
  const [page] = await pagesOf(series("klines", "spot", "1h"), { from: NOW - 3 * HOUR, to: NOW + DAY });
  assert.ok(page);
  assert.deepEqual(
    [...numbers(page.batch, "ts").values].map((time) => time > NOW * 1000),
    [false, false, true],
  );
});

test("columns are the doubles nearest to the decimals of the evidence", async () => {
  for (const market of ["spot", "um"] as const) {
    const [page] = await pagesOf(series("klines", market, "1h"), {
      from: Date.UTC(2024, 2, 1),
      to: Date.UTC(2024, 2, 8),
    });
    assert.ok(page && page.batch.rows === 168);
    const names = ["open", "high", "low", "close", "volume"];
    for (let row = 0; row < page.batch.rows; row++) {
      const kline: (string | number)[] = JSON.parse(page.evidence(row));
      const at = (name: string): number | undefined => numbers(page.batch, name).values[row];
      assert.equal(at("open_time"), Number(kline[0]) * 1000);
      assert.equal(at("ts"), Number(kline[6]) * 1000);
      names.forEach((name, i) => {
        assert.equal(at(name), Number(kline[i + 1]));
      });
      assert.equal(at("quote_volume"), Number(kline[7]));
      assert.equal(at("num_trades"), kline[8]);
      assert.equal(at("taker_buy_base_volume"), Number(kline[9]));
      assert.equal(at("taker_buy_quote_volume"), Number(kline[10]));
    }
    assert.deepEqual(text(page.batch, "venue"), { dictionary: ["synthetic"], codes: null });
    assert.deepEqual(text(page.batch, "source"), { dictionary: ["synthetic"], codes: null });
    assert.deepEqual(text(page.batch, "interval"), { dictionary: ["1h"], codes: null });
  }
});

test("funding comes every eight hours, of one symbol every four, some milliseconds late", async () => {
  for (const [symbol, hours] of [
    ["BTCUSDT", 8],
    ["SOLUSDT", 4],
  ] as const) {
    const pages = await pagesOf(series("funding", "um", undefined, symbol), { from: 0, to: NOW + DAY });
    const times = column(pages, "funding_time").map((micros) => micros / 1000);
    times.forEach((time, i) => {
      const late = time % (hours * HOUR);
      assert.ok(late <= 16, iso(time));
      if (i > 0) assert.equal(time - late - (times[i - 1] ?? 0) + ((times[i - 1] ?? 0) % HOUR), hours * HOUR);
    });
    assert.ok((times.at(-1) ?? 0) <= NOW);
    const [head] = pages;
    assert.ok(head);
    assert.equal(numbers(head.batch, "interval_hours").valid?.[0], 0);
    assert.equal(numbers(head.batch, "interval_hours").values[1], hours);
    assert.equal(numbers(head.batch, "mark_price").valid?.[0], 0);
    const last = pages.at(-1);
    assert.ok(last);
    assert.equal(numbers(last.batch, "interval_hours").valid, null);
    assert.ok(column([last], "mark_price").every((price) => price > 0));
    assert.ok(column(pages, "funding_rate").every((rate) => Math.abs(rate) < 0.003));
  }
});

test("the range does not change a funding event", async () => {
  const asked = series("funding", "um", undefined);
  const all = await pagesOf(asked, { from: Date.UTC(2024, 0, 1), to: Date.UTC(2024, 0, 3) });
  const second = await pagesOf(asked, { from: Date.UTC(2024, 0, 2), to: Date.UTC(2024, 0, 3) });
  assert.equal(second[0]?.batch.rows, 3);
  for (const name of ["funding_time", "funding_rate", "interval_hours", "mark_price"]) {
    assert.deepEqual(column(second, name), column(all, name).slice(3));
  }
});

test("open interest reaches back thirty days, and what is older is said to be unpublished", async () => {
  const kept = NOW - 30 * DAY;
  for (const period of PERIODS) {
    const [page, ...more] = await pagesOf(series("open-interest", "um", period), {
      from: kept - 5 * DAY,
      to: NOW + DAY,
    });
    assert.ok(page);
    assert.deepEqual(more, []);
    const times = column([page], "time").map((micros) => micros / 1000);
    assert.deepEqual(page.unpublished, [{ from: kept - 5 * DAY, to: times[0] }]);
    assert.ok(times.every((time) => time >= kept && time < NOW));
    assert.ok(times.length >= 30);
    const value = (row: number) => numbers(page.batch, "open_interest_value").values[row] ?? NaN;
    const base = (row: number) => numbers(page.batch, "open_interest").values[row] ?? NaN;
    assert.ok(times.every((_, row) => value(row) / base(row) > 10_000 && value(row) / base(row) < 1_000_000));
  }
  const old = { from: kept - 5 * DAY, to: kept - 4 * DAY };
  const [page] = await pagesOf(series("open-interest", "um", "5m"), old);
  assert.equal(page?.batch.rows, 0);
  assert.deepEqual(page?.unpublished, [old]);
});

test("snapshots of a longer period are those of five minutes at the same instants", async () => {
  const range = { from: NOW - 3 * DAY, to: NOW };
  const short = await pagesOf(series("open-interest", "um", "5m"), range);
  const long = await pagesOf(series("open-interest", "um", "4h"), range);
  const byTime = new Map(column(short, "time").map((time, i) => [time, column(short, "open_interest_value")[i]]));
  assert.deepEqual(
    column(long, "open_interest_value"),
    column(long, "time").map((time) => byTime.get(time)),
  );
});

test("the clock is asked once: a run has one now", async () => {
  let time = NOW;
  const own = new SyntheticSource({ now: () => time });
  assert.equal(await own.now(), NOW);
  time += DAY;
  assert.equal(await own.now(), NOW);
});

test("an unknown symbol is an error by name", async () => {
  const asked = series("klines", "spot", "1h", "NOPEUSDT");
  const refused = (error: unknown) => error instanceof SourceError && error.code === "unknown-symbol";
  await assert.rejects(source.first(asked), refused);
  await assert.rejects(pagesOf(asked, { from: 0, to: NOW }), refused);
});

test("a range before the listing, or an empty one, is a page without rows", async () => {
  const asked = series("klines", "spot", "1h");
  for (const range of [
    { from: 0, to: DAY },
    { from: NOW, to: NOW },
    { from: NOW + DAY, to: NOW + 2 * DAY },
  ]) {
    const pages = await pagesOf(asked, range);
    assert.equal(
      pages.reduce((rows, { batch }) => rows + batch.rows, 0),
      0,
    );
    assert.equal(pages.at(-1)?.until, range.to);
  }
});

test("reading stops when asked to", async () => {
  const stop = new AbortController();
  await assert.rejects(async () => {
    for await (const _ of source.read(series("klines", "spot", "1m"), { from: 0, to: NOW }, stop.signal)) stop.abort();
  }, Interrupted);
});
