import { orAborted } from "../core/abort.ts";
import type { Batch } from "../core/batch.ts";
import { AppError, throwIfAborted, UsageError } from "../core/errors.ts";
import type { Goal, Target } from "../core/goal.ts";
import { plan } from "../core/plan.ts";
import type { Series } from "../core/series.ts";
import type { Step } from "../core/step.ts";
import type { Table } from "../core/table.ts";
import { monthOf, type TimeRange } from "../core/time.ts";
import { TABLES } from "../market/tables.ts";
import type { ExportFormat, LedgerRow, QueryResult, SetupOptions, SetupReport } from "../ports/warehouse.ts";
import type { Ports } from "../ports.ts";
import { type Applied, Apply } from "./apply.ts";
import { BucketLake } from "./bucket-lake.ts";
import { type Leftover, leftovers } from "./clean.ts";
import { loadedTables, loadGoal, uploadGoal } from "./copies.ts";
import { type Estimate, estimate, refuseWithoutRoom, withoutVainLoads } from "./estimate.ts";
import { type Foreign, foreigners } from "./foreign.ts";
import { readGoal } from "./goal.ts";
import { type GoneMonth, goneMonths, refuseBlindPrune, replacedNote } from "./gone.ts";
import { Lake } from "./lake.ts";
import { withLocations } from "./locations.ts";
import type { Outcome } from "./outcome.ts";
import { filesOf, type Selection, selected, within } from "./selection.ts";
import { LakeState } from "./state.ts";
import type { SeriesStatus } from "./status.ts";
import { readPartition } from "./stored-rows.ts";
import { type Survey, surveyOf } from "./survey.ts";
import { askPublished } from "./verify-archives.ts";
import type { Topic, Wish } from "./wish.ts";

/** What to bring about. Wishes for the lake, and whether the warehouse is to follow. */
export interface Request {
  readonly wishes: readonly Wish[];
  /** null: leave the warehouse alone. `range` narrows it, widened to whole load units. */
  readonly load: {
    readonly topic: Topic | undefined;
    readonly range: TimeRange | undefined;
    /** Whether months go that the lake no longer has. */
    readonly prune?: boolean;
  } | null;
  /** `all`: copies everything that the bucket lacks; where left out, what the wishes are of. */
  readonly upload?: "all";
  /** Whether archive files that were taken in are compared with what is published now. */
  readonly verifyArchives?: boolean;
}

export interface Plan {
  readonly request: Request;
  readonly goal: Goal;
  readonly steps: readonly Step[];
  readonly estimate: Estimate;
  /** How the request was read, where that is worth saying. */
  readonly notes: readonly string[];
  /** What stays in the warehouse though the lake no longer has it. */
  readonly gone: readonly GoneMonth[];
}

interface Opened extends Plan {
  readonly lake: Lake;
  readonly state: LakeState;
  readonly venues: ReadonlyMap<Target, Wish["venue"]>;
}

export interface Report {
  planned?(plan: Plan): void;
  settled?(outcome: Outcome): void;
}

/** Plan, apply and look: the whole of candlelake over one lake and one warehouse. */
export class Engine {
  private readonly ports: Ports;

  constructor(ports: Ports) {
    this.ports = ports;
  }

  private async lake(signal?: AbortSignal): Promise<Lake> {
    const { store, synthetic } = this.ports;
    const bucket = await this.ports.bucket();
    return new Lake(store, synthetic, bucket && new BucketLake(bucket, store, signal));
  }

  /** Nothing is changed by it: whoever asks to stop waits for none of those who are asked. */
  private open(request: Request, signal?: AbortSignal): Promise<Opened> {
    return orAborted(this.look(request, signal), signal);
  }

