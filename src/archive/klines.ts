import { type ArchiveFile, archiveRange } from "../core/archive-file.ts";
import { type Column, constant } from "../core/batch.ts";
import { countOpens, fixedLength, gridOf, type Interval } from "../core/interval.ts";
import { DAY, iso } from "../core/time.ts";
import { tableOf } from "../market/tables.ts";
import { otherInterval } from "./candle-length.ts";
import { type Csv, lineAt, openCsv } from "./csv.ts";
import type { ArchiveRows } from "./decode.ts";
import { LEAST_MICROS, timeNumber, type Unit } from "./fields.ts";
import { CLOSED, type KlineRows, OPENED, readKlines, TRADES } from "./kline-rows.ts";
import type { Known } from "./known.ts";
import { mislabelled, refuseUnread } from "./refusal.ts";
import { release } from "./release.ts";

/** The columns, as a header names them. */
export const KLINE_NAMES: readonly string[] =
  "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore".split(
    ",",
  );

const MICROS = 1000;

const countOf = ({ broken }: KlineRows, reason: string): number =>
  broken.reduce((count, row) => (row.reason === reason ? count + 1 : count), 0);

/** The unit is that of the first line's open time, unless most lines have the other one. */
function readInUnit(csv: Csv, read: (unit: Unit) => KlineRows): { readonly unit: Unit; readonly rows: KlineRows } {
  const first = timeNumber(lineAt(csv.bytes, csv.from).split(",", 1)[0]);
  const unit = first >= LEAST_MICROS ? "us" : "ms";
  const rows = read(unit);
  if (countOf(rows, "time-unit") <= rows.columns.count) return { unit, rows };
  const other = unit === "us" ? "ms" : "us";
  const otherwise = read(other);
  return otherwise.columns.count > rows.columns.count ? { unit: other, rows: otherwise } : { unit, rows };
}

function toMillis(micros: Float64Array): void {
  for (let i = 0; i < micros.length; i++) micros[i] = Math.floor((micros[i] as number) / MICROS);
}

function toMicros(millis: Float64Array): void {
  for (let i = 0; i < millis.length; i++) millis[i] = (millis[i] as number) * MICROS;
}

/**
 * Decodes a file of candles: twelve fields a line, times in milliseconds or microseconds, with or without a header.
 * Close times are cut to the millisecond, so that a candle is the same in both units.
 * @param known of the series
 * @throws DataError `empty-archive`, `format-changed`, `mislabelled`
 */
export function decodeKlines(
  bytes: Uint8Array,
  file: ArchiveFile,
  where: string,
  source: string,
  { first }: Known = {},
): ArchiveRows {
  const { series } = file;
  const interval = series.step as Interval;
  const range = archiveRange(file);
  const csv = openCsv(bytes, KLINE_NAMES, where);
  const expected = countOpens(gridOf(interval), range);
  const { unit, rows } = readInUnit(csv, (either) =>
    readKlines(csv, either, range, expected, fixedLength(interval) ?? DAY, first),
  );
  const { columns, broken, nameless } = rows;
  if (countOf(rows, "outside") > columns.count) {
    const stranger = broken.find((row) => row.reason === "outside");
    throw mislabelled(where, `most of its candles are of other days, such as ${iso(stranger?.time ?? 0)}`);
  }
  refuseUnread(rows.cut ? 0 : columns.count, broken, nameless, where);
  const opens = columns.field(OPENED);
  const closes = columns.field(CLOSED);
  if (unit === "us") toMillis(closes);
  toMicros(closes);
  if (unit === "ms") toMicros(opens);
  const other = otherInterval(opens, closes, interval);
  if (other) throw mislabelled(where, `its candles are of ${other} in place of ${interval}`);
  const number = (values: Float64Array): Column => ({ values, valid: null });
  return {
    batch: {
      table: tableOf(series),
      rows: columns.count,
      columns: [
        number(closes),
        ...[1, 2, 3, 4, 5, 7, TRADES, 9, 10].map((field) => number(columns.field(field))),
        constant(interval),
        number(opens),
        constant(series.symbol),
        constant(series.venue),
        constant(source),
      ],
    },
    evidence: (index) => lineAt(csv.bytes, columns.starts[index] as number),
    broken,
    unit,
    header: csv.header !== undefined,
    missing: [],
    release: () => release([csv.bytes, ...columns.numbers, columns.starts]),
  };
}
