import { later } from "../core/abort.ts";
import { AppError, DataError, Interrupted, StoreError } from "../core/errors.ts";
import { loadReason } from "../core/plan-loads.ts";
import type { LoadStep } from "../core/step.ts";
import type { TableName } from "../core/table.ts";
import type { Month } from "../core/time.ts";
import type { BroughtUnit, LoadUnit, Warehouse } from "../ports/warehouse.ts";
import type { BucketLake } from "./bucket-lake.ts";
import { countRows, findCulprit } from "./culprit.ts";
import type { Lake } from "./lake.ts";
import { detailOf, type Outcome, planned } from "./outcome.ts";
import type { LakeState } from "./state.ts";
import { clearedOf, emptyUnit, intactUnit, unitOf } from "./unit.ts";

export interface LoadPorts {
  warehouse(): Promise<Warehouse>;
}

/** A table's month. */
export const monthName = (table: TableName, month: Month): string => `${table}/${month}`;

function objectsOf({ table, month }: LoadStep, lake: Lake, state: LakeState): string[] {
  const entries = state.members(table, month).flatMap((series) => lake.entries(table, series, month));
  return entries.flatMap(([, { object }]) => object ?? []);
}

/** Milliseconds that the bucket has for an answer after a stop: what was loaded counts only when it is compared. */
const GRACE = 10_000;

