import type { Gap } from "./gap.ts";
import type { Target } from "./goal.ts";
import type { Series } from "./series.ts";
import { DAY, type Day, dayRange } from "./time.ts";

/** How far back REST has open interest; of all else it has everything. */
export const OPEN_INTEREST_KEPT = 30 * DAY;

/** Whether REST has nothing of a day any more. */
export const isForgotten = (series: Series, day: Day, now: number): boolean =>
  series.kind === "open-interest" && dayRange(day).to <= now - OPEN_INTEREST_KEPT;

/**
 * Whether nobody needs REST for what a day lacks, which cannot be asked: it has the day no longer. At the end of what the
 * archive has, the series may have ended; that only REST can tell.
 */
export function isPastRest(target: Target, day: Day, gaps: readonly Gap[]): boolean {
  const { series, now, range, filed = Number.POSITIVE_INFINITY, restError } = target;
  const { to } = dayRange(day);
  const isLast = to >= Math.min(filed, range.to);
  const isOpenEnd = isLast && gaps.some((gap) => gap.to >= to);
  return restError !== undefined && isForgotten(series, day, now) && !isOpenEnd;
}
