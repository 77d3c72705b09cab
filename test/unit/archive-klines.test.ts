import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decodeArchive } from "../../src/archive/decode.ts";
import { type Batch, numbers, rowAt } from "../../src/core/batch.ts";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import {
  archiveOf,
  candleLine,
  candleLines,
  decodeCsv,
  fileOf,
  futuresFile,
  KLINE_HEADER,
  refusalCode,
  spotFile,
  WHERE,
} from "../fakes/archive.ts";

const day = Date.UTC(2025, 0, 1);
const daily = spotFile("1h", "2025-01-01");
const opens = (batch: Batch) => [...numbers(batch, "open_time").values].map((micros) => micros / 1000);
const reasons = (csv: string, file = daily) => decodeCsv(file, csv).broken.map(({ time, reason }) => [time, reason]);

test("a line becomes a row of the table, in both units the same", () => {
  const [ms, us] = (["ms", "us"] as const).map((unit) => {
    const { batch, broken, unit: found, header } = decodeCsv(daily, fileOf(candleLines(day, 24, "1h", unit)));
    assert.deepEqual([found, header, broken], [unit, false, []]);
    return batch;
  });
  assert.deepEqual(ms, us);
  assert.deepEqual(rowAt(ms as Batch, 1), {
    ts: (day + 2 * HOUR - 1) * 1000,
    open: 100.5,
    high: 110,
    low: 90.25,
    close: 105.125,
    volume: 10,
    quote_volume: 1000,
    num_trades: 7,
    taker_buy_base_volume: 4,
    taker_buy_quote_volume: 400,
    interval: "1h",
    open_time: (day + HOUR) * 1000,
    symbol: "BTCUSDT",
    venue: "binance",
    source: "archive-test",
  });
});

test("a line of the futures' archive with a header", () => {
  const file = futuresFile("1m", "2023-02");
  const line =
    "1675209600000,0.2413,0.2418,0.2413,0.2418,283971.0,1675209659999,68569.21705,270,179373.9,43319.35309,0";
  const { batch, header, evidence } = decodeCsv(file, fileOf([KLINE_HEADER, line]));
  assert.deepEqual([batch.table.name, batch.rows, header, evidence(0)], ["futures_klines", 1, true, line]);
  assert.equal(rowAt(batch, 0)["quote_volume"], 68569.21705);
});

test("how lines end, and whether the last one does, makes no difference", () => {
  const lines = candleLines(day, 24, "1h");
  const { batch } = decodeCsv(daily, fileOf(lines));
  for (const text of [
    lines.join("\n"),
    lines.join("\r\n"),
    `${lines.join("\r\n")}\r\n\r\n`,
    `\n${lines.join("\n\n")}`,
  ]) {
    const other = decodeCsv(daily, text);
    assert.deepEqual(other.batch, batch);
    for (const [i, line] of lines.entries()) assert.equal(other.evidence(i), line);
  }
});

test("more rows than the grid has are all kept, in the order of the file", () => {
  const lines = candleLines(day, 24, "1h");
  const many = Array.from({ length: 40 }, () => lines).flat();
  const { batch, evidence } = decodeCsv(daily, fileOf(many));
  assert.equal(batch.rows, 960);
  assert.deepEqual([evidence(959), evidence(30)], [lines[23], lines[6]]);
});

