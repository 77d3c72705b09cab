import type { Goal } from "./goal.ts";
import type { State } from "./state.ts";
import type { LoadStep, Step } from "./step.ts";
import type { TableName } from "./table.ts";
import { type Month, monthOf } from "./time.ts";

/** Of a month in which others wrote, or a load that does not count: what is there goes with the next one. */
const STRANGE = "the ledger does not know what is there";

/**
 * Why a load unit must be replaced; undefined where warehouse and lake agree.
 * @param prune whether a month goes of which the lake has no rows: unasked it stays, since nobody knows whether that is meant
 */
export function loadReason(table: TableName, month: Month, state: State, prune = false): string | undefined {
  const have = state.unit(table, month);
  const loaded = state.loaded(table, month);
  const names = Object.keys(have);
  const isLoaded = Object.keys(loaded).length > 0;
  const isTouched = state.touched(table, month);
  if (names.length === 0) {
    if (!prune) return undefined;
    return isLoaded ? "no longer in the lake" : isTouched ? STRANGE : undefined;
  }
  if (!isLoaded) return isTouched ? STRANGE : "missing";
  const same =
    names.length === Object.keys(loaded).length && names.every((name) => have[name]?.content === loaded[name]);
  if (!same) return "content differs from the ledger";
  return isTouched ? "changed in the warehouse after its load" : undefined;
}

/** A step for each load unit that differs from the ledger, or will. */
export function planLoads(goal: Goal, state: State, steps: readonly Step[]): LoadStep[] {
  const changing = new Set(steps.map((step) => (step.action === "load" ? "" : `${step.table}/${monthOf(step.day)}`)));
  const coming = new Set(steps.flatMap((step) => (step.action === "load" || step.error ? [] : step.path)));
  const loads: LoadStep[] = [];
  for (const { table, months, prune = false } of goal.load ?? []) {
    for (const month of months) {
      const error = state.unitDamage(table, month, coming);
      const isChanging = changing.has(`${table}/${month}`);
      const empties = prune && !isChanging && Object.keys(state.unit(table, month)).length === 0;
      const due = loadReason(table, month, state, empties);
      const change = state.touched(table, month) ? STRANGE : "a partition changes";
      const reason = error?.code ?? due ?? (isChanging ? change : undefined);
      if (reason === undefined) continue;
      const rows = Object.values(state.unit(table, month)).reduce((sum, series) => sum + series.rows, 0);
      const refusal = error ?? (empties ? undefined : state.unloadable(table, month));
      const more = { ...(empties ? { empties } : {}), ...(refusal ? { error: refusal } : {}) };
      loads.push({ action: "load", table, month, reason, rows, ...more });
    }
  }
  return loads;
}
