import { WarehouseError } from "../../core/errors.ts";
import { DAY } from "../../core/time.ts";
import type { SetupReport } from "../../ports/warehouse.ts";
import type { Logger } from "../../ports.ts";
import { CURATED_DESCRIPTION, LAYOUTS, type Layout, layoutOf, RAW_DESCRIPTION } from "../bigquery-sql.ts";
import { checkFormat, LEDGER } from "../ledger.ts";
import { differencesOf, isTable } from "./differences.ts";
import type { Jobs } from "./jobs.ts";
import type { LedgerState } from "./ledger-state.ts";
import type { LedgerTable } from "./ledger-table.ts";
import { moveAside } from "./move.ts";
import { adopt, strangerRows } from "./ownership.ts";
import type { Tables } from "./tables.ts";
import type { DatasetResource, TableResource } from "./wire.ts";

export interface SetupWork {
  readonly tables: Tables;
  readonly jobs: Jobs;
  readonly ledger: LedgerTable;
  readonly label: string;
  readonly log: Logger;
  readonly now: () => number;
  readonly moveExisting: boolean;
  /** Of the datasets; undefined for our own words. */
  readonly description: string | undefined;
}

interface Draft {
  readonly created: string[];
  readonly exists: string[];
  readonly differs: SetupReport["differs"][number][];
  readonly failed: SetupReport["failed"][number][];
}

/**
 * Makes what is missing of datasets and tables, and says of the rest what it is. A right that lacks on one dataset keeps
 * nothing of the other from being made. @throws WarehouseError
 */
export async function setUp(work: SetupWork): Promise<SetupReport> {
  const { tables } = work;
  const { raw, curated } = tables.place.datasets;
  const report: Draft = { created: [], exists: [], differs: [], failed: [] };
  const home = await settleDataset(work, report, raw, work.description ?? RAW_DESCRIPTION);
  await settleDataset(work, report, curated, work.description ?? CURATED_DESCRIPTION);
  if (!home) return report;
  if (home !== "made") warnOfExpiry(work, raw, home.defaultPartitionExpirationMs ?? home.defaultTableExpirationMs);
  const there = home === "made" ? [] : await Promise.all(LAYOUTS.map(({ relation }) => tables.table(relation.name)));
  const ledger = there[LAYOUTS.findIndex(({ relation }) => relation === LEDGER)];
  checkFormat(ledger?.description ?? "", work.label);
  const state = await stateOf(work, ledger, there);
  for (const [index, layout] of LAYOUTS.entries()) await settleTable(work, report, layout, there[index], state);
  return report;
}

/** What the ledger tells, where a table does not tell by itself whose it is; undefined where nothing does. */
async function stateOf(
  { ledger: own }: SetupWork,
  ledger: TableResource | undefined,
  tables: readonly (TableResource | undefined)[],
): Promise<LedgerState | undefined> {
  if (!ledger || !tables.some((table) => table && table !== ledger && strangerRows(table, undefined))) return undefined;
  return differencesOf(layoutOf(LEDGER.name), ledger).length === 0 ? own.read(ledger) : undefined;
}

/** The dataset where it is ours to fill, `made` where it is so since now; undefined where it is elsewhere or refused. */
async function settleDataset(
  { tables }: SetupWork,
  report: Draft,
  name: string,
  description: string,
): Promise<DatasetResource | "made" | undefined> {
  const { location } = tables.place;
  try {
    const found = await tables.dataset(name);
    const there = found?.location.toLowerCase();
    if (there !== undefined && there !== location) {
      const difference = `it is in ${there}, where datasets stay, and not in ${location}`;
      const next = `candlelake setup ${tables.named} --location ${there}`;
      report.differs.push({ table: name, difference, next });
      return undefined;
    }
    if (!found && (await tables.createDataset(name, description))) report.created.push(name);
    else report.exists.push(name);
    return found ?? "made";
  } catch (error) {
    if (!(error instanceof WarehouseError) || error.code !== "permission-denied") throw error;
    report.failed.push({ name, error });
    return undefined;
  }
}

async function settleTable(
  work: SetupWork,
  report: Draft,
  layout: Layout,
  found: TableResource | undefined,
  state: LedgerState | undefined,
): Promise<void> {
  const { tables } = work;
  const { datasets } = tables.place;
  const name = layout.relation.name;
  const table = `${datasets.raw}.${name}`;
  if (!found) {
    if (await tables.create(name, layout)) report.created.push(table);
    else report.exists.push(table);
    return;
  }
  warnOfExpiry(work, table, found.timePartitioning?.expirationMs);
  const differences = differencesOf(layout, found);
  // The ledger's own description says whose it is.
  const strangers = layout.relation === LEDGER ? undefined : strangerRows(found, state);
  if (differences.length === 0 && !strangers) {
    await adopt(found, tables);
    report.exists.push(table);
    return;
  }
  const difference = differences.length > 0 ? differences.join("; ") : (strangers ?? "");
  if (!isTable(found)) {
    const why = `${difference}, and only tables can be copied aside: rename or delete it`;
    report.differs.push({ table, difference: why, next: `candlelake setup ${tables.named}` });
    return;
  }
  if (!work.moveExisting) {
    report.differs.push({ table, difference, next: `candlelake setup ${tables.named} --move-existing` });
    return;
  }
  const aside = await moveAside(work, found);
  report.created.push(`${datasets.raw}.${aside}`);
  if (!(await tables.create(name, layout)))
    throw new WarehouseError(
      "move-failed",
      `${table} was copied to ${aside}, and somebody made another one in its place meanwhile.`,
      `candlelake setup ${tables.named}`,
    );
  report.created.push(table);
}

/** Where partitions expire, older months go as soon as they are loaded. */
function warnOfExpiry({ log }: SetupWork, name: string, expirationMs: string | undefined): void {
  if (expirationMs === undefined) return;
  const days = Math.round(Number(expirationMs) / DAY);
  log.warn(
    `${name}: months that began more than ${days} days ago vanish at once (the sandbox): enable billing or set no expiration.`,
  );
}