/** Units of which an object is another one by now, or was put in its place when the unit was under way. */
async function changedAmong(
  brought: readonly BroughtUnit[],
  remote: BucketLake,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<LoadUnit>> {
  const keys = brought.flatMap(({ unit }) => unit.objects.map(({ key }) => key));
  await remote.look(keys, later(signal, GRACE));
  const isChanged = ({ unit, since }: BroughtUnit) =>
    unit.objects.some(({ key, sha256 }) => !remote.heldSince(key, sha256, since));
  return new Set(brought.filter(isChanged).map(({ unit }) => unit));
}

/** What is looked for where something failed already is no second failure. */
async function unlessRefused<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

/**
 * How a month is tried. The whole of it, as the plan saw it; `anew`, as the manifests are now that its objects were found
 * replaced. From then on its rows in the warehouse are nobody's: where they cannot be replaced by the whole month, they
 * are by what is `intact` of it, and else by nothing.
 */
type Way = "whole" | "anew" | "intact" | "empty";

interface Try {
  readonly step: LoadStep;
  readonly way: Way;
  /** Why it is not the whole month that goes in. */
  readonly cause?: AppError;
}

/** What is tried next of a month whose rows in the warehouse are nobody's. */
interface Clearing extends Try {
  readonly way: "intact" | "empty";
  readonly cause: AppError;
}

/** Load units under way. */
class Loading {
  readonly outcomes: Outcome[] = [];
  private readonly units = new Map<LoadUnit, Try>();
  private readonly lake: Lake;
  private readonly state: LakeState;
  private readonly warehouse: Warehouse;
  private readonly unsent: ReadonlyMap<string, Outcome>;
  private readonly settle: (outcome: Outcome) => void;
  private readonly signal: AbortSignal | undefined;

  constructor(
    lake: Lake,
    state: LakeState,
    warehouse: Warehouse,
    unsent: ReadonlyMap<string, Outcome>,
    settle: (outcome: Outcome) => void,
    signal?: AbortSignal,
  ) {
    this.lake = lake;
    this.state = state;
    this.warehouse = warehouse;
    this.unsent = unsent;
    this.settle = settle;
    this.signal = signal;
  }

  private end(outcome: Outcome): void {
    this.outcomes.push(outcome);
    this.settle(outcome);
  }

  fail(step: LoadStep, error: AppError): void {
    const cause = error.code === "not-uploaded" ? this.unsent.get(monthName(step.table, step.month)) : undefined;
    const [status, why] = cause ? (["deferred", cause.error] as const) : (["failed", detailOf(error)] as const);
    this.end({ ...planned(step), rows: 0, status, error: why });
  }

  /** Takes up a month, or fails it. */
  async take(step: LoadStep, way: "whole" | "anew" = "whole"): Promise<void> {
    const { lake, state, warehouse, signal } = this;
    try {
      const damage = state.unitDamage(step.table, step.month);
      if (damage) throw damage;
      this.units.set(await unitOf(step, lake, state, warehouse.reads, signal), { step, way });
    } catch (error) {
      if (!(error instanceof AppError) || error instanceof Interrupted) throw error;
      // A run that was stopped may have left rows of what lies in an object's place.
      const isLeft = error.code.startsWith("object-") && state.disowned(step.table, step.month);
      if (way === "anew" || isLeft) await this.clear({ step, way: "intact", cause: error });
      else this.fail(step, error);
    }
  }

  private async clear(clearing: Clearing): Promise<void> {
    const { step, way } = clearing;
    const unit = way === "empty" ? emptyUnit(step) : await intactUnit(step, this.lake, this.state, this.signal);
    this.units.set(unit, clearing);
  }

  private done(unit: LoadUnit, rows: number): void {
    const { step, cause } = this.units.get(unit) as Try;
    this.units.delete(unit);
    if (cause) this.fail(step, clearedOf(unit, cause));
    else this.end({ ...planned(step), rows, status: "done" });
  }

  /** Loads what was taken up, and goes on without what fails. @throws StoreError, Interrupted */
  async run(): Promise<void> {
    const { remote } = this.lake;
    const findChanged = remote && ((brought: readonly BroughtUnit[]) => changedAmong(brought, remote, this.signal));
    while (this.units.size > 0) {
      const causes = new Map<LoadUnit, AppError>();
      try {
        const failed = (unit: LoadUnit, cause: AppError) => causes.set(unit, cause);
        const done = (unit: LoadUnit, rows: number) => this.done(unit, rows);
        const talk = { findChanged, failed, countRows: (unit: LoadUnit) => this.count(unit) };
        await this.warehouse.load([...this.units.keys()], done, this.signal, talk);
        return;
      } catch (error) {
        if (!(error instanceof AppError) || error instanceof Interrupted || error instanceof StoreError) throw error;
        await this.goOn(error, causes);
      }
    }
  }

  /** What becomes of the units that failed by themselves, and of the others where the warehouse as a whole refused. */
  private async goOn(error: AppError, causes: ReadonlyMap<LoadUnit, AppError>): Promise<void> {
    const isOfSome = error instanceof DataError && causes.size > 0;
    const lost = [...this.units].filter(([unit]) => !isOfSome || causes.has(unit));
    const again: LoadStep[] = [];
    const clearings: Clearing[] = [];
    for (const [unit, { step, way, cause: earlier }] of lost) {
      this.units.delete(unit);
      const cause = causes.get(unit) ?? error;
      const isReplaced = causes.has(unit) && cause.code === "object-changed" && this.lake.remote !== undefined;
      if (way === "anew") clearings.push({ step, way: isReplaced ? "intact" : "empty", cause });
      else if (way === "intact") clearings.push({ step, way: "empty", cause: earlier ?? cause });
      else if (way === "whole" && isReplaced) again.push(step);
      else this.fail(step, (await this.culpritOf(step, cause)) ?? cause);
    }
    if (again.length > 0) await this.renew(again);
    for (const clearing of clearings) await this.clear(clearing);
    this.lake.forget();
  }

  private count(unit: LoadUnit): Promise<number> {
    const { step } = this.units.get(unit) as Try;
    return countRows(step, unit, this.lake, this.state);
  }

  private async culpritOf(step: LoadStep, cause: AppError): Promise<DataError | undefined> {
    if (!(cause instanceof DataError)) return undefined;
    return unlessRefused(() => findCulprit(step, cause.code === "row-count", this.lake, this.state));
  }

  /** Another machine was there: its manifests tell what the months are made of now. */
  private async renew(again: readonly LoadStep[]): Promise<void> {
    const tables = new Set(again.map(({ table }) => table));
    const waiting = [...this.units].filter(([, { step, way }]) => way === "whole" && tables.has(step.table));
    for (const [unit] of waiting) this.units.delete(unit);
    const whole = waiting.map(([, { step }]) => step);
    for (const table of tables) {
      this.lake.reread(table);
      const months = [...again, ...whole].filter((step) => step.table === table).map((step) => step.month);
      await this.state.openUnits(table, months);
    }
    for (const step of whole) await this.take(step);
    for (const step of again) await this.take(step, "anew");
  }
}

/**
 * Replaces what differs from the ledger, as the lake is now. A unit that cannot be loaded fails alone: the others are
 * loaded without it.
 * @param unsent uploads that failed in this run, by `monthName`: what waits for them is deferred with their error
 */
export async function loadUnits(
  steps: readonly LoadStep[],
  lake: Lake,
  state: LakeState,
  ports: LoadPorts,
  unsent: ReadonlyMap<string, Outcome>,
  settle: (outcome: Outcome) => void,
  signal?: AbortSignal,
): Promise<Outcome[]> {
  for (const table of new Set(steps.map((step) => step.table))) {
    const months = steps.filter((step) => step.table === table).map((step) => step.month);
    await state.openUnits(table, months);
  }
  const warehouse = await ports.warehouse();
  const loading = new Loading(lake, state, warehouse, unsent, settle, signal);
  const due: LoadStep[] = [];
  for (const step of steps) {
    const damage = step.error ?? state.unitDamage(step.table, step.month);
    if (damage) loading.fail(step, damage);
    else if (loadReason(step.table, step.month, state, step.empties) !== undefined) due.push(step);
    else loading.outcomes.push({ ...planned(step), rows: 0, status: "unchanged" });
  }
  // What was listed when the run began may be long ago.
  if (warehouse.reads === "objects") {
    const keys = due.flatMap((step) => objectsOf(step, lake, state));
    await lake.remote?.look(keys, signal);
  }
  for (const step of due) await loading.take(step);
  // What the units are made of is in them now.
  lake.forget();
  await loading.run();
  return loading.outcomes;
}
