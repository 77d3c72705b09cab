import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { numbers, rowAt } from "../../src/core/batch.ts";
import { AppError } from "../../src/core/errors.ts";
import type { Series } from "../../src/core/series.ts";
import { intervals } from "../../src/market/funding-rates.ts";
import { decodeFunding } from "../../src/sources/binance/funding.ts";
import { decodeOpenInterest } from "../../src/sources/binance/open-interest.ts";

const HOUR = 3_600_000;
const WHERE = "fapi.binance.com/x (BTCUSDT)";
const SERIES: Series = { kind: "open-interest", venue: "binance", market: "um", symbol: "BTCUSDT", step: "5m" };

const funding = (rows: unknown) => decodeFunding(Buffer.from(JSON.stringify(rows)), WHERE);
const openInterest = (rows: unknown) => decodeOpenInterest(Buffer.from(JSON.stringify(rows)), WHERE, SERIES, "rest");

const EVENT = {
  symbol: "BTCUSDT",
  fundingTime: 1567972800002,
  fundingRate: "-0.00010000",
  markPrice: "34287.54619963",
};
const STAMP = {
  symbol: "BTCUSDT",
  sumOpenInterest: "107259.199",
  sumOpenInterestValue: "8533728551.6",
  timestamp: 1788786300000,
};

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return "none";
};

describe("funding events", () => {
  it("keep their time to the millisecond; what is not known of an event is ignored", () => {
    const { events, broken } = funding([{ ...EVENT, rateType: "Special", more: [1] }]);
    assert.deepEqual(broken, []);
    assert.deepEqual([events[0]?.time, events[0]?.values], [1567972800002, [-0.0001, 34287.54619963]]);
    assert.match(events[0]?.evidence ?? "", /"rateType":"Special"/);
  });

  it("have no mark price where the text is empty or missing", () => {
    const { markPrice, ...old } = EVENT;
    assert.ok(markPrice);
    const { events } = funding([{ ...EVENT, markPrice: "" }, old, { ...EVENT, markPrice: null }]);
    assert.deepEqual(
      events.map(({ values }) => values[1]),
      [null, null, null],
    );
  });

  it("are set aside where a member is missing or of another type", () => {
    const { fundingRate, ...bare } = EVENT;
    const odd = [
      bare,
      { ...EVENT, fundingRate: Number(fundingRate) },
      { ...EVENT, fundingRate: "" },
      { ...EVENT, markPrice: "n/a" },
    ];
    const { events, broken } = funding([...odd, EVENT]);
    assert.equal(events.length, 1);
    assert.deepEqual(
      broken.map(({ reason, time }) => [reason, time]),
      ["shape", "type", "type", "type"].map((reason) => [reason, EVENT.fundingTime]),
    );
    assert.equal(broken[0]?.evidence, JSON.stringify(bare));
  });

  it("count whole hours since the event before", () => {
    const at = (hours: number, jitter = 0) => ({ time: hours * HOUR + jitter });
    assert.deepEqual(intervals([at(8), at(16, 14), at(20, 3), at(20, 3), at(21)], undefined), [null, 8, 4, 4, 1]);
    assert.deepEqual(intervals([at(8, -900)], 0), [8]);
    assert.deepEqual(intervals([], 0), []);
  });
});

describe("open interest", () => {
  it("is known at its stamp, which may be text", () => {
    const { batch, time } = openInterest([STAMP, { ...STAMP, timestamp: "1788786600000", CMCCirculatingSupply: "1" }]);
    assert.deepEqual([time(0), time(1)], [1788786300000, 1788786600000]);
    assert.deepEqual(rowAt(batch, 0), {
      time: 1788786300000000,
      open_interest: 107259.199,
      open_interest_value: 8533728551.6,
      period: "5m",
      symbol: "BTCUSDT",
      venue: "binance",
      source: "rest",
    });
    assert.equal(numbers(batch, "open_interest").valid, null);
  });
});

describe("an answer of events", () => {
  it("may be empty", () => {
    assert.equal(openInterest([]).batch.rows, 0);
  });

  it("is refused in another form, and asked for again where it is cut or a page", () => {
    assert.equal(
      codeOf(() => funding([EVENT, { fundingRate: "1" }])),
      "malformed-row",
    );
    assert.equal(
      codeOf(() => funding([EVENT, { ...EVENT, fundingTime: 1.5 }])),
      "malformed-row",
    );
    assert.equal(
      codeOf(() =>
        funding([
          { ...EVENT, fundingRate: 1 },
          { ...EVENT, fundingRate: 2 },
        ]),
      ),
      "format-changed",
    );
    assert.equal(
      codeOf(() => funding([null])),
      "format-changed",
    );
    assert.equal(
      codeOf(() => funding({ rows: [] })),
      "format-changed",
    );
    assert.equal(
      codeOf(() => funding({ code: -1121, msg: "Invalid symbol." })),
      "unknown-symbol",
    );
    assert.equal(
      codeOf(() => decodeFunding(Buffer.from('[{"fund'), WHERE)),
      "cut-json",
    );
    assert.equal(
      codeOf(() => decodeFunding(Buffer.from("<html>"), WHERE)),
      "html-body",
    );
  });
});
