import { type Batch, type Column, constant } from "../../core/batch.ts";
import type { Interval, Period } from "../../core/interval.ts";
import { type Series, seriesLabel } from "../../core/series.ts";
import type { Table } from "../../core/table.ts";
import type { TimeRange } from "../../core/time.ts";
import { tableOf } from "../../market/tables.ts";
import type { Page } from "../../ports.ts";
import { type Candles, makeCandles } from "./candles.ts";
import { decimalValue, wideValue } from "./decimal.ts";
import { FUNDING_DECIMALS, type FundingEvent, fundingEvents } from "./funding.ts";
import { rowText, writeFunding, writeKline, writeOpenInterest } from "./json.ts";
import { openInterest } from "./open-interest.ts";
import type { Instrument } from "./symbols.ts";

export const notFetched = (series: Series): TypeError =>
  new TypeError(`${seriesLabel(series)} is derived, never asked for`);

export type Rows = Pick<Page, "batch" | "evidence">;

/** Rows whose event time lies in the range, as columns of the series' table. */
export function rowsOf(of: Instrument, series: Series, range: TimeRange, now: number): Rows {
  switch (series.kind) {
    case "klines":
      return candleRows(of, series, range, now);
    case "funding":
      return fundingRows(of, series, range, now);
    case "open-interest":
      return openInterestRows(of, series, range, now);
    case "metrics":
      throw notFetched(series);
  }
}

function candleRows(of: Instrument, series: Series, range: TimeRange, now: number): Rows {
  const candles = makeCandles(of, series.step as Interval, range, now);
  const { rows } = candles;
  const price = (ticks: Float64Array): Column => values(ticks.map((units) => decimalValue(units, of.tick)));
  const lots = (units: Float64Array): Column => values(units.map((count) => decimalValue(count, of.lot)));
  const money = ({ high, low }: Candles["quote"]): Column =>
    values(high.map((limb, row) => wideValue(limb, low[row] as number, of.tick + of.lot)));
  const batch = fill(tableOf(series), rows, {
    ts: micros(candles.closeTime),
    open: price(candles.open),
    high: price(candles.high),
    low: price(candles.low),
    close: price(candles.close),
    volume: lots(candles.lots),
    quote_volume: money(candles.quote),
    num_trades: values(candles.trades),
    taker_buy_base_volume: lots(candles.takerLots),
    taker_buy_quote_volume: money(candles.takerQuote),
    interval: constant(String(series.step)),
    open_time: micros(candles.openTime),
    ...origin(of),
  });
  return { batch, evidence: (row) => rowText((out) => writeKline(out, candles, row)) };
}

function fundingRows(of: Instrument, series: Series, range: TimeRange, now: number): Rows {
  const events = fundingEvents(of, range.from, range.to, now);
  const batch = fill(tableOf(series), events.length, {
    funding_time: micros(Float64Array.from(events, (event) => event.time)),
    funding_rate: values(Float64Array.from(events, (event) => decimalValue(event.rate, FUNDING_DECIMALS))),
    interval_hours: nullable(events.map((event) => event.hours)),
    mark_price: nullable(events.map((event) => event.mark && decimalValue(event.mark, FUNDING_DECIMALS))),
    ...origin(of),
  });
  return { batch, evidence: (row) => rowText((out) => writeFunding(out, of, events[row] as FundingEvent)) };
}

function openInterestRows(of: Instrument, series: Series, range: TimeRange, now: number): Rows {
  const history = openInterest(of, series.step as Period, range.from, range.to, now);
  const batch = fill(tableOf(series), history.rows, {
    time: micros(history.time),
    open_interest: values(history.lots.map((units) => decimalValue(units, of.lot))),
    open_interest_value: values(history.value.map((units) => decimalValue(units, of.lot + of.tick))),
    period: constant(String(series.step)),
    ...origin(of),
  });
  return { batch, evidence: (row) => rowText((out) => writeOpenInterest(out, of, history, row)) };
}

const origin = (of: Instrument): Record<string, Column> => ({
  symbol: constant(of.symbol),
  venue: constant("synthetic"),
  source: constant("synthetic"),
});

const values = (numbers: Float64Array): Column => ({ values: numbers, valid: null });
const micros = (millis: Float64Array): Column => values(millis.map((time) => time * 1000));

function nullable(numbers: readonly (number | undefined)[]): Column {
  const valid = Uint8Array.from(numbers, (number) => (number === undefined ? 0 : 1));
  return { values: Float64Array.from(numbers, (number) => number ?? 0), valid: valid.includes(0) ? valid : null };
}

/** A batch from columns by name. */
function fill(table: Table, rows: number, columns: Readonly<Record<string, Column>>): Batch {
  return {
    table,
    rows,
    columns: table.columns.map(({ name }) => {
      const column = columns[name];
      if (!column) throw new TypeError(`${table.name}.${name} was not filled`);
      return column;
    }),
  };
}
