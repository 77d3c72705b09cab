import { orAborted } from "../../core/abort.ts";
import { AppError, DataError, Interrupted, throwIfAborted, WarehouseError } from "../../core/errors.ts";
import type { TableName } from "../../core/table.ts";
import type { LedgerRow, LoadTalk, LoadUnit } from "../../ports/warehouse.ts";
import { Quota, refuseBucketless, refuseStranger } from "./admission.ts";
import { refuseExpired } from "./expiry.ts";
import { decorator } from "./job-id.ts";
import { type LedgerState, NO_SERIES } from "./ledger-state.ts";
import type { LedgerTable } from "./ledger-table.ts";
import { type Brought, type LoadWork, loadUnit, nameOf, rowsOf, WrongRows } from "./load-unit.ts";
import { adopt, notOurs } from "./ownership.ts";
import { loadThroughStaging } from "./staging.ts";
import type { TableResource } from "./wire.ts";

/** Jobs that run at once. */
const WIDTH = 8;

export interface BatchWork extends LoadWork {
  readonly ledger: LedgerTable;
  readonly synthetic: boolean;
  /** Load jobs that a table takes in a day. */
  readonly jobsADay: number;
  readonly talk: LoadTalk;
}

/** Failures of one unit, or of one table's, that say nothing of the others. */
const LONELY = ["partitions-expired", "quota-jobs", "no-warehouse", "table-differs"];

const isLonely = (error: unknown): boolean => error instanceof AppError && LONELY.includes(error.code);

/**
 * Replaces the units' months, several at once, then writes all their ledger rows by one job. A unit that fails keeps
 * those that have not begun from beginning; those that were finished stay.
 * @throws the failure of the first unit that failed for a cause that is not its own
 */
export async function loadUnits(
  work: BatchWork,
  units: readonly LoadUnit[],
  done: (unit: LoadUnit, rows: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  throwIfAborted(signal);
  for (const unit of units) refuseBucketless(unit);
  const opened = await orAborted(open(work, units), signal);
  const quota = new Quota(opened.state, work.now(), work.jobsADay);
  const rows: LedgerRow[][] = [];
  const brought = new Map<number, Brought>();
  const failures = new Map<number, unknown>();
  const waiting = [...units.entries()];
  const isStopped = (): boolean => signal?.aborted === true || [...failures.values()].some((error) => !isLonely(error));
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next && !isStopped(); next = waiting.shift()) {
      const [index, unit] = next;
      try {
        const settled = await settle(work, unit, opened, quota, signal);
        rows[index] = settled.rows;
        if (settled.brought) brought.set(index, settled.brought);
      } catch (error) {
        failures.set(index, error);
        if (error instanceof WrongRows && error.brought) brought.set(index, error.brought);
      }
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, worker));
  for (const [index, error] of await unbelieved(work, units, brought, failures)) {
    failures.set(index, error);
    rows[index] = [emptied(work, units[index] as LoadUnit, opened.state, brought.get(index)?.jobId ?? "")];
  }
  const written = rows.flat();
  await work.onStep("ledger");
  const { ledger, state } = opened;
  if (written.length > 0) await work.ledger.append(ledger, state, written, work.now(), () => work.count("ledger"));
  await work.onStep("done");
  for (const [index, unit] of units.entries()) if (rows[index] && !failures.has(index)) done(unit, rowsOf(unit));
  const inOrder = [...failures].sort(([a], [b]) => a - b).map(([, error]) => error);
  for (const [index, error] of failures)
    if (error instanceof AppError) work.talk.failed?.(units[index] as LoadUnit, error);
  if (signal?.aborted) throw new Interrupted();
  if (inOrder.length > 0) throw inOrder.find((error) => !isLonely(error)) ?? inOrder[0];
}

/**
 * What came into a month and is not to count, and why. Where objects were replaced meanwhile the rows are another
 * machine's newer ones as a rule, and stay until the month is loaded anew; so do those that the objects have, though a
 * manifest tells of others. Rows of which nobody knows where they come from are taken out. The ledger says of all of these
 * that nothing is there, so that nobody takes the month for loaded.
 */
async function unbelieved(
  { talk, tables }: BatchWork,
  units: readonly LoadUnit[],
  brought: ReadonlyMap<number, Brought>,
  failures: ReadonlyMap<number, unknown>,
): Promise<ReadonlyMap<number, unknown>> {
  const why = new Map<number, unknown>();
  if (brought.size === 0) return why;
  const all = [...brought].map(([index, { since, rows }]) => ({ index, since, rows, unit: units[index] as LoadUnit }));
  const changed = await talk.findChanged?.(all);
  for (const { index, unit, rows } of all) {
    const failure = failures.get(index);
    if (changed?.has(unit)) why.set(index, replaced(unit));
    else if (failure) {
      if (await mayStay(talk, unit, rows)) why.set(index, failure);
      else {
        await tables.remove(`${unit.table.name}$${decorator(unit.month)}`);
        why.set(index, emptiedFor(unit, failure));
      }
    }
  }
  return why;
}

