import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { numbers } from "../../src/core/batch.ts";
import type { AppError } from "../../src/core/errors.ts";
import type { Interval } from "../../src/core/interval.ts";
import type { Series } from "../../src/core/series.ts";
import type { TimeRange } from "../../src/core/time.ts";
import type { BrokenRow, Page } from "../../src/ports.ts";
import { BINANCE_FUTURES, BINANCE_SPOT, type Endpoint } from "../../src/sources/binance/endpoints.ts";
import { BinanceRest } from "../../src/sources/binance/rest.ts";
import { type Asked, type Handler, klineText, madeVenue, select, transportOf } from "../fakes/rest-venue.ts";
import { VirtualClock } from "../fakes/virtual-clock.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 0, 1);
const NOW = START + 400 * DAY;

const klines = (step: Interval): Series => ({
  kind: "klines",
  venue: "binance",
  market: "spot",
  symbol: "BTCUSDT",
  step,
});
const funding: Series = { kind: "funding", venue: "binance", market: "um", symbol: "BTCUSDT", step: undefined };
const openInterest: Series = { kind: "open-interest", venue: "binance", market: "um", symbol: "BTCUSDT", step: "5m" };

const withLimit = (limit: number): Endpoint => ({ ...BINANCE_SPOT, klines: { ...BINANCE_SPOT.klines, limit } });

const rest = (endpoint: Endpoint, handler: Handler, now = NOW) =>
  new BinanceRest({ endpoint, clock: new VirtualClock(now), transport: transportOf(handler) });

interface Reading {
  readonly times: number[];
  readonly pages: Page[];
  readonly broken: BrokenRow[];
  readonly unpublished: TimeRange[];
}

async function readAll(source: BinanceRest, series: Series, range: TimeRange): Promise<Reading> {
  const pages: Page[] = [];
  const times: number[] = [];
  let until = range.from;
  for await (const page of source.read(series, range)) {
    const mine = Array.from(numbers(page.batch, page.batch.table.eventTime).values, (micros) => micros / 1000);
    for (const time of mine) assert.ok(time >= until && time < page.until, "a page holds what lies before its `until`");
    assert.ok(page.until >= until);
    until = page.until;
    pages.push(page);
    times.push(...mine);
  }
  assert.ok(until >= range.to);
  return {
    times,
    pages,
    broken: pages.flatMap((page) => page.broken),
    unpublished: pages.flatMap((page) => page.unpublished),
  };
}

/** A series with holes, some long, and with rows beside the grid. */
const sparse = fc
  .record({
    holes: fc.array(fc.tuple(fc.nat(300), fc.nat(120)), { maxLength: 4 }),
    missing: fc.array(fc.nat(300), { maxLength: 10 }),
    beside: fc.array(fc.nat(300), { maxLength: 10 }),
  })
  .map(({ holes, missing, beside }) => {
    const slots = new Set(Array.from({ length: 300 }, (_, slot) => slot));
    for (const [from, length] of holes) for (let slot = from; slot < from + length; slot++) slots.delete(slot);
    for (const slot of missing) slots.delete(slot);
    const times = [...slots].map((slot) => START + slot * MINUTE);
    return [...new Set([...times, ...beside.map((slot) => START + slot * MINUTE + 20_799)])].sort((a, b) => a - b);
  });

/** The first rows, and those beside the grid that follow. */
function shorter(times: number[], count: number): number[] {
  let end = count;
  while (end < times.length && (times[end] as number) % MINUTE !== 0) end++;
  return times.slice(0, end);
}

