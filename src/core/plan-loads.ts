import type { Goal, LoadStep, State, Step } from "./plan.ts";
import type { TableName } from "./table.ts";
import { type Month, monthOf } from "./time.ts";

/**
 * Why a load unit must be replaced; undefined where warehouse and lake agree.
 * @param prune whether a month goes of which the lake has no rows: unasked it stays, since nobody knows whether that is meant
 */
export function loadReason(table: TableName, month: Month, state: State, prune = false): string | undefined {
  const have = state.unit(table, month);
  const loaded = state.loaded(table, month);
  const names = Object.keys(have);
  const isLoaded = Object.keys(loaded).length > 0;
  if (names.length === 0) return prune && isLoaded ? "no longer in the lake" : undefined;
  if (!isLoaded) return "missing";
  const same =
    names.length === Object.keys(loaded).length && names.every((name) => have[name]?.content === loaded[name]);
  return same ? undefined : "content differs from the ledger";
}

/** A step for each load unit that differs from the ledger, or will. */
export function planLoads(goal: Goal, state: State, steps: readonly Step[]): LoadStep[] {
  const changing = new Set(steps.map((step) => (step.action === "load" ? "" : `${step.table}/${monthOf(step.day)}`)));
  const loads: LoadStep[] = [];
  for (const { table, months, prune = false } of goal.load ?? []) {
    for (const month of months) {
      const error = state.unitDamage(table, month);
      const isChanging = changing.has(`${table}/${month}`);
      const empties = prune && !isChanging && Object.keys(state.unit(table, month)).length === 0;
      const due = loadReason(table, month, state, empties);
      const reason = error?.code ?? due ?? (isChanging ? "a partition changes" : undefined);
      if (reason === undefined) continue;
      const rows = Object.values(state.unit(table, month)).reduce((sum, series) => sum + series.rows, 0);
      const more = { ...(empties ? { empties } : {}), ...(error ? { error } : {}) };
      loads.push({ action: "load", table, month, reason, rows, ...more });
    }
  }
  return loads;
}
