import { INTERVALS, type Interval, PERIODS, type Period } from "./interval.ts";
import { type Kind, type Market, type Series, stem, type Venue } from "./series.ts";
import type { TableName } from "./table.ts";
import type { Day, Month } from "./time.ts";

/** Version of the files that a lake consists of. A program refuses a lake of a newer one. */
export const FORMAT_VERSION = 1;

export const MANIFESTS = "_manifests";
export const QUARANTINE = "_quarantine";
/** Copies of what a bucket has; nothing is lost with them. */
export const CACHE = "_cache";

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

/** The folder of a month's objects, of all series that share it; of the whole table and step where no month is named. */
export function partitionFolder(table: TableName, series: Series, month: Month | undefined): string {
  const key = PARTITION_KEY[series.kind];
  const folder = key ? `${table}/${key}=${series.step}` : table;
  if (month === undefined) return folder;
  const [year, number] = month.split("-");
  return `${folder}/yyyy=${year}/mm=${number}`;
}

export const manifestKey = (table: TableName, series: Series, month: Month): string =>
  `${MANIFESTS}/${table}/${fileStem(series)}_${month}.json`;

export const quarantineKey = (table: TableName, series: Series, day: Day): string =>
  `${QUARANTINE}/${table}/${fileStem(series)}_${day}.json`;

const KIND: Record<TableName, Kind> = {
  spot_klines: "klines",
  futures_klines: "klines",
  funding_rates: "funding",
  open_interest: "open-interest",
  futures_metrics: "metrics",
};

const MANIFEST_NAME =
  /^(binance|binance-us|synthetic)_(.+)_(spot|um)_(?:funding|(?:oi_)?([0-9]+[mhdwM]))_(\d{4}-(?:0[1-9]|1[0-2]))\.json$/;

/** The steps that a series of a kind may have. */
const STEPS: Record<Kind, readonly (string | undefined)[]> = {
  klines: INTERVALS,
  metrics: INTERVALS,
  "open-interest": PERIODS,
  funding: [undefined],
};

/** The series and month that a manifest's file name tells; undefined for any other file. */
export function parseManifestName(table: TableName, name: string): { series: Series; month: Month } | undefined {
  const [, venue, symbol, market, step, month] = MANIFEST_NAME.exec(name) ?? [];
  if (!symbol || !month || !STEPS[KIND[table]].includes(step)) return undefined;
  const series: Series = {
    kind: KIND[table],
    venue: venue as Venue,
    market: market as Market,
    symbol: symbol.toUpperCase(),
    step: step as Interval | Period | undefined,
  };
  // A name that this series would not get (of another kind, in another spelling) belongs to something else.
  return `${fileStem(series)}_${month}.json` === name ? { series, month } : undefined;
}

/** The series and month whose manifest lies at a key; undefined for what is none of ours. */
export function parseManifestKey(table: TableName, key: string): { series: Series; month: Month } | undefined {
  const found = parseManifestName(table, key.slice(key.lastIndexOf("/") + 1));
  return found && manifestKey(table, found.series, found.month) === key ? found : undefined;
}

const DATED = /^(.+)_(\d{4}-\d{2})(-\d{2})\.(?:parquet|json)$/;

/** The partition that an object's or a quarantine file's name tells; undefined for any other file. */
function partitionNamed(table: TableName, name: string): { series: Series; day: Day } | undefined {
  const [, owner, month, date] = DATED.exec(name) ?? [];
  const found = owner && month ? parseManifestName(table, `${owner}_${month}.json`) : undefined;
  return found && { series: found.series, day: `${month}${date}` };
}

/** The partition whose object, or whose quarantine file, lies at a key; undefined for what is none of ours. */
export function parsePartitionKey(
  table: TableName,
  key: string,
  kind: "object" | "quarantine",
): { series: Series; day: Day } | undefined {
  const found = partitionNamed(table, key.slice(key.lastIndexOf("/") + 1));
  const own = kind === "object" ? objectKey : quarantineKey;
  return found && own(table, found.series, found.day) === key ? found : undefined;
}
