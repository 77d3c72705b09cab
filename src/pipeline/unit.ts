import { AppError, StoreError } from "../core/errors.ts";
import { inOrder } from "../core/in-order.ts";
import { fileStem } from "../core/layout.ts";
import type { Entry } from "../core/manifest.ts";
import type { Series } from "../core/series.ts";
import type { LoadStep } from "../core/step.ts";
import type { Day } from "../core/time.ts";
import { TABLE } from "../market/tables.ts";
import type { LoadObject, LoadUnit, Warehouse } from "../ports/warehouse.ts";
import type { Lake } from "./lake.ts";
import { contentOf } from "./month-content.ts";
import type { LakeState } from "./state.ts";
import { replacedObject } from "./stored-rows.ts";

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
  series: Series,
  day: Day,
  entry: Entry,
  lake: Lake,
  reads: Warehouse["reads"],
): Promise<LoadObject | undefined> {
  const { object: key, sha256, rows } = entry;
  if (key === null || sha256 === null) return undefined;
  const { remote } = lake;
  if (reads === "objects") {
    if (remote?.isReplaced(entry)) throw replacedObject(lake, remote, series, day, entry);
    if (!remote?.holds(entry)) throw notUploaded(lake);
    return { path: "", uri: remote.bucket.uri(key), key, sha256, rows };
  }
  const path = remote ? await lake.file(entry) : lake.store.path(key);
  if (path === undefined)
    throw new StoreError("no-local-file", `${key} has no local file to load.`, "candlelake config");
  return { path, key, sha256, rows };
}

/** Files that are fetched from a bucket at once. */
const WIDTH = 8;

/**
 * What goes into the warehouse of a step's month: what the manifests name.
 * @param isIn which entries go in
 * @throws StoreError, DataError where the objects of one of them are not there
 */
export async function unitOf(
  step: LoadStep,
  lake: Lake,
  state: LakeState,
  reads: Warehouse["reads"],
  signal?: AbortSignal,
  isIn: (entry: Entry) => boolean = () => true,
): Promise<LoadUnit> {
  const objects: LoadObject[] = [];
  const series: LoadUnit["series"][number][] = [];
  for (const member of state.members(step.table, step.month)) {
    await lake.open(step.table, member, [step.month]);
    const entries = lake.entries(step.table, member, step.month).filter(([, entry]) => isIn(entry));
    const { content, rows } = contentOf(entries);
    if (rows === 0) continue;
    series.push({ series: fileStem(member), content, rows });
    const find = ([day, entry]: (typeof entries)[number]) => objectOf(member, day, entry, lake, reads);
    for await (const object of inOrder(entries, WIDTH, find, signal)) if (object) objects.push(object);
  }
  return { table: TABLE[step.table], month: step.month, series, objects };
}

/** As `unitOf`, of what the bucket has as its manifests name it, and of nothing else. */
export const intactUnit = (step: LoadStep, lake: Lake, state: LakeState, signal?: AbortSignal): Promise<LoadUnit> =>
  unitOf(step, lake, state, "objects", signal, (entry) => lake.remote?.holds(entry) ?? false);

/** Nothing: what takes the place of a month that must not stay. */
export const emptyUnit = ({ table, month }: LoadStep): LoadUnit => ({
  table: TABLE[table],
  month,
  series: [],
  objects: [],
});

/** What a step fails with where its month was not loaded as the lake has it, but its rows had to leave the warehouse. */
export function clearedOf({ table, month, objects }: Pick<LoadUnit, "table" | "month" | "objects">, cause: AppError) {
  const left = objects.length > 0 ? "has what manifests still vouch for, and no more" : "is empty";
  const message = `${cause.message} What came of it into the warehouse is out again: there ${table.name} ${month} ${left}.`;
  return new AppError(cause.exitCode, { ...cause.detail, message });
}
