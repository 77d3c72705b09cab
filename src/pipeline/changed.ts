import type { LedgerRow, StrangeMonth } from "../ports/warehouse.ts";
import type { TableMonth } from "./gone.ts";
import type { LakeState } from "./state.ts";

/** Months that the warehouse has otherwise than loads brought them, and that the lake can bring again. */
export async function changedMonths(
  state: LakeState,
  ledger: readonly LedgerRow[],
  strangers: readonly StrangeMonth[],
): Promise<readonly TableMonth[]> {
  const changed: TableMonth[] = [];
  const touched = [...ledger.filter((row) => row.isChanged), ...strangers];
  for (const [table, all] of Map.groupBy(touched, (one) => one.table)) {
    const months = [...new Set(all.map((one) => one.month))].sort();
    await state.openUnits(table, months);
    for (const month of months) if (Object.keys(state.unit(table, month)).length > 0) changed.push({ table, month });
  }
  return changed;
}
