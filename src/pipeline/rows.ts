import { createHash } from "node:crypto";
import { type Batch, numbers, text } from "../core/batch.ts";

const MICROS = 1000;

/** In lower-case hex. */
export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Event times of the first and last row, in milliseconds; null where there is none. */
export function spanOf(batch: Batch): readonly [number, number] | null {
  if (batch.rows === 0) return null;
  const times = numbers(batch, batch.table.eventTime).values;
  return [Math.floor((times[0] as number) / MICROS), Math.floor((times[batch.rows - 1] as number) / MICROS)];
}

/** Where the rows came from, the source that has most first: `archive-monthly+rest`; `fallback` where there are none. */
export function sourcesOf(batch: Batch, fallback: string): string {
  const column = text(batch, "source");
  if (batch.rows === 0) return fallback;
  const counts = new Map<string, number>();
  for (let row = 0; row < batch.rows; row++) {
    const word = column.dictionary[column.codes?.[row] ?? 0] ?? "";
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .map(([word]) => word)
    .join("+");
}
