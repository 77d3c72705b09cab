import { type Batch, type Column, constant, rowAt } from "../../src/core/batch.ts";
import { gridOf, type Interval, nextOpen } from "../../src/core/interval.ts";
import type { Series } from "../../src/core/series.ts";
import { HOUR } from "../../src/core/time.ts";
import type { Received } from "../../src/market/check.ts";
import { tableOf } from "../../src/market/tables.ts";

/** A row by column names, times in milliseconds; what is left out has a plausible value. */
export type Row = { readonly time: number } & Readonly<Record<string, number | null>>;

const MICROS = 1000;

const CANDLE: Readonly<Record<string, number>> = {
  open: 100,
  high: 110,
  low: 90,
  close: 105,
  volume: 10,
  quote_volume: 1000,
  num_trades: 7,
  taker_buy_base_volume: 4,
  taker_buy_quote_volume: 400,
};
const EVENT: Readonly<Record<string, number>> = {
  funding_rate: 0.0001,
  interval_hours: 8,
  mark_price: 60_000,
  open_interest: 500,
  open_interest_value: 30_000_000,
};

function plausible(series: Series, name: string, time: number): number {
  if (name === "ts") return nextOpen(gridOf(series.step as Interval), time) - 1;
  return CANDLE[name] ?? EVENT[name] ?? time;
}

/** Rows of a series, in the order given. */
export function batchOf(series: Series, rows: readonly Row[], source = "rest"): Batch {
  const table = tableOf(series);
  const words: Readonly<Record<string, string>> = {
    interval: String(series.step),
    period: String(series.step),
    symbol: series.symbol,
    venue: series.venue,
    source,
  };
  const columns = table.columns.map((spec): Column => {
    if (spec.type === "STRING") return constant(words[spec.name] ?? "");
    const given = rows.map((row) => {
      const value = row[spec.name];
      return value === undefined ? plausible(series, spec.name, row.time) : value;
    });
    const scale = spec.type === "TIMESTAMP" ? MICROS : 1;
    const valid = Uint8Array.from(given, (value) => (value === null ? 0 : 1));
    return {
      values: Float64Array.from(given, (value) => (value ?? 0) * scale),
      valid: valid.includes(0) ? valid : null,
    };
  });
  return { table, rows: rows.length, columns };
}

/** The rows as they would come from a venue. */
export function received(
  series: Series,
  rows: readonly Row[],
  rest: Partial<Pick<Received, "broken" | "unpublished">> = {},
): Received {
  const batch = batchOf(series, rows);
  return { batch, evidence: (index) => JSON.stringify(rowAt(batch, index)), broken: [], unpublished: [], ...rest };
}

/** An hour each, from a time on. */
export const hours = (from: number, count: number): Row[] =>
  Array.from({ length: count }, (_, i) => ({ time: from + i * HOUR }));

/** A column's values, NULL where there is none. */
export const column = (batch: Batch, name: string): (number | string | null)[] =>
  Array.from({ length: batch.rows }, (_, i) => rowAt(batch, i)[name] ?? null);
