import { METRICS_LABELS_BEGIN } from "../../core/archive-calendar.ts";
import { type ArchiveFile, isMonthly } from "../../core/archive-file.ts";
import { MINUTE } from "../../core/time.ts";

// How the archive writes its files, which changed over the years.

const KLINES =
  "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore";
const FUNDING = "calc_time,funding_interval_hours,last_funding_rate";
const METRICS =
  "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio";

/** Candles of futures have a header from here on. */
const HEADER_SINCE = "2022-05";
/** Candles of spot are in microseconds from here on. */
const MICROS_SINCE = "2025-01";
const SNAPSHOTS = 5 * MINUTE;

/** The first line, with its end; empty where there is none. */
export function headerOf({ series, span }: ArchiveFile): string {
  if (series.kind === "funding") return `${FUNDING}\n`;
  if (series.kind === "open-interest") return `${METRICS}\n`;
  return series.market === "um" && span >= HEADER_SINCE ? `${KLINES}\n` : "";
}

export const inMicros = ({ series, span }: ArchiveFile): boolean =>
  series.kind === "klines" && series.market === "spot" && span >= MICROS_SINCE;

/** How long before its snapshot the label of a line of metrics lies, in milliseconds. */
export const labelLead = (file: ArchiveFile): number =>
  !isMonthly(file) && file.span >= METRICS_LABELS_BEGIN ? SNAPSHOTS : 0;

/** `2025-01-01 00:05:00`. */
export const labelOf = (time: number): string => new Date(time).toISOString().slice(0, 19).replace("T", " ");
