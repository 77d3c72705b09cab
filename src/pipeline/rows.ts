import { createHash } from "node:crypto";
import { type Batch, numbers } from "../core/batch.ts";

const MICROS = 1000;

/** In lower-case hex. */
export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Event times of the first and last row, in milliseconds; null where there is none. */
export function spanOf(batch: Batch): readonly [number, number] | null {
  if (batch.rows === 0) return null;
  const times = numbers(batch, batch.table.eventTime).values;
  return [Math.floor((times[0] as number) / MICROS), Math.floor((times[batch.rows - 1] as number) / MICROS)];
}
