import { DataError } from "../core/errors.ts";
import type { LoadStep } from "../core/step.ts";
import type { LoadUnit } from "../ports/warehouse.ts";
import { falseEntry } from "./false-entry.ts";
import type { Lake } from "./lake.ts";
import type { LakeState } from "./state.ts";
import { isStored, lostObject, readPartition } from "./stored-rows.ts";

/** Partitions with rows, of all series of a step's month. */
async function* partitionsOf({ table, month }: LoadStep, lake: Lake, state: LakeState) {
  for (const series of state.members(table, month)) {
    await lake.open(table, series, [month]);
    for (const [day, entry] of lake.entries(table, series, month))
      if (entry.object !== null) yield { series, day, entry };
  }
}

/**
 * The partition that a warehouse refused, where it is that: then the command that mends it is known.
 * @param isCounted other rows came than were told of
 */
export async function findCulprit(
  step: LoadStep,
  isCounted: boolean,
  lake: Lake,
  state: LakeState,
): Promise<DataError | undefined> {
  for await (const { series, day, entry } of partitionsOf(step, lake, state)) {
    const bytes = isCounted ? await lake.bytes(entry) : undefined;
    const wrong = bytes && falseEntry(step.table, series, day, entry, bytes);
    if (wrong) return wrong;
    if (!bytes && !(await isStored(lake, entry))) return lostObject(series, day, entry, lake.isTaken(entry));
  }
  return undefined;
}

/**
 * Rows of a unit's objects as these have them.
 * @throws DataError where one of them is not the object that was meant; StoreError, Interrupted where they cannot be read
 */
export async function countRows(step: LoadStep, unit: LoadUnit, lake: Lake, state: LakeState): Promise<number> {
  const wanted = new Map(unit.objects.map(({ key, sha256 }) => [key, sha256]));
  let rows = 0;
  for await (const { series, day, entry } of partitionsOf(step, lake, state)) {
    const key = entry.object ?? "";
    if (wanted.get(key) !== entry.sha256) continue;
    rows += (await readPartition(lake, step.table, series, day, entry)).rows;
    wanted.delete(key);
  }
  const [missed] = wanted.keys();
  if (missed === undefined) return rows;
  throw new DataError("object-changed", `${missed} is named by no manifest any more.`, "candlelake load");
}
