import type { AppError } from "../core/errors.ts";
import type { Goal } from "../core/goal.ts";
import { fileStem, objectKey, parseManifestName } from "../core/layout.ts";
import type { Entry } from "../core/manifest.ts";
import { inputsOf, lookedThrough } from "../core/plan.ts";
import type { Series } from "../core/series.ts";
import type { State } from "../core/state.ts";
import type { TableName } from "../core/table.ts";
import { type Day, daysOf, type Month, monthOf, monthsOf, type TimeRange } from "../core/time.ts";
import type { LedgerRow, StrangeMonth, Warehouse } from "../ports/warehouse.ts";
import { foreignObject } from "./foreign.ts";
import type { Lake } from "./lake.ts";
import { isStored } from "./stored-rows.ts";
import { unnamedRows } from "./unnamed.ts";
import type { Published } from "./verify-archives.ts";

/** What `plan` asks of lake and warehouse, answered from manifests and ledger that were read beforehand. */
export class LakeState implements State {
  private readonly lake: Lake;
  private readonly warehouse: Pick<Warehouse, "unloadable"> | undefined;
  private readonly ledger = new Map<string, Record<string, string>>();
  private readonly units = new Map<string, readonly Series[]>();
  private readonly changed = new Set<string>();
  private readonly touchedUnits = new Set<string>();
  private readonly disownedUnits = new Set<string>();
  private readonly published = new Map<string, string>();
  private readonly late = new Set<string>();
  private readonly refusals = new Map<string, AppError>();

  constructor(
    lake: Lake,
    ledger: readonly LedgerRow[],
    strangers: readonly StrangeMonth[] = [],
    warehouse?: Pick<Warehouse, "unloadable">,
  ) {
    this.lake = lake;
    this.warehouse = warehouse;
    for (const { table, month, isDisowned } of strangers) {
      this.touchedUnits.add(`${table}/${month}`);
      if (isDisowned) this.disownedUnits.add(`${table}/${month}`);
    }
    for (const row of ledger) {
      const unit = `${row.table}/${row.month}`;
      if (row.isChanged) this.touchedUnits.add(unit);
      const series = this.ledger.get(unit) ?? {};
      series[row.series] = row.content;
      this.ledger.set(unit, series);
    }
  }

  entry(table: TableName, series: Series, day: Day): Entry | undefined {
    return this.lake.entry(table, series, day);
  }

  intact(entry: Entry): boolean {
    return this.lake.isThere(entry) && !(entry.object !== null && this.changed.has(entry.object));
  }

  own(table: TableName, series: Series, day: Day): Entry | undefined {
    return this.lake.own(table, series, day);
  }

  ownDays(table: TableName, series: Series, month: Month): readonly Day[] {
    return this.lake.ownDays(table, series, month);
  }

  stored(table: TableName, series: Series, day: Day): { entry: Entry; isCurrent: boolean } | undefined {
    const { remote } = this.lake;
    const entry = remote?.entry(table, series, day);
    return entry && { entry, isCurrent: entry.object === null || (remote?.holds(entry) ?? false) };
  }

  bucketDamage(
    table: TableName,
    series: Series,
    month: Month,
    coming: ReadonlySet<Day> = new Set(),
  ): AppError | undefined {
    const isKnown = (day: Day, hash: string): boolean =>
      coming.has(day) || this.own(table, series, day)?.sha256 === hash;
    return this.lake.remote?.damage(table, series, month, isKnown);
  }

  occupied(table: TableName, series: Series, day: Day): AppError | undefined {
    const { remote } = this.lake;
    return remote && foreignObject(remote, objectKey(table, series, day));
  }

  republished(table: TableName, series: Series, day: Day): boolean {
    const { archives } = this.lake.entry(table, series, day) ?? {};
    return Object.entries(archives ?? {}).some(([name, { sha256 }]) => (this.published.get(name) ?? sha256) !== sha256);
  }

  uncompared(table: TableName, series: Series, day: Day): AppError | undefined {
    return this.refusals.get(objectKey(table, series, day));
  }

  arrived(table: TableName, series: Series, day: Day): boolean {
    return this.late.has(objectKey(table, series, day));
  }

  setPublished({ hashes, arrived, refusals }: Published): void {
    for (const [name, hash] of hashes) this.published.set(name, hash);
    for (const path of arrived) this.late.add(path);
    for (const [path, error] of refusals) this.refusals.set(path, error);
  }

  damage(table: TableName, series: Series, month: Month): AppError | undefined {
    return this.lake.damage(table, series, month);
  }