describe("a row that cannot be one", () => {
  const rest = candleLines(day, 23, "1h");
  const last = day + 23 * HOUR;
  const cases: readonly (readonly [string, string, string])[] = [
    ["has a field less", candleLine(last, "1h").slice(0, -2), "shape"],
    ["has a field more", `${candleLine(last, "1h")},1`, "shape"],
    ["has text for a number", candleLine(last, "1h", "ms", { 4: "n/a" }), "type"],
    ["has NaN", candleLine(last, "1h", "ms", { 4: "NaN" }), "type"],
    ["has an infinite number", candleLine(last, "1h", "ms", { 4: "1e999" }), "type"],
    ["has an empty field", candleLine(last, "1h", "ms", { 4: "" }), "blank"],
    ["has a part of a trade", candleLine(last, "1h", "ms", { 8: "7.5" }), "type"],
    ["has a plus sign", candleLine(last, "1h", "ms", { 4: "+105" }), "type"],
    ["has a space", candleLine(last, "1h", "ms", { 4: " 105" }), "type"],
    ["has no digit before the point", candleLine(last, "1h", "ms", { 4: ".5" }), "type"],
    ["has quotes", candleLine(last, "1h", "ms", { 4: '"105"' }), "type"],
    ["has quotes around its time", candleLine(last, "1h", "ms", { 0: `"${last}"` }), "type"],
    ["is in microseconds", candleLine(last, "1h", "us"), "time-unit"],
    ["closes in microseconds", candleLine(last, "1h", "ms", { 6: `${last + HOUR - 1}000` }), "time-unit"],
    ["is in seconds", candleLine(last, "1h", "ms", { 0: `${last / 1000}` }), "time-unit"],
    ["is in nanoseconds", candleLine(last, "1h", "ms", { 0: `${last}000000` }), "time-unit"],
  ];
  for (const [what, line, reason] of cases) {
    test(what, () => {
      const rows = decodeCsv(daily, fileOf([...rest, line]));
      assert.equal(rows.batch.rows, 23);
      assert.deepEqual(rows.broken, [{ time: last, reason, evidence: line }]);
    });
  }

  test("in a file of microseconds is in milliseconds", () => {
    const lines = [...candleLines(day, 23, "1h", "us"), candleLine(last, "1h", "ms")];
    assert.deepEqual(reasons(fileOf(lines)), [[last, "time-unit"]]);
    assert.deepEqual(reasons(fileOf(lines.reverse())), [[last, "time-unit"]]);
  });

  test("is the first one, behind a byte order mark", () => {
    assert.deepEqual(reasons(`\uFEFF${fileOf(candleLines(day, 24, "1h"))}`), [[day, "type"]]);
    assert.deepEqual(reasons(`\uFEFF${KLINE_HEADER}\n${fileOf(candleLines(day, 24, "1h"))}`), []);
  });

  test("lies outside the file's days", () => {
    assert.deepEqual(reasons(fileOf(candleLines(day, 25, "1h"))), [[day + DAY, "outside"]]);
    assert.deepEqual(reasons(fileOf(candleLines(day - HOUR, 25, "1h"))), [[day - HOUR, "outside"]]);
  });

  test("has no time: it stands where the next candle is due, and no other row suffers for it", () => {
    for (const [line, reason] of [
      ["x", "shape"],
      [",,,,,,,,,,,", "blank"],
      [KLINE_HEADER, "type"],
      ["-5,1", "shape"],
      ["1e30,1", "shape"],
    ] as const) {
      const [before, after] = [rest.slice(0, 5), rest.slice(6)];
      const due = Number(rest[4]?.split(",")[0]) + HOUR;
      assert.deepEqual(reasons(fileOf([...before, line, ...after])), [[due, reason]], line);
    }
  });

  test("has no time and is the first: it stands right before the candle behind it, header or none", () => {
    const whole = candleLines(day, 24, "1h");
    for (const [line, reason] of [
      ["x", "shape"],
      [candleLine(day, "1h", "ms", { 0: "" }), "blank"],
      [candleLine(day, "1h", "ms", { 0: "00:00" }), "type"],
    ] as const) {
      for (const header of [[], [KLINE_HEADER]]) {
        const file = fileOf([...header, line, ...whole.slice(1)]);
        assert.deepEqual(reasons(file), [[day, reason]], line);
        assert.equal(decodeCsv(daily, file).batch.rows, 23);
      }
      assert.deepEqual(reasons(fileOf([line, ...whole])), [[day, reason]], "no candle is missing");
    }
    const monthly = spotFile("1h", "2025-01");
    const listed = candleLines(day + 9 * DAY, 48, "1h", "us");
    const places = (first?: number) =>
      decodeArchive(archiveOf(monthly, fileOf(["x", "y", ...listed])), monthly, WHERE, "", { first }).broken.map(
        ({ time }) => time,
      );
    assert.deepEqual(places(), [day + 9 * DAY - 2 * HOUR, day + 9 * DAY - HOUR]);
    assert.deepEqual(places(day + 9 * DAY), [day + 9 * DAY, day + 9 * DAY], "nothing was before the series began");
  });

  test("is every one: the form has changed", () => {
    const lines = rest.map((line) => line.replaceAll(",", ";"));
    assert.equal(
      refusalCode(() => decodeCsv(daily, fileOf(lines))),
      "format-changed",
    );
    assert.equal(
      refusalCode(() => decodeCsv(daily, fileOf(rest.map((line) => `${line},0`)))),
      "format-changed",
    );
    const swapped = KLINE_HEADER.replace("open,high", "high,open");
    assert.equal(
      refusalCode(() => decodeCsv(daily, fileOf([swapped, ...rest]))),
      "format-changed",
    );
  });
});

test("an exponent, or a whole number written with decimals, is a number", () => {
  const line = candleLine(day, "1h", "ms", { 5: "0E-8", 7: "1.5e3", 8: "7.0", 10: "4E+2" });
  const { batch, broken } = decodeCsv(daily, fileOf([line]));
  assert.deepEqual(broken, []);
  const { volume, quote_volume, num_trades, taker_buy_quote_volume } = rowAt(batch, 0);
  assert.deepEqual([volume, quote_volume, num_trades, taker_buy_quote_volume], [0, 1500, 7, 400]);
});

