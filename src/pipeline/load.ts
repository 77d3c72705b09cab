import { AppError, DataError, Interrupted, StoreError } from "../core/errors.ts";
import { inOrder } from "../core/in-order.ts";
import { fileStem } from "../core/layout.ts";
import type { Entry } from "../core/manifest.ts";
import type { LoadStep } from "../core/plan.ts";
import { loadReason } from "../core/plan-loads.ts";
import type { TableName } from "../core/table.ts";
import type { Month } from "../core/time.ts";
import { TABLE } from "../market/tables.ts";
import type { LoadObject, LoadUnit, Warehouse } from "../ports/warehouse.ts";
import type { Lake } from "./lake.ts";
import { detailOf, type Outcome, planned } from "./outcome.ts";
import type { LakeState } from "./state.ts";
import { isStored, lostObject } from "./stored-rows.ts";

export interface LoadPorts {
  warehouse(): Promise<Warehouse>;
}

const notUploaded = (lake: Lake): StoreError =>
  lake.remote
    ? new StoreError(
        "not-uploaded",
        `gs://${lake.remote.bucket.name} does not have all that the folder has: what is to be loaded is not there yet.`,
        "candlelake upload",
      )
    : new StoreError(
        "no-bucket",
        "BigQuery loads from a bucket, and none is named.",
        "candlelake load --bucket gs://NAME",
      );

/** Where a warehouse reads an entry's rows. @throws StoreError, DataError */
async function objectOf(
  key: string,
  entry: Entry,
  lake: Lake,
  reads: Warehouse["reads"],
): Promise<LoadObject | undefined> {
  const { sha256, rows } = entry;
  if (sha256 === null) return undefined;
  if (reads === "objects") {
    if (!lake.remote?.holds(entry)) throw notUploaded(lake);
    return { path: "", uri: lake.remote.bucket.uri(key), key, sha256, rows };
  }
  const path = lake.remote ? await lake.file(entry) : lake.store.path(key);
  if (path === undefined)
    throw new StoreError("no-local-file", `${key} has no local file to load.`, "candlelake config");
  return { path, key, sha256, rows };
}

/** A table's month. */
export const monthName = (table: TableName, month: Month): string => `${table}/${month}`;

/** Files that are fetched from a bucket at once. */
const WIDTH = 8;

async function unitOf(
  step: LoadStep,
  lake: Lake,
  state: LakeState,
  reads: Warehouse["reads"],
  signal?: AbortSignal,
): Promise<LoadUnit> {
  const objects: LoadObject[] = [];
  const series: LoadUnit["series"][number][] = [];
  for (const member of state.members(step.table, step.month)) {
    const { content, rows } = lake.content(step.table, member, step.month);
    if (rows === 0) continue;
    series.push({ series: fileStem(member), content, rows });
    const entries = lake.entries(step.table, member, step.month).map(([, entry]) => entry);
    const find = (entry: Entry) =>
      entry.object === null ? Promise.resolve(undefined) : objectOf(entry.object, entry, lake, reads);
    for await (const object of inOrder(entries, WIDTH, find, signal)) if (object) objects.push(object);
  }
  return { table: TABLE[step.table], month: step.month, series, objects };
}

/** The partition whose object a warehouse refused, where it is that: then the command that mends it is known. */
async function findLost(step: LoadStep, lake: Lake, state: LakeState): Promise<DataError | undefined> {
  for (const series of state.members(step.table, step.month)) {
    await lake.open(step.table, series, [step.month]);
    for (const [day, entry] of lake.entries(step.table, series, step.month)) {
      if (entry.object === null || (await isStored(lake, entry))) continue;
      return lostObject(series, day, entry, lake.isTaken(entry));
    }
  }
  return undefined;
}

/**
 * Replaces what differs from the ledger, as the lake is now. A unit that cannot be loaded fails alone: the others are
 * loaded without it.
 * @param unsent uploads that failed in this run, by `monthName`: what waits for them is deferred with their error
 */
export async function loadUnits(
  steps: readonly LoadStep[],
  lake: Lake,
  state: LakeState,
  ports: LoadPorts,
  unsent: ReadonlyMap<string, Outcome>,
  settle: (outcome: Outcome) => void,
  signal?: AbortSignal,
): Promise<Outcome[]> {
  for (const table of new Set(steps.map((step) => step.table))) {
    const months = steps.filter((step) => step.table === table).map((step) => step.month);
    await state.openUnits(table, months);
  }
  const outcomes: Outcome[] = [];
  const units = new Map<LoadUnit, LoadStep>();
  const warehouse = await ports.warehouse();
  const end = (outcome: Outcome) => {
    outcomes.push(outcome);
    settle(outcome);
  };
  const fail = (step: LoadStep, error: AppError) => {
    const cause = error.code === "not-uploaded" ? unsent.get(monthName(step.table, step.month)) : undefined;
    const [status, why] = cause ? (["deferred", cause.error] as const) : (["failed", detailOf(error)] as const);
    end({ ...planned(step), rows: 0, status, error: why });
  };
  for (const step of steps) {
    const damage = step.error ?? state.unitDamage(step.table, step.month);
    if (damage) fail(step, damage);
    else if (loadReason(step.table, step.month, state, step.empties) === undefined) {
      outcomes.push({ ...planned(step), rows: 0, status: "unchanged" });
    } else {
      try {
        units.set(await unitOf(step, lake, state, warehouse.reads, signal), step);
      } catch (error) {
        if (!(error instanceof AppError) || error instanceof Interrupted) throw error;
        fail(step, error);
      }
    }
  }
  // What the units are made of is in them now.
  lake.forget();
  while (units.size > 0) {
    try {
      await warehouse.load(
        [...units.keys()],
        (unit, rows) => {
          const step = units.get(unit);
          if (!step) return;
          units.delete(unit);
          end({ ...planned(step), rows, status: "done" });
        },
        signal,
      );
      break;
    } catch (error) {
      if (!(error instanceof AppError) || error instanceof Interrupted || error instanceof StoreError) throw error;
      // Units are loaded in order: the first that is left is the one whose data were refused.
      const lost = error instanceof DataError ? [...units].slice(0, 1) : [...units];
      for (const [unit, step] of lost) {
        units.delete(unit);
        fail(step, (error instanceof DataError && (await findLost(step, lake, state))) || error);
      }
    }
  }
  return outcomes;
}
