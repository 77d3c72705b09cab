import { createHash, randomUUID } from "node:crypto";
import { appendFileSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import type { Batch, Column } from "../../src/core/batch.ts";
import type { Table } from "../../src/core/table.ts";
import { HOUR, type Month, timeOfDay } from "../../src/core/time.ts";
import { SPOT_KLINES } from "../../src/market/klines.ts";
import { encode } from "../../src/parquet/encode.ts";
import type { LoadObject, LoadUnit } from "../../src/ports/warehouse.ts";

/** A row by column name; times in microseconds; what is left out is NULL. */
export type Row = Readonly<Record<string, number | string | null>>;

export function batchOf(table: Table, rows: readonly Row[]): Batch {
  const columns = table.columns.map(({ name, type }): Column => {
    const values = rows.map((row) => row[name] ?? null);
    if (type === "STRING") {
      const dictionary = [...new Set(values.map(String))];
      return { dictionary, codes: Uint8Array.from(values, (value) => dictionary.indexOf(String(value))) };
    }
    return {
      values: Float64Array.from(values, (value) => Number(value ?? 0)),
      valid: values.includes(null) ? Uint8Array.from(values, (value) => (value === null ? 0 : 1)) : null,
    };
  });
  return { table, rows: rows.length, columns };
}

export interface Candles {
  readonly day: string;
  readonly venue?: string;
  readonly symbol?: string;
  readonly interval?: string;
  readonly source?: string;
  /** Candles of the day, an hour each. */
  readonly rows?: number;
  /** Close of the first candle; each later one is 1 more. */
  readonly close?: number;
}

/** Hourly candles of one day. */
export function candles(of: Candles): Row[] {
  const { day, venue = "binance-us", symbol = "BTCUSDT", interval = "1h", rows = 24, close = 100 } = of;
  const source = of.source ?? (venue === "synthetic" ? "synthetic" : "rest");
  return Array.from({ length: rows }, (_, i) => {
    const open = timeOfDay(day) + i * HOUR;
    return {
      ts: (open + HOUR - 1) * 1000,
      open: close + i - 0.5,
      high: close + i + 1,
      low: close + i - 1,
      close: close + i,
      volume: 0.1 + i,
      quote_volume: 1234.5678,
      num_trades: 7 + i,
      taker_buy_base_volume: 0.05,
      taker_buy_quote_volume: 617.28,
      interval,
      open_time: open * 1000,
      symbol,
      venue,
      source,
    };
  });
}

export const nameOf = ({ venue = "binance-us", symbol = "BTCUSDT", interval = "1h" }: Omit<Candles, "day">): string =>
  `${venue}_${symbol.toLowerCase()}_spot_${interval}`;

/** A bucket that the lake is copied to. */
export interface TestBucket {
  /** Returns the object's `gs://…`. */
  put(key: string, bytes: Uint8Array): string;
  remove(key: string): void;
}

/** A folder of objects, as load units name them; in a bucket too, where there is one. */
export class TestLake {
  readonly folder: string;
  private readonly bucket: TestBucket | undefined;

  constructor(folder: string, bucket?: TestBucket) {
    this.folder = folder;
    this.bucket = bucket;
    mkdirSync(folder, { recursive: true });
  }

  object(table: Table, rows: readonly Row[], key = `${table.name}/${randomUUID()}.parquet`): LoadObject {
    const bytes = encode(batchOf(table, rows));
    const file = path.join(this.folder, key);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const uri = this.bucket?.put(key, bytes);
    return { path: file, ...(uri === undefined ? {} : { uri }), key, sha256, rows: rows.length };
  }

  /** Somebody appends to the object, behind everybody's back. */
  damage({ path: file, key }: LoadObject): void {
    appendFileSync(file, "x");
    this.bucket?.put(key, readFileSync(file));
  }

  /** Returns what it was. */
  remove({ path: file, key }: LoadObject): Uint8Array {
    const bytes = readFileSync(file);
    unlinkSync(file);
    this.bucket?.remove(key);
    return bytes;
  }

  restore({ path: file, key }: LoadObject, bytes: Uint8Array): void {
    writeFileSync(file, bytes);
    this.bucket?.put(key, bytes);
  }

  /** One object a day; series are told by their names. */
  candleUnit(month: Month, days: readonly Candles[]): LoadUnit {
    const objects = days.map((day) =>
      this.object(
        SPOT_KLINES,
        candles(day),
        `spot_klines/${nameOf(day)}_${day.day}_${randomUUID().slice(0, 8)}.parquet`,
      ),
    );
    const series = [...new Set(days.map(nameOf))].sort().map((name) => {
      const mine = objects.filter((_, i) => nameOf(days[i] as Candles) === name);
      const content = createHash("sha256")
        .update(mine.map((object) => object.sha256).join())
        .digest("hex");
      return { series: name, content, rows: mine.reduce((sum, object) => sum + object.rows, 0) };
    });
    return { table: SPOT_KLINES, month, series, objects };
  }

  /** A unit of rows that are all of one series. */
  unit(table: Table, month: Month, series: string, rows: readonly Row[]): LoadUnit {
    const object = this.object(table, rows);
    return { table, month, series: [{ series, content: object.sha256, rows: rows.length }], objects: [object] };
  }
}
