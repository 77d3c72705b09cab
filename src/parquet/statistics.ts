import { toInt64 } from "../core/int64.ts";

/** What a reader may know of a column chunk without reading it: `Statistics` of parquet.thrift. */
export interface Statistics {
  readonly nulls: number;
  /** The smallest and the largest value as PLAIN stores them, without a length; null where every value is NULL. */
  readonly range: readonly [min: Uint8Array, max: Uint8Array] | null;
}

function plain(value: number, integers: boolean): Uint8Array {
  const stored = integers ? toInt64(Float64Array.of(value)) : Float64Array.of(value);
  return new Uint8Array(stored.buffer);
}

/** Of a text column, which has no NULLs; the order is that of the UTF-8 bytes. */
export function textStatistics(words: readonly string[]): Statistics {
  const sorted = words.map((word) => Buffer.from(word)).sort(Buffer.compare);
  const [min] = sorted;
  const max = sorted.at(-1);
  return { nulls: 0, range: min && max ? [min, max] : null };
}

/**
 * Of a column's values without its NULLs. A zero has both signs, as parquet.thrift asks for (`ColumnOrder`): readers
 * that tell -0 from 0 would otherwise skip rows. None of the values is NaN.
 */
export function numberStatistics(values: Float64Array, rows: number, integers: boolean): Statistics {
  const nulls = rows - values.length;
  if (values.length === 0) return { nulls, range: null };
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { nulls, range: [plain(min === 0 ? -0 : min, integers), plain(max === 0 ? 0 : max, integers)] };
}
