import { LABEL } from "../bigquery-sql.ts";
import type { LedgerState } from "./ledger-state.ts";
import type { Tables } from "./tables.ts";
import type { TableResource } from "./wire.ts";

const isLabelled = ({ labels }: TableResource): boolean => labels?.[LABEL.key] === LABEL.value;

/**
 * In what a table of our shape is not ours; undefined where it is. Ours are labelled, or the ledger tells of them: tables
 * that were made by statements without the label have been loaded since. One without rows may become ours.
 */
export function strangerRows(table: TableResource, state: LedgerState | undefined): string | undefined {
  const { numRows = "0", streamingBuffer, tableReference } = table;
  const isEmpty = numRows === "0" && !streamingBuffer;
  if (isLabelled(table) || isEmpty || state?.tells(tableReference.tableId)) return undefined;
  return `it has ${numRows} rows that candlelake did not load, and no label ${LABEL.key}=${LABEL.value}`;
}

/** Labels an empty table, before anything is in it: what a run that is killed leaves is known as ours then. */
export async function adopt(table: TableResource, tables: Tables): Promise<void> {
  if (!isLabelled(table)) await tables.label(table);
}