  private async look(request: Request, signal?: AbortSignal): Promise<Opened> {
    const lake = await this.lake(signal);
    const { goal: wished, notes, venues } = await readGoal(request.wishes, lake, this.ports, signal);
    const { load: asked } = request;
    const warehouse = asked && (await this.ports.warehouse());
    const ledger = (await warehouse?.ledger()) ?? [];
    if (asked?.prune && warehouse) refuseBlindPrune(lake, warehouse);
    const strangers = warehouse?.strangers ?? [];
    const loaded = asked?.prune ? [...ledger, ...strangers] : undefined;
    const load = asked && (await loadGoal(lake, asked.topic, asked.range, wished, loaded));
    const uploads = lake.remote ? await uploadGoal(lake, request.upload ?? wished) : null;
    const goal: Goal = { ...wished, uploads, load };
    const state = new LakeState(lake, ledger, strangers, warehouse || undefined);
    await state.open(goal);
    const said = [...notes];
    for (const target of request.verifyArchives ? goal.targets : []) {
      const archive = await this.ports.archive(venues.get(target) ?? "binance");
      if (!archive) continue;
      const published = await askPublished(target, lake, archive, signal);
      state.setPublished(published);
      said.push(...published.notes);
    }
    const planned = plan(goal, state);
    const about = estimate(goal, planned, this.ports.room());
    const steps = withoutVainLoads(planned, about, this.ports.store.label);
    const { gone, replaced } = await this.gone(lake, state, ledger, asked, steps);
    said.push(...replaced.map(replacedNote));
    return { request, goal, steps, estimate: about, notes: said, gone, lake, state, venues };
  }

  /** What of the lake is gone and stays in the warehouse, and what goes with a month that is loaded anew. */
  private async gone(
    lake: Lake,
    state: LakeState,
    ledger: readonly LedgerRow[],
    asked: Request["load"],
    steps: readonly Step[],
  ): Promise<{ readonly gone: readonly GoneMonth[]; readonly replaced: readonly GoneMonth[] }> {
    if (!asked) return { gone: [], replaced: [] };
    const warehouse = await this.ports.warehouse();
    const all = await goneMonths(lake, state, warehouse, ledger, loadedTables(asked.topic), asked.range);
    const isIn = ({ table, month }: GoneMonth, of: readonly Step[]) =>
      of.some((step) => step.table === table && (step.action === "load" ? step.month : monthOf(step.day)) === month);
    const loads = steps.filter((step) => step.action === "load");
    // What is fetched may come back.
    const makes = steps.filter((step) => step.action === "fetch" || step.action === "derive");
    const isReplaced = (one: GoneMonth) => isIn(one, loads) && !isIn(one, makes);
    return { gone: all.filter((one) => !isIn(one, loads)), replaced: asked.prune ? [] : all.filter(isReplaced) };
  }

  /** The steps that `apply` would take now. Writes nothing. @throws UsageError, SourceError, WarehouseError */
  async plan(request: Request, signal?: AbortSignal): Promise<Plan> {
    const { goal, steps, estimate: about, notes, gone } = await this.open(request, signal);
    return { request, goal, steps, estimate: about, notes, gone };
  }

  /**
   * Plans under the lake's lock and carries the plan out. What fails is told in the outcomes and stops nothing else.
   * @param stop ends what is under way; `signal` alone leaves time to upload what was made
   * @throws UsageError, and StoreError where the lake cannot be locked
   */
  async apply(
    request: Request,
    command: string,
    report: Report = {},
    signal?: AbortSignal,
    stop = signal,
  ): Promise<Applied> {
    const lock = await this.ports.lock(command, signal);
    try {
      const opened = await this.open(request, signal);
      report.planned?.(opened);
      refuseWithoutRoom(opened.estimate, this.ports.store.label);
      const ports = {
        source: (target: Target) => this.ports.source(opened.venues.get(target) ?? "binance", target.series.market),
        archive: (target: Target) => this.ports.archive(opened.venues.get(target) ?? "binance"),
        refine: this.ports.refine,
        comparesKept: request.verifyArchives ?? false,
        warehouse: () => this.ports.warehouse(),
      };
      const settle = (outcome: Outcome) => report.settled?.(outcome);
      const apply = new Apply(opened.goal, opened.lake, opened.state, ports, settle, signal, stop);
      return await apply.run(opened.steps);
    } finally {
      await lock.release();
    }
  }

