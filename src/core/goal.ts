import type { AppError } from "./errors.ts";
import type { SourceChoice } from "./route.ts";
import type { Series } from "./series.ts";
import type { TableName } from "./table.ts";
import type { Day, Month, TimeRange } from "./time.ts";

/** One series that is to be in the lake over whole UTC days. */
export interface Target {
  readonly table: TableName;
  readonly series: Series;
  /** Whole days. */
  readonly range: TimeRange;
  /** The venue's clock. */
  readonly now: number;
  /** Event time of the series' first row, where it is known. */
  readonly first: number | undefined;
  /** `first` is news: no manifest told it. */
  readonly isNews?: true;
  /** What manifests tell as the first row's event time, where it has turned out that there are earlier ones. */
  readonly misdated?: number;
  /** Event time of the series' last row, where it is no longer traded. */
  readonly ended?: number;
  /** `ended` is the end of a file that cannot be taken: when in it the last row was nobody knows. */
  readonly isOpenEnd?: true;
  /** Manifests tell that the series has ended, and the venue knows it. */
  readonly isTraded?: true;
  /** Read again what is already there. */
  readonly force: boolean;
  /** Which ways may be taken; `rest` also where there is no archive. */
  readonly choice: SourceChoice;
  /** Why nothing can be read of it in this run. */
  readonly error?: AppError;
  /** Why nothing can be read of it over REST. */
  readonly restError?: AppError;
  /** From here on the archive has no file (yet): what is asked for there is REST's, whatever the calendar says. */
  readonly filed?: number;
}

/** Another partition that a derived one is made of. */
export interface InputKey {
  readonly table: TableName;
  readonly series: Series;
  readonly day: Day;
}

/** A series that is made of other tables' partitions, over the days of its candles. */
export interface Derivation {
  readonly table: TableName;
  readonly series: Series;
  readonly range: TimeRange;
  readonly now: number;
  readonly first: number | undefined;
  /** Make again what is already there. */
  readonly force: boolean;
  /** Nothing new is made: days that are there already follow what they were made of. */
  readonly follows?: true;
  /** What the archive alone has is enough: it waits for nothing that only REST may have. */
  readonly isArchived?: true;
  readonly candles: Omit<InputKey, "day">;
  /** What is looked up at each close, and how far back (ms). */
  readonly lookUps: readonly (Omit<InputKey, "day"> & { readonly lookBack: number })[];
}

export interface LoadGoal {
  readonly table: TableName;
  readonly months: readonly Month[];
  /** Months go from the warehouse of which the lake has no rows. */
  readonly prune?: boolean;
}

export interface Goal {
  readonly targets: readonly Target[];
  readonly derivations: readonly Derivation[];
  /** What is to be in the bucket; null where there is none, or where it is left alone. */
  readonly uploads:
    | readonly { readonly table: TableName; readonly series: Series; readonly months: readonly Month[] }[]
    | null;
  /** Load units to bring up to date; null where no warehouse is wanted. */
  readonly load: readonly LoadGoal[] | null;
}
