import type { DataError, WarehouseError } from "../../src/core/errors.ts";
import type { Goal, Target } from "../../src/core/goal.ts";
import { objectKey } from "../../src/core/layout.ts";
import type { Entry } from "../../src/core/manifest.ts";
import type { Series } from "../../src/core/series.ts";
import type { State } from "../../src/core/state.ts";
import { DAY } from "../../src/core/time.ts";
import { tableOf } from "../../src/market/tables.ts";

export const day = Date.UTC(2025, 0, 30);
/** Five and a half hours into the last of the days. */
export const now = Date.UTC(2025, 1, 2, 5, 30);
export const range = { from: day, to: day + 4 * DAY };
export const days = ["2025-01-30", "2025-01-31", "2025-02-01", "2025-02-02"];

export const entry = (rest: Partial<Entry> = {}): Entry => ({
  object: "somewhere",
  sha256: "a".repeat(64),
  content: "c",
  bytes: 10,
  rows: 24,
  span: [day, day],
  gaps: [],
  notes: [],
  quarantined: null,
  inputs: null,
  source: "rest",
  host: "host",
  archives: null,
  disagreements: [],
  asOf: now,
  revisions: [],
  ...rest,
});

export type Unit = Readonly<Record<string, { content: string; rows: number }>>;

export interface Known {
  readonly entries?: Readonly<Record<string, Entry>>;
  readonly units?: Readonly<Record<string, Unit>>;
  readonly loaded?: Readonly<Record<string, Record<string, string>>>;
  readonly lost?: readonly string[];
  /** Keys of objects whose archive file was put out again. */
  readonly republished?: readonly string[];
  readonly arrived?: readonly string[];
  readonly uncompared?: Readonly<Record<string, DataError>>;
  /** What the bucket's manifests say, by object key. */
  readonly stored?: Readonly<Record<string, Entry>>;
  readonly bucketDamaged?: Readonly<Record<string, DataError>>;
  /** By object key. */
  readonly occupied?: Readonly<Record<string, DataError>>;
  readonly damaged?: Readonly<Record<string, DataError>>;
  readonly unloadable?: Readonly<Record<string, WarehouseError>>;
  readonly touched?: readonly string[];
  /** By object key. */
  readonly unnamed?: Readonly<Record<string, DataError>>;
}

/** Look-ups in what the test wrote down: entries by object key, units and damage by table and month. */
export const state = (known: Known = {}): State => ({
  entry: (table, series, of) => known.entries?.[objectKey(table, series, of)],
  intact: (one) => !known.lost?.includes(one.content),
  republished: (table, series, of) => known.republished?.includes(objectKey(table, series, of)) ?? false,
  arrived: (table, series, of) => known.arrived?.includes(objectKey(table, series, of)) ?? false,
  uncompared: (table, series, of) => known.uncompared?.[objectKey(table, series, of)],
  damage: (table, _series, month) => known.damaged?.[`${table}/${month}`],
  unit: (table, month) => known.units?.[`${table}/${month}`] ?? {},
  loaded: (table, month) => known.loaded?.[`${table}/${month}`] ?? {},
  touched: (table, month) => known.touched?.includes(`${table}/${month}`) ?? false,
  own: (table, series, of) => known.entries?.[objectKey(table, series, of)],
  ownDays: (table, series, month) =>
    days.filter((of) => of.startsWith(month) && known.entries?.[objectKey(table, series, of)]),
  stored: (table, series, of) => {
    const stored = known.stored?.[objectKey(table, series, of)];
    return stored && { entry: stored, isCurrent: !known.lost?.includes(stored.content) };
  },
  bucketDamage: (table, _series, month) => known.bucketDamaged?.[`${table}/${month}`],
  occupied: (table, series, of) => known.occupied?.[objectKey(table, series, of)],
  unnamed: (table, series, of) => known.unnamed?.[objectKey(table, series, of)],
  unitDamage: (table, month) => known.damaged?.[`${table}/${month}`],
  unloadable: (table, month) => known.unloadable?.[`${table}/${month}`],
});

export const target = (series: Series, rest: Partial<Target> = {}): Target => ({
  table: tableOf(series).name,
  series,
  range,
  now,
  first: undefined,
  force: false,
  choice: "auto",
  ...rest,
});
export const goal = (rest: Partial<Goal>): Goal => ({
  targets: [],
  derivations: [],
  uploads: null,
  load: null,
  ...rest,
});
export const key = (series: Series, of: string) => objectKey(tableOf(series).name, series, of);
export const all = (series: Series, one: (of: string) => Entry): Record<string, Entry> =>
  Object.fromEntries(days.map((of) => [key(series, of), one(of)]));