describe("pages of klines", () => {
  it("hold every row exactly once, whatever the limit, the gaps, and how short the answers are", async () => {
    await fc.assert(
      fc.asyncProperty(
        sparse,
        fc.integer({ min: 2, max: 40 }),
        fc.nat(330),
        fc.nat(330),
        fc.infiniteStream(fc.nat(4)),
        async (all, limit, a, b, luck) => {
          const range = { from: START + Math.min(a, b) * MINUTE, to: START + Math.max(a, b) * MINUTE };
          const venue = madeVenue({ now: () => NOW });
          const fitful = (asked: Asked) => {
            if (!asked.path.endsWith("/klines")) return venue(asked);
            let times = select(all, asked.query);
            const mood = luck.next().value;
            // Now and then an answer is shorter than it could be, or empty though there is something.
            if (mood === 1) times = shorter(times, Math.ceil(times.length / 2));
            if (mood === 2) times = shorter(times, 1);
            if (mood === 3 && asked.query.has("endTime")) times = [];
            return { body: `[${times.map((time) => klineText(time, MINUTE)).join(",")}]` };
          };
          const { times, broken } = await readAll(rest(withLimit(limit), fitful), klines("1m"), range);
          assert.deepEqual(
            times,
            all.filter((time) => time >= range.from && time < range.to),
          );
          assert.deepEqual(broken, []);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("cost no request more than needed where nothing is missing", async () => {
    const all = Array.from({ length: 30 * 1440 }, (_, i) => START + i * MINUTE);
    const asked: Asked[] = [];
    const venue = madeVenue({ now: () => NOW, klines: all });
    const source = rest(BINANCE_SPOT, (request) => {
      asked.push(request);
      return venue(request);
    });
    const { times } = await readAll(source, klines("1m"), { from: START, to: START + 30 * DAY });
    assert.equal(times.length, all.length);
    assert.equal(source.usage.requests, 1 + Math.ceil(all.length / 999));
    const day = await readAll(source, klines("1h"), { from: START, to: START });
    assert.deepEqual([day.times, day.pages], [[], []]);
    const query = asked[1]?.query;
    assert.deepEqual(
      [query?.get("startTime"), query?.get("endTime"), query?.get("limit")],
      [String(START), String(START + 999 * MINUTE - 1), "1000"],
    );
  });

  it("are not asked for within a gap that an answer told of", async () => {
    const back = START + 380 * DAY;
    const all = Array.from({ length: 10 }, (_, i) => back + i * MINUTE);
    const source = rest(BINANCE_SPOT, madeVenue({ now: () => NOW, klines: all }));
    const { times } = await readAll(source, klines("1m"), { from: START, to: back + 10 * MINUTE });
    assert.deepEqual(times, all);
    assert.ok(source.usage.requests < 20, `${source.usage.requests} requests`);
  });

  it("end at the venue's clock, and cover the range", async () => {
    const now = START + 90 * MINUTE + 1;
    const all = Array.from({ length: 91 }, (_, i) => START + i * MINUTE);
    const source = rest(BINANCE_SPOT, madeVenue({ now: () => now, klines: all }), now - 5000);
    const { times, pages } = await readAll(source, klines("1m"), { from: START, to: START + DAY });
    assert.deepEqual(times, all);
    assert.equal(pages.at(-1)?.until, START + DAY);
    const later = await readAll(source, klines("1m"), { from: START + DAY, to: START + 2 * DAY });
    assert.deepEqual(later.times, []);
  });

  it("follow the calendar for months, Mondays for weeks, and the first candle for three days", async () => {
    const months = [0, 1, 2, 3, 4].map((month) => Date.UTC(2026, month, 1));
    const monday = Date.UTC(2026, 0, 5);
    const threeDays = Array.from({ length: 20 }, (_, i) => START + DAY + i * 3 * DAY);
    const cases: [Interval, number[]][] = [
      ["1M", months],
      ["1w", Array.from({ length: 20 }, (_, i) => monday + i * 7 * DAY)],
      ["3d", threeDays],
    ];
    for (const [interval, all] of cases) {
      const source = rest(withLimit(3), madeVenue({ now: () => NOW, klines: all }));
      const { times } = await readAll(source, klines(interval), { from: START, to: START + 200 * DAY });
      assert.deepEqual(times, all, interval);
    }
  });

  it("keep rows that were not asked for apart", async () => {
    const all = Array.from({ length: 5 }, (_, i) => START + i * MINUTE);
    const venue = madeVenue({ now: () => NOW, klines: all });
    const generous = (asked: Asked) => {
      if (!asked.query.has("endTime")) return venue(asked);
      const stray = [START - MINUTE, ...select(all, asked.query), START + 3 * MINUTE];
      return { body: `[${stray.map((time) => klineText(time, MINUTE)).join(",")}]` };
    };
    const { times, broken } = await readAll(rest(BINANCE_SPOT, generous), klines("1m"), {
      from: START,
      to: START + 3 * MINUTE,
    });
    assert.deepEqual(times, all.slice(0, 3));
    assert.deepEqual(
      broken.map(({ time, reason }) => ({ time, reason })),
      [START - MINUTE, START + 3 * MINUTE].map((time) => ({ time, reason: "outside" })),
    );
    assert.equal(broken[0]?.evidence, klineText(START - MINUTE, MINUTE));
  });

  it("fail where a venue answers another question, instead of asking for ever", async () => {
    const stubborn = (asked: Asked) =>
      asked.path.endsWith("/time") ? { body: `{"serverTime":${NOW}}` } : { body: `[${klineText(START, MINUTE)}]` };
    await assert.rejects(
      readAll(rest(BINANCE_SPOT, stubborn), klines("1m"), { from: START, to: START + DAY }),
      (error: AppError) => error.code === "outside-range" && error.message.includes("BTCUSDT"),
    );
  });

  it("leave out what a venue repeats that rounds the start down", async () => {
    const all = [0, 1, 2, 5].map((slot) => START + slot * MINUTE);
    const rounding = (asked: Asked) => {
      const start = Number(asked.query.get("startTime"));
      asked.query.set("startTime", String(start - (start % MINUTE)));
      return madeVenue({ now: () => NOW, klines: all })(asked);
    };
    const reading = await readAll(rest(withLimit(3), rounding), klines("1m"), { from: START, to: START + 10 * MINUTE });
    assert.deepEqual([reading.times, reading.broken], [all, []]);
  });

  it("pass on rows of one time, and show each row's text", async () => {
    const all = [START, START, START + MINUTE];
    const source = rest(BINANCE_SPOT, madeVenue({ now: () => NOW, klines: all }));
    const { times, pages } = await readAll(source, klines("1m"), { from: START, to: START + 2 * MINUTE });
    assert.deepEqual(times, all);
    assert.deepEqual(
      all.map((_, row) => pages[0]?.evidence(row)),
      all.map((time) => klineText(time, MINUTE)),
    );
  });
});

describe("funding", () => {
  const every = (hours: number, count: number, from = START) =>
    Array.from({ length: count }, (_, i) => from + i * hours * HOUR + ((i * 7) % 19));

  async function intervalsOf(source: BinanceRest, range: TimeRange) {
    const rows: [number, number | null][] = [];
    for await (const { batch } of source.read(funding, range)) {
      const { values, valid } = numbers(batch, "interval_hours");
      numbers(batch, "funding_time").values.forEach((micros, i) => {
        rows.push([micros / 1000, valid && !valid[i] ? null : (values[i] as number)]);
      });
    }
    return rows;
  }

  it("counts the hours since the event before, whatever part is asked for", async () => {
    const events = fc.array(fc.tuple(fc.integer({ min: 1, max: 100 }), fc.nat(20)), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(
        events,
        fc.integer({ min: 2, max: 9 }),
        fc.nat(2000),
        fc.nat(2000),
        async (steps, limit, a, b) => {
          let hours = 0;
          const all = steps.map(([step, jitter]) => {
            hours += step;
            return START + hours * HOUR + jitter;
          });
          const expected = all.map((time, i): [number, number | null] => {
            const before = all[i - 1];
            return [time, before === undefined ? null : Math.round((time - before) / HOUR)];
          });
          const range = { from: START + Math.min(a, b) * HOUR, to: START + Math.max(a, b) * HOUR };
          const route = BINANCE_FUTURES.funding;
          assert.ok(route);
          const source = rest(
            { ...BINANCE_FUTURES, funding: { ...route, limit } },
            madeVenue({ now: () => NOW, funding: all }),
          );
          const got = await intervalsOf(source, range);
          assert.deepEqual(
            got,
            expected.filter(([time]) => time >= range.from && time < range.to),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it("takes one request for a day in the past", async () => {
    const source = rest(BINANCE_FUTURES, madeVenue({ now: () => NOW, funding: every(8, 1000) }));
    const rows = await intervalsOf(source, { from: START + 10 * DAY, to: START + 11 * DAY });
    assert.deepEqual(
      rows.map(([, hours]) => hours),
      [8, 8, 8],
    );
    assert.equal(source.usage.requests, 2, "the clock and the events");
  });

  it("finds an event from long before", async () => {
    const all = [...every(8, 3), START + 300 * DAY];
    const source = rest(BINANCE_FUTURES, madeVenue({ now: () => NOW, funding: all }));
    const rows = await intervalsOf(source, { from: START + 300 * DAY, to: START + 301 * DAY });
    assert.deepEqual(rows, [[START + 300 * DAY, 300 * 24 - 16]]);
  });

  it("loses no event where an answer ends between two of one time", async () => {
    const all = [0, 8, 16, 16, 24, 24, 32].map((hours) => START + hours * HOUR);
    const route = BINANCE_FUTURES.funding;
    assert.ok(route);
    for (const limit of [3, 4, 5]) {
      const endpoint = { ...BINANCE_FUTURES, funding: { ...route, limit } };
      const range = { from: START, to: START + 2 * DAY };
      const rows = await intervalsOf(rest(endpoint, madeVenue({ now: () => NOW, funding: all })), range);
      assert.deepEqual(
        rows.map(([time]) => time),
        all,
      );
      assert.deepEqual(
        rows.map(([, hours]) => hours),
        [null, 8, 8, 8, 8, 8, 8],
      );
    }
  });

  it("gives two events of one time the same interval", async () => {
    const all = [START, START + 8 * HOUR, START + 8 * HOUR, START + 16 * HOUR];
    const rows = await intervalsOf(rest(BINANCE_FUTURES, madeVenue({ now: () => NOW, funding: all })), {
      from: START,
      to: START + DAY,
    });
    assert.deepEqual(
      rows.map(([, hours]) => hours),
      [null, 8, 8, 8],
    );
  });

  it("has no mark price where the venue sends none", async () => {
    const source = rest(BINANCE_FUTURES, madeVenue({ now: () => NOW, funding: every(8, 3) }));
    for await (const { batch } of source.read(funding, { from: START, to: START + DAY })) {
      assert.deepEqual([...(numbers(batch, "mark_price").valid ?? [])], [0, 0, 0].slice(0, batch.rows));
    }
  });
});

describe("open interest", () => {
  const stamps = Array.from({ length: 30 * 288 }, (_, i) => NOW - 30 * DAY + (i + 1) * 5 * MINUTE);

  it("is read to the edge of what the venue keeps; the rest is told as unpublished", async () => {
    const source = rest(BINANCE_FUTURES, madeVenue({ now: () => NOW, openInterest: stamps, kept: NOW - 30 * DAY }));
    const { times, unpublished } = await readAll(source, openInterest, { from: NOW - 40 * DAY, to: NOW });
    assert.deepEqual(
      times,
      stamps.filter((time) => time < NOW),
    );
    assert.deepEqual(unpublished, [{ from: NOW - 40 * DAY, to: NOW - 30 * DAY }]);
    const old = await readAll(source, openInterest, { from: NOW - 50 * DAY, to: NOW - 45 * DAY });
    assert.deepEqual([old.times, old.unpublished], [[], [{ from: NOW - 50 * DAY, to: NOW - 45 * DAY }]]);
  });

  it("comes near the edge in steps where the venue keeps less than expected", async () => {
    const kept = NOW - 29 * DAY - 5 * HOUR;
    const source = rest(BINANCE_FUTURES, madeVenue({ now: () => NOW, openInterest: stamps, kept }));
    const { times, unpublished } = await readAll(source, openInterest, { from: NOW - 31 * DAY, to: NOW });
    assert.deepEqual(
      times,
      stamps.filter((time) => time >= (unpublished.at(-1)?.to ?? 0) && time < NOW),
    );
    assert.ok((unpublished.at(-1)?.to ?? 0) - kept <= 15 * HOUR);
    assert.equal(source.usage.retries, 0);
  });

  it("may be missing within what is kept", async () => {
    const holey = stamps.filter((time) => time < NOW - 20 * DAY || time > NOW - 10 * DAY);
    const source = rest(BINANCE_FUTURES, madeVenue({ now: () => NOW, openInterest: holey }));
    const { times, unpublished } = await readAll(source, openInterest, { from: NOW - 30 * DAY, to: NOW });
    assert.deepEqual([times, unpublished], [holey.filter((time) => time < NOW), []]);
  });

  it("begins, as far as is known, with the market", async () => {
    const source = rest(BINANCE_FUTURES, madeVenue({ now: () => NOW, klines: [START, START + DAY] }));
    assert.equal(await source.first(openInterest), START);
  });
});
