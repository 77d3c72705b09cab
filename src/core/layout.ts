import { type Series, stem } from "./series.ts";
import type { TableName } from "./table.ts";
import type { Day, Month } from "./time.ts";

/** Version of the files that a lake consists of. A program refuses a lake of a newer one. */
export const FORMAT_VERSION = 1;

export const MANIFESTS = "_manifests";
export const QUARANTINE = "_quarantine";

const PARTITION_KEY: Record<Series["kind"], "interval" | "period" | undefined> = {
  klines: "interval",
  metrics: "interval",
  "open-interest": "period",
  funding: undefined,
};

/** `binance-us_btcusdt_spot_1h`: a series in file names. */
export const fileStem = (series: Series): string =>
  [series.venue, series.symbol.toLowerCase(), series.market, stem(series)].join("_");

/** Where a partition's Parquet object lies, relative to the lake's root. */
export function objectKey(table: TableName, series: Series, day: Day): string {
  const [year, month, date] = day.split("-");
  const key = PARTITION_KEY[series.kind];
  const folder = key ? `${key}=${series.step}/` : "";
  return `${table}/${folder}yyyy=${year}/mm=${month}/dd=${date}/${fileStem(series)}_${day}.parquet`;
}

export const manifestKey = (table: TableName, series: Series, month: Month): string =>
  `${MANIFESTS}/${table}/${fileStem(series)}_${month}.json`;

export const quarantineKey = (table: TableName, series: Series, day: Day): string =>
  `${QUARANTINE}/${table}/${fileStem(series)}_${day}.json`;
