import type { AppError } from "./errors.ts";
import type { Entry } from "./manifest.ts";
import type { Series } from "./series.ts";
import type { TableName } from "./table.ts";
import type { Day, Month } from "./time.ts";

/** What is known of lake and warehouse. Pure look-ups; a damaged manifest is told apart from a missing one. */
export interface State {
  entry(table: TableName, series: Series, day: Day): Entry | undefined;
  /** The object of an entry is there, with the size that the entry says, and nobody put another in its place. */
  intact(entry: Entry): boolean;
  /** Why a month's manifest cannot be used, if so. */
  damage(table: TableName, series: Series, month: Month): AppError | undefined;
  /** Content by series (file-name spelling) of a load unit in the lake, and of what the ledger says was loaded. */
  unit(table: TableName, month: Month): Readonly<Record<string, { content: string; rows: number }>>;
  loaded(table: TableName, month: Month): Readonly<Record<string, string>>;
  /** The warehouse has rows in the month that no load brought: among those that one did, or alone. */
  touched(table: TableName, month: Month): boolean;
  /** The venue has put another archive file in the place of the one that the partition was made of. */
  republished(table: TableName, series: Series, day: Day): boolean;
  /** A file for want of which the partition lacks something is there now. */
  arrived(table: TableName, series: Series, day: Day): boolean;
  /** Why a file of the partition could not be compared with the venue's, where that was asked. */
  uncompared(table: TableName, series: Series, day: Day): AppError | undefined;
  /** What the lake's folder says of a day, and the bucket does not know better. */
  own(table: TableName, series: Series, day: Day): Entry | undefined;
  ownDays(table: TableName, series: Series, month: Month): readonly Day[];
  /** What the bucket's manifest says, and whether the object is the one that it means. */
  stored(
    table: TableName,
    series: Series,
    day: Day,
  ): { readonly entry: Entry; readonly isCurrent: boolean } | undefined;
  /**
   * Why the bucket's manifest of a month can neither be used nor be written anew: it has, or may have, days that are not
   * the folder's own.
   * @param coming days that are about to be the folder's own
   */
  bucketDamage(table: TableName, series: Series, month: Month, coming?: ReadonlySet<Day>): AppError | undefined;
  /** Why nothing can be put in a partition's place in the bucket. */
  occupied(table: TableName, series: Series, day: Day): AppError | undefined;
  /** Why it is not known what there was of a day of which the lake has nothing: the bucket has an object without a name. */
  unnamed(table: TableName, series: Series, day: Day): AppError | undefined;
  /**
   * Why a load unit cannot be made: a member's manifest is damaged, or rows that were loaded before are in objects that no
   * manifest names.
   * @param coming paths of partitions that are about to be made
   */
  unitDamage(table: TableName, month: Month, coming?: ReadonlySet<string>): AppError | undefined;
  /** Why the warehouse cannot keep a month, whatever the lake has of it. */
  unloadable(table: TableName, month: Month): AppError | undefined;
}
