import { AppError, DataError, Interrupted, StoreError } from "../core/errors.ts";
import { inOrder } from "../core/in-order.ts";
import { fileStem } from "../core/layout.ts";
import { type Entry, refetchCommand } from "../core/manifest.ts";
import type { LoadStep } from "../core/plan.ts";
import { loadReason } from "../core/plan-loads.ts";
import type { Series } from "../core/series.ts";
import type { TableName } from "../core/table.ts";
import type { Day, Month } from "../core/time.ts";
import { TABLE } from "../market/tables.ts";
import type { BroughtUnit, LoadObject, LoadUnit, Warehouse } from "../ports/warehouse.ts";
import type { BucketLake } from "./bucket-lake.ts";
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

/** Why an object that its manifest names is not there to be loaded: it can be sent again, or else be fetched. */
function replacedObject(lake: Lake, series: Series, day: Day, { object, bytes }: Entry): DataError {
  const key = object ?? "";
  const next = lake.store.size(key) === bytes ? "candlelake upload" : refetchCommand(series, day);
  const uri = lake.remote?.bucket.uri(key);
  return lake.remote?.object(key)
    ? new DataError("object-changed", `${uri} is not the object that its manifest names.`, next)
    : new DataError("object-missing", `${uri} is gone.`, next);
}

/** Where a warehouse reads an entry's rows. @throws StoreError, DataError */
async function objectOf(
  series: Series,
  day: Day,
  entry: Entry,
  lake: Lake,
  reads: Warehouse["reads"],
): Promise<LoadObject | undefined> {
  const { object: key, sha256, rows } = entry;
  if (key === null || sha256 === null) return undefined;
  if (reads === "objects") {
    if (lake.remote?.isReplaced(entry)) throw replacedObject(lake, series, day, entry);
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
    const entries = lake.entries(step.table, member, step.month);
    const find = ([day, entry]: (typeof entries)[number]) => objectOf(member, day, entry, lake, reads);
    for await (const object of inOrder(entries, WIDTH, find, signal)) if (object) objects.push(object);
  }
  return { table: TABLE[step.table], month: step.month, series, objects };
}

function objectsOf({ table, month }: LoadStep, lake: Lake, state: LakeState): string[] {
  const entries = state.members(table, month).flatMap((series) => lake.entries(table, series, month));
  return entries.flatMap(([, { object }]) => object ?? []);
}

/** Units of which an object is another one by now, or was put in its place when the unit was under way. */
async function changedAmong(brought: readonly BroughtUnit[], remote: BucketLake): Promise<ReadonlySet<LoadUnit>> {
  await remote.look(brought.flatMap(({ unit }) => unit.objects.map(({ key }) => key)));
  const isChanged = ({ unit, since }: BroughtUnit) =>
    unit.objects.some(({ key, sha256 }) => !remote.heldSince(key, sha256, since));
  return new Set(brought.filter(isChanged).map(({ unit }) => unit));
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
  const take = async (step: LoadStep): Promise<void> => {
    try {
      units.set(await unitOf(step, lake, state, warehouse.reads, signal), step);
    } catch (error) {
      if (!(error instanceof AppError) || error instanceof Interrupted) throw error;
      fail(step, error);
    }
  };
  const due: LoadStep[] = [];
  for (const step of steps) {
    const damage = step.error ?? state.unitDamage(step.table, step.month);
    if (damage) fail(step, damage);
    else if (loadReason(step.table, step.month, state, step.empties) !== undefined) due.push(step);
    else outcomes.push({ ...planned(step), rows: 0, status: "unchanged" });
  }
  // What was listed when the run began may be long ago.
  if (warehouse.reads === "objects") await lake.remote?.look(due.flatMap((step) => objectsOf(step, lake, state)));
  for (const step of due) await take(step);
  // What the units are made of is in them now.
  lake.forget();
  const again = new Set<LoadStep>();
  /** Another machine was there: its manifests tell what the months are made of now. */
  const renew = async (): Promise<void> => {
    const left = [...units.values()];
    units.clear();
    for (const table of new Set(left.map((step) => step.table))) {
      lake.reread(table);
      const months = left.filter((step) => step.table === table).map((step) => step.month);
      await state.openUnits(table, months);
    }
    for (const step of left) await take(step);
    lake.forget();
  };
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
        lake.remote && ((brought) => changedAmong(brought, lake.remote as BucketLake)),
      );
      break;
    } catch (error) {
      if (!(error instanceof AppError) || error instanceof Interrupted || error instanceof StoreError) throw error;
      // Units are loaded in order: the first that is left is the one whose data were refused.
      const lost = error instanceof DataError ? [...units].slice(0, 1) : [...units];
      const [head] = lost;
      if (error.code === "object-changed" && lake.remote && head && !again.has(head[1])) {
        again.add(head[1]);
        await renew();
        continue;
      }
      for (const [unit, step] of lost) {
        units.delete(unit);
        fail(step, (error instanceof DataError && (await findLost(step, lake, state))) || error);
      }
    }
  }
  return outcomes;
}
