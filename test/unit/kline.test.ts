import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { rowAt } from "../../src/core/batch.ts";
import { AppError } from "../../src/core/errors.ts";
import { SPOT_KLINES } from "../../src/market/klines.ts";
import { decodeKlines } from "../../src/sources/binance/kline.ts";
import { klineText } from "../fakes/rest-venue.ts";

const labels = { interval: "1h", symbol: "BTCUSDT", venue: "binance-us", source: "rest" };
const WHERE = "api.binance.us/api/v3/klines (BTCUSDT 1h)";
const decode = (text: string, expected?: number) =>
  decodeKlines(Buffer.from(text), SPOT_KLINES, labels, WHERE, expected);

/** A row of api.binance.us, 2025-12-07 16:00. */
const ROW =
  '[1765123200000,"89687.47000000","89810.37000000","89170.07000000","89810.37000000","0.09218000",1765126799999,"8247.80898820",34,"0.04796000","4297.53469800","0"]';

const failure = (text: string): AppError => {
  try {
    decode(text);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  return assert.fail(`${text} was taken`);
};

describe("a klines answer", () => {
  it("becomes columns in the table's order, times in microseconds", () => {
    const { batch, broken } = decode(`[${ROW}]`);
    assert.deepEqual(broken, []);
    assert.deepEqual(rowAt(batch, 0), {
      ts: 1765126799999000,
      open: 89687.47,
      high: 89810.37,
      low: 89170.07,
      close: 89810.37,
      volume: 0.09218,
      quote_volume: 8247.8089882,
      num_trades: 34,
      taker_buy_base_volume: 0.04796,
      taker_buy_quote_volume: 4297.534698,
      interval: "1h",
      open_time: 1765123200000000,
      symbol: "BTCUSDT",
      venue: "binance-us",
      source: "rest",
    });
  });

  it("may be empty, or written with spaces and lines", () => {
    assert.equal(decode("[]").batch.rows, 0);
    assert.equal(decode(" [ ] \n").batch.rows, 0);
    const pretty = JSON.stringify([JSON.parse(ROW), JSON.parse(ROW)], null, 2);
    const { batch } = decode(pretty);
    assert.equal(batch.rows, 2);
    assert.deepEqual(rowAt(batch, 1), rowAt(decode(`[${ROW}]`).batch, 0));
  });

  it("is read alike however many rows were expected", () => {
    const rows = Array.from({ length: 100 }, (_, i) => klineText(i * 60_000, 60_000));
    const text = `[${rows.join(",")}]`;
    const full = decode(text, 100);
    for (const expected of [0, 1, 7, 99]) assert.deepEqual(decode(text, expected).batch, full.batch);
    for (const [i, row] of rows.entries()) assert.equal(full.evidence(i), row);
    assert.equal(full.time(99), 99 * 60_000);
  });

  it("equals what JSON.parse makes of it", () => {
    const decimal = fc.stringMatching(/^[0-9]{1,9}\.[0-9]{8}$/);
    const row = fc.tuple(
      fc.nat(),
      decimal,
      decimal,
      decimal,
      decimal,
      decimal,
      fc.nat(),
      decimal,
      fc.nat(),
      decimal,
      decimal,
      fc.constant("0"),
    );
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), fc.boolean(), (rows, spaced) => {
        const { batch } = decode(JSON.stringify(rows, null, spaced ? 1 : undefined), 2);
        const byColumn = [6, 1, 2, 3, 4, 5, 7, 8, 9, 10];
        rows.forEach((fields, i) => {
          const got = Object.values(rowAt(batch, i));
          byColumn.forEach((field, column) => {
            assert.equal(got[column], Number(fields[field]) * (field === 6 ? 1000 : 1));
          });
          assert.equal(got[11], fields[0] * 1000);
        });
      }),
    );
  });

  describe("with a row that is not as it should be", () => {
    const cases: readonly [string, string, string][] = [
      ["too short", '[1765126800000,"1"]', "shape"],
      ["too short by one", ROW.replace(',"0"]', "]"), "shape"],
      ["too long", ROW.replace(/\]$/, ',"1"]'), "shape"],
      ["a number where text belongs", ROW.replace('"89687.47000000"', "89687.47"), "type"],
      ["text where a number belongs", ROW.replace(",34,", ',"34",'), "type"],
      ["words for a price", ROW.replace("89687.47000000", "NaN"), "type"],
      ["null for a price", ROW.replace('"89687.47000000"', "null"), "type"],
      ["trades with a fraction", ROW.replace(",34,", ",34.5,"), "type"],
      ["a nested list", ROW.replace('"89687.47000000"', '["89687.47000000"]'), "type"],
      ["a bracket within text", ROW.replace("89687.47000000", "]],["), "type"],
    ];
    for (const [name, row, reason] of cases) {
      it(`sets it aside: ${name}`, () => {
        for (const text of [`[${row},${ROW}]`, `[${ROW},${row}]`, `[${ROW},${row},${ROW}]`]) {
          const { batch, broken } = decode(text);
          assert.equal(batch.rows, text.split(ROW).length - 1);
          assert.deepEqual(broken, [{ time: broken[0]?.time, reason, evidence: row }]);
          assert.equal(broken[0]?.time, JSON.parse(row)[0]);
        }
      });
    }

    it("is refused where not even the open time can be read", () => {
      for (const row of ['["1765123200000","1"]', "[]", "17", '{"open":1}', "[-5]", "[1765123200000000,1]"]) {
        assert.equal(failure(`[${ROW},${row}]`).code, "malformed-row", row);
      }
    });

    it("is set aside alone, too: one broken row does not make another format", () => {
      const { batch, broken } = decode('[[1765123200000,"1"]]');
      assert.deepEqual([batch.rows, broken.length, broken[0]?.time], [0, 1, 1765123200000]);
    });

    it("tells of another format where no row can be read", () => {
      const twoShort = '[[1765123200000,"1"],[1765126800000,"1"]]';
      for (const text of [twoShort, '[{"t":1765123200000}]', "[1]", '{"rows":[]}', ROW, '"[]"']) {
        const error = failure(text);
        assert.deepEqual([error.code, error.retryable], ["format-changed", false], text);
        assert.match(error.message, /api\.binance\.us\/api\/v3\/klines/);
      }
      assert.equal(failure(`[${ROW.replaceAll("1765123200000", "1765123200000000")}]`).code, "format-changed");
    });
  });

  it("that breaks off anywhere is asked for again", () => {
    const text = `[${ROW},${ROW}]`;
    for (let length = 0; length < text.length; length++) {
      const error = failure(text.slice(0, length));
      assert.deepEqual([error.code, error.retryable], ["cut-json", true], `cut at ${length}`);
    }
    for (const text of [`[${ROW}] x`, `[${ROW},]`, `[,${ROW}]`]) assert.equal(failure(text).code, "cut-json", text);
  });

  it("that is a page for browsers is asked for again", () => {
    const error = failure("\n<!DOCTYPE html><html></html>");
    assert.deepEqual([error.code, error.retryable], ["html-body", true]);
  });

  it("may be a refusal in disguise", () => {
    assert.equal(failure('{"code":-1121,"msg":"Invalid symbol."}').code, "unknown-symbol");
    assert.equal(failure('{"code":-1100,"msg":"Illegal characters."}').code, "bad-request");
  });
});
