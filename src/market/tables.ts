import { UsageError } from "../core/errors.ts";
import type { Series } from "../core/series.ts";
import { didYouMean } from "../core/suggest.ts";
import type { Table, TableName } from "../core/table.ts";
import { FUNDING_RATES } from "./funding-rates.ts";
import { FUTURES_METRICS } from "./futures-metrics.ts";
import { FUTURES_KLINES, SPOT_KLINES } from "./klines.ts";
import { OPEN_INTEREST } from "./open-interest.ts";

/** Every table, in the order in which they are fetched, derived and documented. */
export const TABLES: readonly Table[] = [SPOT_KLINES, FUTURES_KLINES, FUNDING_RATES, OPEN_INTEREST, FUTURES_METRICS];

export const TABLE: Readonly<Record<TableName, Table>> = {
  spot_klines: SPOT_KLINES,
  futures_klines: FUTURES_KLINES,
  funding_rates: FUNDING_RATES,
  open_interest: OPEN_INTEREST,
  futures_metrics: FUTURES_METRICS,
};

/** The table that a series' rows go to. */
export function tableOf(series: Series): Table {
  switch (series.kind) {
    case "klines":
      return series.market === "spot" ? SPOT_KLINES : FUTURES_KLINES;
    case "funding":
      return FUNDING_RATES;
    case "open-interest":
      return OPEN_INTEREST;
    case "metrics":
      return FUTURES_METRICS;
  }
}

/** @throws UsageError with the nearest name where there is no such table */
export function parseTable(text: string): Table {
  const table = TABLES.find((candidate) => candidate.name === text);
  if (table) return table;
  const names = TABLES.map((candidate) => candidate.name);
  throw new UsageError(
    "unknown-table",
    `There is no table ${JSON.stringify(text)}${didYouMean(text, names)} Known: ${names.join(" ")}.`,
    "candlelake schema",
  );
}