describe("a file is mislabelled", () => {
  const code = (file: Parameters<typeof decodeCsv>[0], lines: readonly string[]) =>
    refusalCode(() => decodeCsv(file, fileOf(lines)));

  test("with rows of other days, for the most part", () => {
    assert.equal(code(daily, candleLines(day - DAY, 24, "1h")), "mislabelled");
    assert.equal(code(daily, candleLines(day - 13 * HOUR, 24, "1h")), "mislabelled");
    assert.equal(code(daily, candleLines(day - 12 * HOUR, 24, "1h")), undefined);
  });

  test("with candles of another interval", () => {
    assert.equal(code(spotFile("1m", "2025-01-01"), candleLines(day, 288, "5m")), "mislabelled");
    assert.equal(code(daily, candleLines(day, 1440, "1m")), "mislabelled");
    assert.equal(code(spotFile("1h", "2025-01"), candleLines(day, 31 * 1440, "1m")), "mislabelled");
    assert.equal(code(spotFile("1d", "2025-01-01"), candleLines(day, 1, "1h")), "mislabelled");
    // Closes that tell nothing leave it to the distances.
    const endless = candleLines(day, 288, "5m").map((line, i) =>
      line.replace(/,\d+,1000,/, `,${day + i * 7919},1000,`),
    );
    assert.equal(code(spotFile("1m", "2025-01-01"), endless), "mislabelled");
  });

  test("but not with rows that are missing, cut short, doubled or out of order", () => {
    const lines = candleLines(day, 24, "1h");
    assert.equal(code(daily, [lines[0], lines[4], lines[8]].map(String)), undefined);
    const minutes = candleLines(day, 1440, "1m").filter((_, i) => i % 5 === 0);
    assert.equal(code(spotFile("1m", "2025-01-01"), minutes), undefined);
    assert.equal(
      code(
        daily,
        lines.filter((_, i) => i % 3 !== 1),
      ),
      undefined,
    );
    assert.equal(
      code(
        daily,
        lines.filter((_, i) => i % 2 === 0),
      ),
      undefined,
    );
    assert.equal(code(daily, lines.toReversed()), undefined);
    assert.equal(code(daily, [...lines, ...lines]), undefined);
    assert.equal(
      code(spotFile("1d", "2025-01-01"), [candleLine(day, "1d", "ms", { 6: `${day + 28 * MINUTE}` })]),
      undefined,
    );
    const shuffled = lines.map((line, i) => ({ line, key: (i * 7) % 24 })).sort((a, b) => a.key - b.key);
    assert.equal(
      code(
        daily,
        shuffled.map(({ line }) => line),
      ),
      undefined,
    );
  });
});

test("a flood of broken rows ends", () => {
  const csv = fileOf([...candleLines(day, 24, "1h"), ...Array.from({ length: 150_000 }, () => `${day}`)]);
  assert.equal(
    refusalCode(() => decodeCsv(spotFile("1m", "2025-01"), csv)),
    "format-changed",
  );
});

test("candles are read as they were written", () => {
  const decimal = fc.stringMatching(/^[0-9]{1,9}(\.[0-9]{1,8})?$/);
  const candle = fc.tuple(fc.nat(44_639), fc.array(decimal, { minLength: 8, maxLength: 8 }), fc.nat());
  const month = Date.UTC(2025, 0, 1);
  fc.assert(
    fc.property(
      fc.uniqueArray(candle, { selector: ([minute]) => minute, minLength: 1, maxLength: 9 }),
      fc.constantFrom("ms" as const, "us" as const),
      fc.boolean(),
      fc.constantFrom("\n", "\r\n"),
      (candles, unit, header, end) => {
        const lines = candles.map(([minute, [a, b, c, d, e, f, g, h], trades]) =>
          candleLine(month + minute * MINUTE, "1m", unit, {
            ...Object.fromEntries(Object.entries({ 1: a, 2: b, 3: c, 4: d, 5: e, 7: f, 9: g, 10: h })),
            8: `${trades}`,
          }),
        );
        const text = [...(header ? [KLINE_HEADER] : []), ...lines].join(end);
        const rows = decodeCsv(spotFile("1m", "2025-01"), text);
        assert.deepEqual([rows.broken, rows.header, rows.unit], [[], header, unit]);
        assert.deepEqual(
          opens(rows.batch),
          candles.map(([minute]) => month + minute * MINUTE),
        );
        candles.forEach(([minute, values, trades], i) => {
          const row = rowAt(rows.batch, i);
          assert.deepEqual(
            [
              ...["open", "high", "low", "close", "volume", "quote_volume"].map((name) => row[name]),
              ...["taker_buy_base_volume", "taker_buy_quote_volume", "num_trades", "ts"].map((name) => row[name]),
            ],
            [...values.map(Number), trades, (month + (minute + 1) * MINUTE - 1) * 1000],
          );
          assert.equal(rows.evidence(i), lines[i]);
        });
      },
    ),
    { numRuns: 1000 },
  );
});
