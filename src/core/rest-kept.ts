import type { Series } from "./series.ts";
import { DAY, type Day, dayRange } from "./time.ts";

/** How far back REST has open interest; of all else it has everything. */
export const OPEN_INTEREST_KEPT = 30 * DAY;

/** Whether REST has nothing of a day any more. */
export const isForgotten = (series: Series, day: Day, now: number): boolean =>
  series.kind === "open-interest" && dayRange(day).to <= now - OPEN_INTEREST_KEPT;