  /**
   * What nothing refers to: shown, and then removed under the lake's lock unless showing it was all.
   * @throws StoreError
   */
  async clean(
    dryRun: boolean,
    show: (found: readonly Leftover[], damaged: readonly AppError[]) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<readonly Leftover[]> {
    const lock = dryRun ? undefined : await this.ports.lock("candlelake clean", signal);
    try {
      const lake = new Lake(this.ports.store, this.ports.synthetic);
      const found: Leftover[] = [];
      const damaged = new Set<AppError>();
      for await (const leftover of leftovers(lake, (error) => damaged.add(error))) found.push(leftover);
      await show(found, [...damaged]);
      if (dryRun) return found;
      for (const { key } of found) {
        throwIfAborted(signal);
        await this.ports.store.remove(key);
      }
      await this.ports.store.flush();
      return found;
    } finally {
      await lock?.release();
    }
  }

  /** Safe to repeat, and so to leave at any point. */
  setup(options?: SetupOptions, signal?: AbortSignal): Promise<SetupReport> {
    return orAborted(this.setUp(options), signal);
  }

  private async setUp(options?: SetupOptions): Promise<SetupReport> {
    const warehouse = await this.ports.warehouse();
    return withLocations(await warehouse.setup(options), await this.ports.bucket(), warehouse);
  }

  /** For each series what the lake has, what it lacks and what is loaded. */
  async status(signal?: AbortSignal): Promise<readonly SeriesStatus[]> {
    return (await this.survey(signal)).series;
  }

  /** The same, with what is none of the lake's: a bucket is listed once for all of it. @throws StoreError */
  async survey(signal?: AbortSignal): Promise<Survey> {
    return orAborted(surveyOf(await this.lake(signal), this.ports), signal);
  }

  /** Objects under the lake's root in the bucket that are none of ours. @throws StoreError */
  async foreign(): Promise<readonly Foreign[]> {
    const { remote } = await this.lake();
    return remote ? foreigners(remote, await remote.listAll()) : [];
  }

  /** Read-only SQL on the warehouse. */
  async query(sql: string, signal?: AbortSignal): Promise<QueryResult> {
    try {
      return await (await this.ports.warehouse()).query(sql, signal);
    } catch (error) {
      const kept = TABLES.find((table) => !table.loaded && sql.toLowerCase().includes(table.name));
      if (!kept || !(error instanceof AppError) || error.code !== "sql-error") throw error;
      throw new UsageError(
        "lake-table",
        `${kept.name} stays in the lake; the warehouse does not have it. Add --lake.`,
        `candlelake query --lake "SELECT * FROM ${kept.name} LIMIT 5"`,
        { cause: error },
      );
    }
  }

  /** Bytes that the query would read; undefined where nobody is billed for them. */
  async cost(sql: string, signal?: AbortSignal): Promise<number | undefined> {
    return (await this.ports.warehouse()).cost(sql, signal);
  }

  /** Read-only SQL on the lake's Parquet files: on those that manifests vouch for, and no others. */
  async queryLake(sql: string, signal?: AbortSignal): Promise<QueryResult> {
    const named = TABLES.filter((table) => sql.toLowerCase().includes(table.name));
    const lake = await this.lake(signal);
    const tables = await Promise.all(named.map((table) => filesOf(lake, table)));
    return (await this.ports.lakeSql()).query(sql, tables, signal);
  }

  /** Rows of a table to one file; returns their number. */
  async exportTo(
    table: Table,
    selection: Selection,
    file: string,
    format: ExportFormat,
    signal?: AbortSignal,
  ): Promise<number> {
    const files = await filesOf(await this.lake(signal), table, selection);
    if (files.paths.length === 0) {
      throw new UsageError(
        "nothing-to-export",
        `The lake in ${this.ports.store.label} has no such rows of ${table.name}.`,
        "candlelake status",
      );
    }
    return (await this.ports.lakeSql()).exportTo(files, selection.range, file, format, signal);
  }

  /** Columns of a range, a partition at a time in order of series and day. @throws DataError */
  async *read(
    table: Table,
    selection: Selection = {},
  ): AsyncIterable<{ readonly series: Series; readonly batch: Batch }> {
    const lake = await this.lake();
    for await (const { series, day, entry } of selected(lake, table, selection)) {
      const batch = await readPartition(lake, table.name, series, day, entry);
      yield { series, batch: selection.range ? within(batch, selection.range) : batch };
    }
  }

  async close(): Promise<void> {
    await this.ports.close();
  }
}
