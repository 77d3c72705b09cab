import { WarehouseError } from "../../core/errors.ts";
import { iso } from "../../core/time.ts";
import { LABEL, layoutOf } from "../bigquery-sql.ts";
import { differencesOf } from "./differences.ts";
import type { LedgerState } from "./ledger-state.ts";
import type { Tables } from "./tables.ts";
import type { TableResource } from "./wire.ts";

const isLabelled = ({ labels }: TableResource): boolean => labels?.[LABEL.key] === LABEL.value;

/** The ledger tells of this very table, and not only of one before it that had its name. */
function isTold({ tableReference, creationTime = "0" }: TableResource, state: LedgerState): boolean {
  const last = state.lastJob(tableReference.tableId);
  return last !== undefined && last >= Number(creationTime);
}

/**
 * In what a table of our shape is not ours; undefined where it is. Ours are labelled, or the ledger tells of them: tables
 * that were made by statements without the label have been loaded since. One without rows may become ours.
 */
export function strangerRows(table: TableResource, state: LedgerState | undefined): string | undefined {
  const { numRows = "0", streamingBuffer, tableReference, creationTime } = table;
  const isEmpty = numRows === "0" && !streamingBuffer;
  if (isLabelled(table) || isEmpty || (state && isTold(table, state))) return undefined;
  const why = `it has ${numRows} rows that candlelake did not load, and no label ${LABEL.key}=${LABEL.value}`;
  if (state?.lastJob(tableReference.tableId) === undefined) return why;
  return `${why}: it was made at ${iso(Number(creationTime))}, after the last load of a table of its name`;
}

/** Why nothing is loaded into a table that is there: it has another shape, or rows that are not ours. */
export function notOurs(
  label: string,
  { named }: Tables,
  table: TableResource,
  state: LedgerState | undefined,
): WarehouseError | undefined {
  const name = table.tableReference.tableId;
  const [difference] = differencesOf(layoutOf(name), table);
  const next = `candlelake setup ${named}`;
  if (difference) return new WarehouseError("table-differs", `${label}: ${name}: ${difference}.`, next);
  const strangers = strangerRows(table, state);
  if (strangers === undefined) return undefined;
  return new WarehouseError("table-differs", `${label}: ${name}: ${strangers}.`, `${next} --move-existing`);
}

/**
 * Labels an empty table, before anything is in it: what a run that is killed leaves is known as ours then.
 * @param state where it is given, a table of which it tells is left as it is
 */
export async function adopt(table: TableResource, tables: Tables, state?: LedgerState): Promise<void> {
  if (!isLabelled(table) && !(state && isTold(table, state))) await tables.label(table);
}