/**
 * Whether rows that came otherwise than they were told of are what the objects have: then only what a manifest says of
 * them is false. Where nobody can look, that is left to the next run.
 */
async function mayStay({ countRows }: LoadTalk, unit: LoadUnit, rows: number): Promise<boolean> {
  if (!countRows) return false;
  try {
    return (await countRows(unit)) === rows;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return !(error instanceof DataError);
  }
}

function emptiedFor({ table, month }: LoadUnit, failure: unknown): unknown {
  if (!(failure instanceof DataError)) return failure;
  const message = `${failure.message} Nobody knows where these rows come from: ${table.name} ${month} is empty now.`;
  return new DataError(failure.code, message, failure.next, { cause: failure });
}

const replaced = ({ table, month }: LoadUnit): DataError =>
  new DataError(
    "object-changed",
    `${table.name} ${month}: objects were replaced while they were loaded, and what came of that does not count.`,
    "candlelake load",
  );

interface Opened {
  readonly ledger: TableResource;
  readonly state: LedgerState;
  /** What the units go to, or why they cannot: it is not there, or not ours. */
  readonly tables: ReadonlyMap<TableName, TableResource | WarehouseError>;
}

/** Looks at what the units go to. @throws WarehouseError where there is no ledger, or no way to look */
async function open(work: BatchWork, units: readonly LoadUnit[]): Promise<Opened> {
  const ledger = await work.ledger.find();
  if (!ledger) throw missing(work, "has no ledger");
  const state = await work.ledger.read(ledger);
  const tables = new Map<TableName, TableResource | WarehouseError>();
  for (const name of new Set(units.map((unit) => unit.table.name))) {
    const found = judged(work, name, await work.tables.table(name), state);
    if (!(found instanceof WarehouseError)) await adopt(found, work.tables, state);
    tables.set(name, found);
  }
  return { ledger, tables, state };
}

/** The table, or why nothing is loaded into it. @throws WarehouseError `other-location` */
function judged(
  work: BatchWork,
  name: TableName,
  table: TableResource | undefined,
  state: LedgerState,
): TableResource | WarehouseError {
  const { label, tables } = work;
  if (!table) return missing(work, `has no table ${name}`);
  refuseElsewhere(work, table);
  return notOurs(label, tables, table, state) ?? table;
}

/** @throws WarehouseError `other-location` where the jobs would look for the table in the wrong place */
function refuseElsewhere({ label, tables }: BatchWork, { location }: TableResource): void {
  const { location: asked } = tables.place;
  const there = location?.toLowerCase();
  if (there === undefined || there === asked) return;
  const next = `candlelake load ${tables.named} --location ${there}`;
  throw new WarehouseError("other-location", `${label} is in ${there}, and ${asked} was asked for.`, next);
}

function missing({ label, tables }: BatchWork, what: string): WarehouseError {
  return new WarehouseError("no-warehouse", `${label} ${what} yet.`, `candlelake setup ${tables.named}`);
}

/** Replaces one unit. Returns its ledger rows, and what it was brought by. */
async function settle(
  work: BatchWork,
  unit: LoadUnit,
  { state, tables }: Opened,
  quota: Quota,
  signal?: AbortSignal,
): Promise<{ readonly rows: LedgerRow[]; readonly brought: Brought | undefined }> {
  const table = tables.get(unit.table.name);
  if (!table) throw new RangeError(`${unit.table.name} was not looked at`);
  if (table instanceof WarehouseError) throw table;
  refuseStranger(unit, work.synthetic);
  const loaded = state.unit(unit.table.name, unit.month);
  const goal = { table, loaded };
  if (unit.objects.length === 0) {
    await work.tables.remove(`${unit.table.name}$${decorator(unit.month)}`);
    return { rows: [emptied(work, unit, state, `${nameOf(work, unit, goal)}_none`)], brought: undefined };
  }
  refuseExpired(work, unit, table);
  quota.take(unit, work.label);
  const load = unit.objects.length > work.uris ? loadThroughStaging : loadUnit;
  const brought = await load(work, unit, goal, signal);
  const { jobId, endTime } = brought;
  // Newer than what it replaces, whatever the clocks say.
  const loadedAt = Math.max(endTime, (loaded?.loadedAt ?? 0) + 1);
  const rows = unit.series.map((one) => ({ table: unit.table.name, month: unit.month, ...one, jobId, loadedAt }));
  return { rows, brought };
}

/** Says that nothing of the month is there. */
function emptied(work: BatchWork, { table, month }: LoadUnit, state: LedgerState, jobId: string): LedgerRow {
  const loadedAt = Math.max(work.now(), (state.unit(table.name, month)?.loadedAt ?? 0) + 1);
  return { table: table.name, month, series: NO_SERIES, content: "", rows: 0, jobId, loadedAt };
}
