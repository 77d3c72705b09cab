import type { Goal, Target } from "../core/goal.ts";
import { fileStem } from "../core/layout.ts";
import type { FetchStep } from "../core/step.ts";
import { timeOfDay } from "../core/time.ts";

const covers = ({ table, series, range }: Target, step: FetchStep): boolean => {
  const time = timeOfDay(step.day);
  return table === step.table && fileStem(series) === fileStem(step.series) && time >= range.from && time < range.to;
};

/** Steps by the target that they are for, in order. */
export function byTarget(steps: readonly FetchStep[], { targets }: Goal): ReadonlyMap<Target, readonly FetchStep[]> {
  return Map.groupBy(steps, (step) => {
    const target = targets.find((candidate) => covers(candidate, step));
    if (!target) throw new Error(`no target for ${step.path}`);
    return target;
  });
}
