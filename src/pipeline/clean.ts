import { AppError } from "../core/errors.ts";
import { CACHE, MANIFESTS, parsePartitionKey, QUARANTINE } from "../core/layout.ts";
import type { Entry } from "../core/manifest.ts";
import type { Series } from "../core/series.ts";
import type { TableName } from "../core/table.ts";
import { type Day, monthOf } from "../core/time.ts";
import { TABLES } from "../market/tables.ts";
import type { Lake } from "./lake.ts";

/** A file of the lake that nothing refers to. */
export interface Leftover {
  readonly key: string;
  readonly bytes: number;
  /** For people. */
  readonly why: string;
}

/** The day's entry; the error where its manifest cannot be read, and nobody can say what is referred to. */
async function entryOf(lake: Lake, table: TableName, series: Series, day: Day): Promise<Entry | undefined | AppError> {
  await lake.open(table, series, [monthOf(day)]);
  return lake.damage(table, series, monthOf(day)) ?? lake.entry(table, series, day);
}

/** What a killed run left behind, or an entry that was replaced: objects, refused rows, manifests that were set aside. */
async function* leftoversOf(
  lake: Lake,
  table: TableName,
  doubt: (error: AppError) => void,
): AsyncGenerator<Leftover, void, undefined> {
  for (const kind of ["object", "quarantine"] as const) {
    const prefix = kind === "object" ? table : `${QUARANTINE}/${table}`;
    for await (const { key, bytes } of lake.store.list(prefix)) {
      // What is not named as ours may be anybody's.
      const found = parsePartitionKey(table, key, kind);
      if (!found) continue;
      const entry = await entryOf(lake, table, found.series, found.day);
      if (entry instanceof AppError) {
        doubt(entry);
        continue;
      }
      const named = kind === "object" ? entry?.object : entry?.quarantined?.object;
      if (named !== key)
        yield { key, bytes, why: kind === "object" ? "no manifest names it" : "no entry refers to it" };
    }
  }
}

/**
 * Every file that nothing refers to. Files that are not ours are never among them.
 * @param doubt told of each manifest that cannot be read, as often as a file could be one of its own: those stay
 */
export async function* leftovers(
  lake: Lake,
  doubt: (error: AppError) => void,
): AsyncGenerator<Leftover, void, undefined> {
  for (const { name } of TABLES) yield* leftoversOf(lake, name, doubt);
  for await (const { key, bytes } of lake.store.list(`${QUARANTINE}/${MANIFESTS}`))
    yield { key, bytes, why: "a damaged manifest that was made anew" };
  for await (const { key, bytes } of lake.store.list(CACHE)) yield { key, bytes, why: "a copy of what the bucket has" };
}
