import { UsageError } from "../core/errors.ts";
import type { TableName } from "../core/table.ts";
import { type Month, monthRange, type TimeRange } from "../core/time.ts";
import type { LedgerRow, Warehouse } from "../ports/warehouse.ts";
import type { Lake } from "./lake.ts";
import type { LakeState } from "./state.ts";

/** What the warehouse has of a month of a table, and the lake no longer, or never had. */
export interface GoneMonth {
  readonly table: TableName;
  readonly month: Month;
  readonly rows: number;
  /** As the ledger has them; none where no load brought the rows. */
  readonly series: readonly Pick<LedgerRow, "series" | "content" | "rows">[];
}

/** Whether the lake is seen whole: a warehouse that loads objects was filled from a bucket. */
const isWhole = ({ remote }: Lake, { reads }: Warehouse): boolean => reads === "files" || remote !== undefined;

/** A month of a table, whatever is said of it. */
export type TableMonth = Pick<LedgerRow, "table" | "month">;

/** Those of the months that are the table's, as far as they lie in the range. */
export function monthsOfTable(all: readonly TableMonth[], table: TableName, range: TimeRange | undefined): Month[] {
  const months = new Set(all.filter((one) => one.table === table).map((one) => one.month));
  return [...months].filter((month) => {
    const { from, to } = monthRange(month);
    return !range || (to > range.from && from < range.to);
  });
}

/**
 * What only the warehouse has. Whether that is meant nobody knows: a lake may be cleared on purpose or by mistake, and a
 * venue that is asked anew may no longer publish what it did.
 */
export async function goneMonths(
  lake: Lake,
  state: LakeState,
  warehouse: Warehouse,
  ledger: readonly LedgerRow[],
  tables: readonly TableName[],
  range?: TimeRange,
): Promise<readonly GoneMonth[]> {
  if (!isWhole(lake, warehouse)) return [];
  const gone: GoneMonth[] = [];
  for (const table of tables) {
    const months = monthsOfTable([...ledger, ...warehouse.strangers], table, range).sort();
    await state.openUnits(table, months);
    for (const month of months) {
      const strange = warehouse.strangers.find((one) => one.table === table && one.month === month);
      const unit = state.unit(table, month);
      const lost = ledger.filter((row) => row.table === table && row.month === month && !unit[row.series]);
      const isStrange = strange !== undefined && Object.keys(unit).length === 0;
      if ((lost.length === 0 && !isStrange) || state.unitDamage(table, month)) continue;
      const series = lost.map(({ series: name, content, rows }) => ({ series: name, content, rows }));
      const rows = isStrange ? strange.rows : lost.reduce((sum, one) => sum + one.rows, 0);
      gone.push({ table, month, series, rows });
    }
  }
  return gone;
}

/** @throws UsageError `no-bucket` where everything would seem to be gone */
export function refuseBlindPrune(lake: Lake, warehouse: Warehouse): void {
  if (isWhole(lake, warehouse)) return;
  throw new UsageError(
    "no-bucket",
    `${warehouse.label} was loaded from a bucket, and none is named: what is gone from the lake cannot be told.`,
    "candlelake load --bucket gs://NAME --dry-run",
  );
}

/** Said of series that go with the month that is loaded anew. */
export function replacedNote({ table, month, series }: GoneMonth): string {
  const lost = series.map((one) => `${one.series} (${one.rows} rows)`).join(", ");
  return `${table} ${month} is loaded without ${lost}: the lake no longer has that.`;
}
