import type { Goal } from "./goal.ts";
import { manifestKey, objectKey } from "./layout.ts";
import { sameEntry } from "./manifest.ts";
import type { Series } from "./series.ts";
import type { State } from "./state.ts";
import type { DeriveStep, FetchStep, UploadStep } from "./step.ts";
import type { TableName } from "./table.ts";
import { type Day, monthOf } from "./time.ts";

/** Why a partition must be copied to the bucket; undefined where it is there, or where there is nothing to copy. */
export function uploadReason(table: TableName, series: Series, day: Day, state: State): string | undefined {
  const own = state.own(table, series, day);
  if (!own) return undefined;
  const there = state.stored(table, series, day);
  if (!there) return "missing in the bucket";
  if (there.entry.sha256 !== own.sha256) return "content differs from the bucket's";
  if (!there.isCurrent) return "object missing or changed in the bucket";
  return sameEntry(there.entry, own) ? undefined : "its manifest entry differs from the bucket's";
}

/** The steps that would make the bucket equal to the lake once the others are done. */
export function planUploads(goal: Goal, state: State, steps: readonly (FetchStep | DeriveStep)[]): UploadStep[] {
  const changing = new Map<string, Day[]>();
  const made = new Map<string, Day[]>();
  for (const { table, series, day, error } of steps) {
    const name = manifestKey(table, series, monthOf(day));
    changing.set(name, [...(changing.get(name) ?? []), day]);
    if (!error) made.set(name, [...(made.get(name) ?? []), day]);
  }
  const uploads: UploadStep[] = [];
  for (const { table, series, months } of goal.uploads ?? []) {
    for (const month of months) {
      const name = manifestKey(table, series, month);
      const damage = state.bucketDamage(table, series, month, new Set(made.get(name)));
      const coming = new Set(changing.get(name));
      for (const day of [...new Set([...state.ownDays(table, series, month), ...coming])].sort()) {
        const reason =
          uploadReason(table, series, day, state) ?? (coming.has(day) ? "the partition changes" : undefined);
        if (reason === undefined) continue;
        const hasObject = coming.has(day) || state.own(table, series, day)?.object !== null;
        const error = damage ?? (hasObject ? state.occupied(table, series, day) : undefined);
        const path = objectKey(table, series, day);
        uploads.push({ action: "upload", table, series, day, reason, path, ...(error ? { error } : {}) });
      }
    }
  }
  return uploads;
}
