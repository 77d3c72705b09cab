import type { Batch } from "../core/batch.ts";
import { concat, numbers, slice } from "../core/batch.ts";
import type { Entry } from "../core/manifest.ts";
import type { Series } from "../core/series.ts";
import type { Table } from "../core/table.ts";
import { type Day, dayRange, monthsOf, type TimeRange } from "../core/time.ts";
import type { LakeTable } from "../ports/warehouse.ts";
import type { Lake } from "./lake.ts";
import { lostObject } from "./stored-rows.ts";

/** Which rows: of some series, of a range of event times. Everything where left out. */
export interface Selection {
  readonly range?: TimeRange | undefined;
  series?(series: Series): boolean;
}

/** Partitions with rows, in order of series and day. @throws DataError where a manifest is damaged */
export async function* selected(
  lake: Lake,
  table: Table,
  selection: Selection,
): AsyncGenerator<{ readonly series: Series; readonly day: Day; readonly entry: Entry }, void, undefined> {
  const { range } = selection;
  const wanted = range && new Set(monthsOf(range));
  for (const shelf of await lake.shelves(table.name)) {
    if (selection.series && !selection.series(shelf.series)) continue;
    for (const month of shelf.months) {
      if (wanted && !wanted.has(month)) continue;
      await lake.open(table.name, shelf.series, [month]);
      const damage = lake.damage(table.name, shelf.series, month);
      if (damage) throw damage;
      for (const [day, entry] of lake.entries(table.name, shelf.series, month)) {
        const { from, to } = dayRange(day);
        if (entry.rows > 0 && (!range || (from < range.to && to > range.from)))
          yield { series: shelf.series, day, entry };
      }
    }
  }
}

/**
 * Every file is read and compared with its entry's hash: its size and time do not tell whether it is the one.
 * @throws DataError where an object is gone or not the one that its entry names
 */
export async function filesOf(lake: Lake, table: Table, selection: Selection = {}): Promise<LakeTable> {
  const paths: string[] = [];
  for await (const { series, day, entry } of selected(lake, table, selection)) {
    if (entry.object === null) continue;
    const path = await lake.file(entry);
    if (path === undefined) throw lostObject(series, day, entry, lake.isTaken(entry));
    paths.push(path);
  }
  return { table, paths };
}

/** The rows of a batch whose event time lies in the range. */
export function within(batch: Batch, range: TimeRange): Batch {
  const times = numbers(batch, batch.table.eventTime).values;
  const from = times.findIndex((time) => time >= range.from * 1000);
  if (from < 0) return concat(batch.table, []);
  const to = times.findIndex((time) => time >= range.to * 1000);
  return slice(batch, from, to < 0 ? batch.rows : to);
}
