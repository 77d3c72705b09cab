import { AppError } from "../core/errors.ts";
import { type Entry, isBehindEnd, type Manifest } from "../core/manifest.ts";
import { parseManifest } from "../core/manifest-reader.ts";
import type { Series } from "../core/series.ts";
import type { TableName } from "../core/table.ts";
import type { Day, Month } from "../core/time.ts";

/** A month of a series, as its manifests tell it and as a run changes it. */
export interface Page {
  readonly table: TableName;
  readonly series: Series;
  readonly month: Month;
  listed: number | undefined;
  ended: number | undefined;
  /** What the folder's own manifest says. */
  partitions: Map<Day, Entry>;
  /** What the bucket knows better. */
  adopted: Map<Day, Entry>;
  damage: AppError | undefined;
  changed: boolean;
  /** When the manifest was last written. */
  written: number;
}

export const emptyPage = (table: TableName, series: Series, month: Month): Page => ({
  table,
  series,
  month,
  listed: undefined,
  ended: undefined,
  partitions: new Map(),
  adopted: new Map(),
  damage: undefined,
  changed: false,
  written: Number.NEGATIVE_INFINITY,
});

/** Puts down what the folder's manifest says, or why it cannot be used. */
export function fill(page: Page, bytes: Uint8Array): void {
  try {
    const manifest = parseManifest(bytes, page.table, page.series, page.month);
    page.listed = manifest.listed;
    page.ended = manifest.ended;
    page.partitions = new Map(manifest.partitions);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    page.damage = error;
  }
}

/** Whether an entry's object is there, in the folder or in the bucket. */
interface Holders {
  inFolder(entry: Entry): boolean;
  inBucket(entry: Entry): boolean;
}

/**
 * Takes over what the bucket alone has, and what another machine has read later than this one. Of two readings one that has
 * more rows wins whenever it was made, where they are there: a venue that is asked later may have fewer.
 */
export function adopt(page: Page, manifest: Manifest, { inFolder, inBucket }: Holders): void {
  page.listed ??= manifest.listed;
  const isBetter = (entry: Entry, own: Entry): boolean => {
    if (own.rows > entry.rows && inFolder(own)) return false;
    return (entry.rows > own.rows && inBucket(entry)) || entry.asOf > own.asOf;
  };
  for (const [day, { stored: _, ...entry }] of manifest.partitions) {
    const own = page.partitions.get(day);
    if (!own || isBetter(entry, own)) page.adopted.set(day, entry);
  }
  endAt(page, page.ended ?? manifest.ended);
}

/** Puts down where the series of a page ends; days behind it without rows are none of it. */
export function endAt(page: Page, ended: number | undefined): void {
  page.ended = ended;
  for (const days of [page.partitions, page.adopted])
    for (const [day, entry] of days) if (isBehindEnd(day, entry, ended)) days.delete(day);
}

/** Entries, ascending by day. */
export function entriesOf({ partitions, adopted }: Page): readonly (readonly [Day, Entry])[] {
  const all = adopted.size > 0 ? new Map([...partitions, ...adopted]) : partitions;
  return [...all].sort(([a], [b]) => (a < b ? -1 : 1));
}
