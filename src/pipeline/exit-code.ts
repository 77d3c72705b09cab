import { EXIT } from "../core/errors.ts";
import type { Goal, Target } from "../core/goal.ts";
import { hasRows } from "../core/partition.ts";
import { daysOf } from "../core/time.ts";
import type { Applied } from "./apply.ts";
import type { Outcome } from "./outcome.ts";

/** Whether everything that a goal names failed: its partitions, or its load units where it names no partition. */
function isAll(bad: readonly Outcome[], { targets, load }: Goal): boolean {
  const due = ({ series, range, now, first }: Target): number =>
    daysOf(range).filter((day) => hasRows(series, day, now, first)).length;
  if (targets.length === 0) return bad.length >= (load ?? []).reduce((sum, { months }) => sum + months.length, 0);
  const fetches = bad.filter((outcome) => outcome.step.action === "fetch");
  return fetches.length >= targets.reduce((sum, target) => sum + due(target), 0);
}

/**
 * What a command's exit code is, given its outcomes: its own error's where all that was asked for failed. What was there
 * already counts like what was done, so that the code is the same when the command is repeated.
 */
export function exitCodeOf({ outcomes, fatal, goal }: Applied): number {
  if (fatal) return fatal.exitCode;
  const bad = outcomes.filter((outcome) => outcome.status === "failed" || outcome.status === "deferred");
  if (bad.length === 0) return EXIT.ok;
  const failure = bad.find((outcome) => outcome.status === "failed");
  return (isAll(bad, goal) ? failure?.error?.exitCode : undefined) ?? EXIT.incomplete;
}
