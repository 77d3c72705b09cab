import { badDay, monthIsOut } from "../core/archive-calendar.ts";
import { archiveKey } from "../core/archive-file.ts";
import { archiveFileOf, type Route } from "../core/route.ts";
import type { FetchStep } from "../core/step.ts";
import { monthOf } from "../core/time.ts";

/** Steps that one archive file serves. */
export interface Unit {
  readonly route: Exclude<Route, "rest">;
  readonly steps: readonly FetchStep[];
  /** Days that the month's file is known to have wrong: it is taken for them where nothing better can be had. */
  readonly doubtful: readonly FetchStep[];
}

export function unitsOf(steps: readonly FetchStep[], now: number): Unit[] {
  const units = new Map<string, { route: Exclude<Route, "rest">; steps: FetchStep[]; doubtful: FetchStep[] }>();
  for (const step of steps) {
    if (step.route === "rest") continue;
    const { series, day } = step;
    const isDoubtful =
      step.route === "archive-daily" && badDay(series, day) !== undefined && monthIsOut(series, monthOf(day), now);
    const route = isDoubtful ? "archive-monthly" : step.route;
    const key = archiveKey(archiveFileOf(series, day, route));
    const unit = units.get(key) ?? { route, steps: [], doubtful: [] };
    units.set(key, unit);
    (isDoubtful ? unit.doubtful : unit.steps).push(step);
  }
  return [...units.values()];
}
