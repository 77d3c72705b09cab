import assert from "node:assert/strict";
import { test } from "node:test";
import { numbers } from "../../src/core/batch.ts";
import { candleLine, decodeCsv, fileOf, METRICS_HEADER, metricsFile, metricsLine, spotFile } from "../fakes/archive.ts";

/** Seeded, so that a failure can be repeated. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const digits = (random: () => number, count: number): string => {
  let text = "";
  for (let i = 0; i < count; i++) text += Math.floor(random() * 10);
  return text;
};

/** Decimals of all lengths, some of them beyond what a double holds, some with an exponent. */
function decimal(random: () => number): string {
  const long = random() < 0.1;
  const whole = digits(random, 1 + Math.floor(random() * (long ? 30 : 13)));
  const decimals = random() < 0.2 ? 0 : 1 + Math.floor(random() * (long ? 30 : 10));
  const exponent =
    random() < 0.05 ? `${random() < 0.5 ? "e" : "E"}${random() < 0.5 ? "-" : ""}${digits(random, 2)}` : "";
  return `${random() < 0.1 ? "-" : ""}${whole}${decimals > 0 ? `.${digits(random, decimals)}` : ""}${exponent}`;
}

const FIELDS = [1, 2, 3, 4, 5, 7, 9, 10];
const COLUMNS = [
  ...["open", "high", "low", "close", "volume", "quote_volume"],
  ...["taker_buy_base_volume", "taker_buy_quote_volume"],
];

test("decimals of candles are read as Number() reads them, a million texts of all kinds", () => {
  const random = mulberry(11);
  const month = Date.UTC(2024, 11, 1);
  const file = spotFile("1m", "2024-12");
  const rows = 44_640;
  for (let round = 0; round < 3; round++) {
    const texts = Array.from({ length: rows }, () => FIELDS.map(() => decimal(random)));
    const lines = texts.map((row, i) =>
      candleLine(month + i * 60_000, "1m", "ms", Object.fromEntries(row.map((text, f) => [FIELDS[f], text]))),
    );
    const { batch, broken } = decodeCsv(file, fileOf(lines));
    assert.deepEqual([batch.rows, broken.length], [rows, 0]);
    for (const [f, name] of COLUMNS.entries()) {
      const { values } = numbers(batch, name);
      for (const [i, row] of texts.entries()) {
        const text = row[f] as string;
        if (!Object.is(values[i], Number(text))) assert.fail(`${text}: ${values[i]}`);
      }
    }
  }
});

test("what is no number is none, wherever something is put into one", () => {
  const random = mulberry(12);
  const day = Date.UTC(2024, 11, 1);
  const number = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;
  const texts = Array.from({ length: 1440 }, () => {
    const text = decimal(random);
    const at = Math.floor(random() * (text.length + 1));
    return `${text.slice(0, at)}${"+-. eExX0\"'_/:"[Math.floor(random() * 14)]}${text.slice(at)}`;
  });
  const lines = texts.map((text, i) => candleLine(day + i * 60_000, "1m", "ms", { 4: text }));
  const { batch, broken } = decodeCsv(spotFile("1m", "2024-12-01"), fileOf(lines));
  const isNumber = (text: string) => number.test(text) && Number.isFinite(Number(text));
  assert.deepEqual([...numbers(batch, "close").values], texts.filter(isNumber).map(Number));
  assert.deepEqual(
    broken.map(({ evidence }) => evidence),
    lines.filter((_, i) => !isNumber(texts[i] as string)),
  );
});

test("decimals of metrics are read as Number() reads them", () => {
  const random = mulberry(13);
  const day = Date.UTC(2024, 11, 1);
  for (let round = 0; round < 20; round++) {
    const texts = Array.from({ length: 288 }, () => decimal(random));
    const lines = texts.map((text, i) => metricsLine(day + (i + 1) * 300_000, { 2: text }));
    const { batch } = decodeCsv(metricsFile("2024-12-01"), fileOf([METRICS_HEADER, ...lines]));
    assert.deepEqual([...numbers(batch, "open_interest").values], texts.map(Number));
  }
});
