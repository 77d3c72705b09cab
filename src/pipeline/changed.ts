import type { LedgerRow } from "../ports/warehouse.ts";
import type { TableMonth } from "./gone.ts";
import type { LakeState } from "./state.ts";

/** Months that somebody changed in the warehouse after their load, and that the lake can bring again. */
export async function changedMonths(state: LakeState, ledger: readonly LedgerRow[]): Promise<readonly TableMonth[]> {
  const changed: TableMonth[] = [];
  for (const [table, rows] of Map.groupBy(
    ledger.filter((row) => row.isChanged),
    (row) => row.table,
  )) {
    const months = [...new Set(rows.map((row) => row.month))].sort();
    await state.openUnits(table, months);
    for (const month of months) if (Object.keys(state.unit(table, month)).length > 0) changed.push({ table, month });
  }
  return changed;
}