  unit(table: TableName, month: Month): Record<string, { content: string; rows: number }> {
    const unit: Record<string, { content: string; rows: number }> = {};
    for (const series of this.units.get(`${table}/${month}`) ?? []) {
      const content = this.lake.content(table, series, month);
      if (content.rows > 0) unit[fileStem(series)] = content;
    }
    return unit;
  }

  loaded(table: TableName, month: Month): Record<string, string> {
    return this.ledger.get(`${table}/${month}`) ?? {};
  }

  touched(table: TableName, month: Month): boolean {
    return this.touchedUnits.has(`${table}/${month}`);
  }

  /** The warehouse has rows in the month that no ledger row vouches for, though one speaks of the month. */
  disowned(table: TableName, month: Month): boolean {
    return this.disownedUnits.has(`${table}/${month}`);
  }

  unnamed(table: TableName, series: Series, day: Day): AppError | undefined {
    const { remote } = this.lake;
    return remote && this.lake.isUnnamed(table, series, day) ? unnamedRows(remote, table, series, day) : undefined;
  }

  unitDamage(table: TableName, month: Month, coming: ReadonlySet<string> = new Set()): AppError | undefined {
    for (const series of this.members(table, month)) {
      const damage = this.lake.damage(table, series, month);
      if (damage) return damage;
    }
    const { remote } = this.lake;
    for (const series of remote ? this.loadedSeries(table, month) : []) {
      const days = this.lake.unnamedDays(table, series, month);
      const [first, ...others] = days.filter((day) => !coming.has(objectKey(table, series, day)));
      // Where all that was loaded of it is what manifests name, another machine may just be about to name more.
      const isWhole = () =>
        this.loaded(table, month)[fileStem(series)] === this.lake.content(table, series, month).content;
      if (remote && first && !isWhole()) return unnamedRows(remote, table, series, first, ...others);
    }
    return undefined;
  }

  /** Series that the warehouse has in a month, as the ledger says. */
  private loadedSeries(table: TableName, month: Month): readonly Series[] {
    const names = Object.keys(this.loaded(table, month));
    return names.flatMap((name) => parseManifestName(table, `${name}_${month}.json`)?.series ?? []);
  }

  unloadable(table: TableName, month: Month): AppError | undefined {
    return this.warehouse?.unloadable(table, month);
  }

  /** Series of a load unit, as `openUnits` found them. */
  members(table: TableName, month: Month): readonly Series[] {
    return this.units.get(`${table}/${month}`) ?? [];
  }

  /** Reads what a plan of the goal looks at, and no more. */
  async open(goal: Goal): Promise<void> {
    for (const { table, series, range } of goal.targets) await this.openMonths(table, series, range);
    for (const derivation of goal.derivations) {
      const { table, series } = derivation;
      const range = lookedThrough(derivation);
      await this.openMonths(table, series, range);
      const months = new Map<string, { table: TableName; series: Series; months: Set<Month> }>();
      for (const day of daysOf(range)) {
        for (const input of inputsOf(derivation, day)) {
          const name = `${input.table}/${fileStem(input.series)}`;
          const known = months.get(name) ?? { table: input.table, series: input.series, months: new Set() };
          months.set(name, known);
          known.months.add(monthOf(input.day));
        }
      }
      for (const input of months.values()) await this.lake.open(input.table, input.series, input.months);
    }
    for (const { table, series, months } of goal.uploads ?? []) await this.lake.open(table, series, months);
    for (const { table, months } of goal.load ?? []) await this.openUnits(table, months);
  }

  /** Reads manifests, and looks into the objects that were written after them. */
  private async openMonths(table: TableName, series: Series, range: TimeRange): Promise<void> {
    const months = monthsOf(range);
    await this.lake.open(table, series, months);
    for (const month of months) {
      for (const [, entry] of this.lake.doubtful(table, series, month)) {
        if (entry.object !== null && !(await isStored(this.lake, entry))) this.changed.add(entry.object);
      }
    }
  }

  /** Reads the manifests of every series of the load units. */
  async openUnits(table: TableName, months: readonly Month[]): Promise<void> {
    const wanted = new Set(months);
    for (const month of months) this.units.set(`${table}/${month}`, []);
    for (const shelf of await this.lake.shelves(table)) {
      const own = shelf.months.filter((month) => wanted.has(month));
      await this.lake.open(table, shelf.series, own);
      for (const month of own) this.units.set(`${table}/${month}`, [...this.members(table, month), shelf.series]);
    }
    // What was loaded of a series may be in objects of a month that has no manifest any more.
    for (const month of this.lake.remote ? months : [])
      for (const series of this.loadedSeries(table, month)) await this.lake.open(table, series, [month]);
  }
}
