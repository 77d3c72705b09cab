import { AppError, DataError, type ErrorDetail, Interrupted, StoreError, throwIfAborted } from "../core/errors.ts";
import type { Goal, InputKey, Target } from "../core/goal.ts";
import { objectKey } from "../core/layout.ts";
import { finalRange, hasRows } from "../core/partition.ts";
import { deriveReason, inputsOf } from "../core/plan.ts";
import { seriesLabel } from "../core/series.ts";
import type { DeriveStep, FetchStep, LoadStep, Step, UploadStep } from "../core/step.ts";
import { type Day, monthOf } from "../core/time.ts";
import { TABLE } from "../market/tables.ts";
import type { Archive } from "../ports.ts";
import { byTarget } from "./by-target.ts";
import { fillAll } from "./fill.ts";
import { Intake, type IntakePorts } from "./intake.ts";
import type { Lake } from "./lake.ts";
import { type LoadPorts, loadUnits, monthName } from "./load.ts";
import { failure, isFatal, type Outcome, planned } from "./outcome.ts";
import { produceDerived, produceFetched, runsOf } from "./produce.ts";
import { Receiver } from "./received.ts";
import type { LakeState } from "./state.ts";
import { uploadAll } from "./upload.ts";

export interface ApplyPorts extends LoadPorts, IntakePorts {
  /** The bulk files that a target is read from, if there are any. */
  archive(target: Target): Promise<Archive | undefined>;
}

export interface Applied {
  readonly outcomes: readonly Outcome[];
  /** What ended the work before its end, if anything did. */
  readonly fatal: AppError | undefined;
  /** What was asked for, whether or not it was there already. */
  readonly goal: Goal;
  /** Bytes of the objects that the bucket was seen to have. */
  readonly stored: number;
}

/** How many series are worked on at once: enough to hide a venue's latency, few enough to bound memory. */
const PARALLEL_SERIES = 4;

/** After so many days in a row that came broken, the rest of a run is not asked for. */
const PATIENCE = 3;

const isArchived = (step: FetchStep): boolean => step.route !== "rest";

/** Carries a plan out. The only code that does I/O, and all of it through ports. */
export class Apply {
  private readonly goal: Goal;
  private readonly lake: Lake;
  private readonly state: LakeState;
  private readonly ports: ApplyPorts;
  private readonly signal: AbortSignal | undefined;
  /** Stops everything, where `signal` is only the end of the time for new work. */
  private readonly stop: AbortSignal | undefined;
  private readonly report: (outcome: Outcome) => void;
  private readonly outcomes = new Map<Step, Outcome>();

  constructor(
    goal: Goal,
    lake: Lake,
    state: LakeState,
    ports: ApplyPorts,
    report: (outcome: Outcome) => void,
    signal?: AbortSignal,
    stop: AbortSignal | undefined = signal,
  ) {
    this.goal = goal;
    this.lake = lake;
    this.state = state;
    this.ports = ports;
    this.report = report;
    this.signal = signal;
    this.stop = stop;
  }

  async run(steps: readonly Step[]): Promise<Applied> {
    const of = <A extends Step["action"]>(action: A) =>
      steps.filter((step): step is Extract<Step, { action: A }> => step.action === action);
    const cut = await this.ending(async () => {
      await this.fetchAll(of("fetch"));
      await this.deriveAll(of("derive"));
    });
    const isLate = cut instanceof Interrupted && this.stop?.aborted !== true;
    const fatal =
      (cut && !isLate ? cut : await this.ending(() => this.upload(steps, of("upload")))) ??
      cut ??
      (await this.ending(() => this.loadAll(of("load"))));
    const outcomes = steps.map((step) => this.outcomeOf(step, fatal));
    return { outcomes, fatal, goal: this.goal, stored: this.lake.remote?.bytes ?? 0 };
  }

  /** What ended the work before its end, if anything did. */
  private async ending(work: () => Promise<void>): Promise<AppError | undefined> {
    try {
      await work();
      return undefined;
    } catch (error) {
      if (isFatal(error)) return error;
      throw error;
    }
  }

  /**
   * What this run has made goes to the bucket even when there is no time for more of it: the machine may be thrown away,
   * folder and all, and the next one would begin where this one did.
   */
  private async upload(all: readonly Step[], steps: readonly UploadStep[]): Promise<void> {
    const makes = all.filter((step) => step.action === "fetch" || step.action === "derive");
    const unmade = new Set(makes.filter((step) => !this.outcomes.has(step)).map(({ path }) => path));
    const due = steps.filter(({ path }) => !unmade.has(path));
    const signal = makes.length > unmade.size ? this.stop : this.signal;
    await uploadAll(due, this.lake, this.state, (outcome) => this.settle(outcome), signal);
  }

  /** What is not in a manifest on the disk is not done, whatever was told of it before the disk refused. */
  private outcomeOf(step: Step, fatal: AppError | undefined): Outcome {
    const outcome = this.outcomes.get(step) ?? planned(step);
    const isLost =
      fatal instanceof StoreError &&
      outcome.status === "done" &&
      (step.action === "fetch" || step.action === "derive") &&
      this.lake.isUnsaved(step.table, step.series, step.day);
    return isLost ? failure(step, fatal) : outcome;
  }

  private settle(outcome: Outcome): void {
    this.outcomes.set(outcome.step, outcome);
    this.report(outcome);
  }

  private async fetchAll(steps: readonly FetchStep[]): Promise<void> {
    const planned = byTarget(steps, this.goal);
    // Of a series that has ended there may be nothing to do but to say so.
    const waiting = this.goal.targets.map((target) => [target, planned.get(target) ?? []] as const);
    const worker = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await this.fetchSeries(...next);
    };
    const workers = await Promise.allSettled(Array.from({ length: PARALLEL_SERIES }, worker));
    for (const result of workers) if (result.status === "rejected") throw result.reason;
  }

  /** One series, files first and then runs of days; what is finished is in its manifest when this returns or throws. */
  private async fetchSeries(target: Target, steps: readonly FetchStep[]): Promise<void> {
    for (const step of steps) if (step.error) this.settle(failure(step, step.error));
    const open = steps.filter((step) => !step.error);
    const wanted = (day: Day) => hasRows(target.series, day, target.now, target.first);
    try {
      const fills = open.filter((step) => step.fills);
      await this.fill(target, fills);
      const left = await this.takeIn(target, open.filter(isArchived));
      const others = open.filter((step) => !isArchived(step) && !step.fills);
      const rest = [...left, ...others].sort((a, b) => (a.day < b.day ? -1 : 1));
      for (const run of runsOf(rest, wanted)) await this.fetchRun(target, run);
      const { table, series, first, misdated } = target;
      if (target.isNews && steps.length > 0 && first !== misdated)
        await this.lake.tellListed(table, series, first, misdated);
      if (target.isOpenEnd || target.isTraded) await this.lake.tellEnded(table, series, undefined);
      else if (target.ended !== undefined) await this.lake.tellEnded(table, series, target.ended);
    } finally {
      await this.lake.save(target.table, target.series);
    }
  }

  private async fill(target: Target, steps: readonly FetchStep[]): Promise<void> {
    if (steps.length === 0) return;
    const source = await this.ports.source(target);
    await fillAll(this.lake, target, steps, this.state, source, (outcome) => this.settle(outcome), this.signal);
  }

  /** What archive files have; returns the steps that are REST's after all. */
  private async takeIn(target: Target, steps: readonly FetchStep[]): Promise<readonly FetchStep[]> {
    const archive = steps.length > 0 ? await this.ports.archive(target) : undefined;
    if (!archive) return steps;
    const { lake, state, ports, signal } = this;
    const intake = new Intake(target, archive, lake, state, ports, (outcome) => this.settle(outcome), signal);
    return intake.run(steps);
  }

  /** A day that comes broken is given up, and the run goes on after it. */
  private async fetchRun(target: Target, run: readonly FetchStep[]): Promise<void> {
    let broken = 0;
    for (let at = 0; at < run.length; ) {
      const before = at;
      try {
        for await (const outcome of this.days(target, run.slice(at))) {
          this.settle(outcome);
          at++;
          broken = outcome.error ? broken + 1 : 0;
        }
      } catch (error) {
        if (isFatal(error) || !(error instanceof AppError)) throw error;
        broken = at > before ? 1 : broken + 1;
        const hopeless = !(error instanceof DataError) || broken >= PATIENCE;
        const lost = hopeless ? run.slice(at) : run.slice(at, at + 1);
        for (const step of lost) this.settle(failure(step, error));
        at += lost.length;
      }
    }
  }

  private async *days(target: Target, run: readonly FetchStep[]): AsyncIterable<Outcome> {
    const { series, now, first, table } = target;
    const range = (step: FetchStep) => finalRange(series, step.day, now, first);
    const source = await this.ports.source(target);
    const [head, tail] = [run[0] as FetchStep, run.at(-1) as FetchStep];
    const asked = { from: range(head).from, to: range(tail).to };
    const receiver = new Receiver(TABLE[table], asked.from);
    let at = 0;
    for await (const page of source.read(series, asked, this.signal)) {
      throwIfAborted(this.signal);
      receiver.add(page);
      for (let step = run[at]; step && receiver.until >= range(step).to; step = run[++at]) {
        yield await this.produce(target, step, receiver, source.host);
        throwIfAborted(this.signal);
        if (run[at + 1] && monthOf((run[at + 1] as FetchStep).day) !== monthOf(step.day))
          await this.lake.save(table, series);
      }
    }
    if (at < run.length) throw new Error(`${source.host} ended its pages before ${(run[at] as FetchStep).path}`);
  }

  private async produce(target: Target, step: FetchStep, receiver: Receiver, host: string): Promise<Outcome> {
    const received = receiver.take(finalRange(target.series, step.day, target.now, target.first));
    try {
      return await produceFetched(this.lake, target, step, received, host, this.state);
    } catch (error) {
      const outcome = failure(step, error);
      if (!isFatal(error)) return outcome;
      // The step that met the full disk is told as such; those behind it were not tried.
      if (error instanceof StoreError) this.settle(outcome);
      throw error;
    }
  }

  private async deriveAll(steps: readonly DeriveStep[]): Promise<void> {
    const lost = new Map<string, Outcome>();
    for (const outcome of this.outcomes.values()) {
      if (outcome.error && outcome.step.action === "fetch" && !outcome.step.stands)
        lost.set(outcome.step.path, outcome);
    }
    let last: DeriveStep | undefined;
    try {
      for (const step of steps) {
        throwIfAborted(this.signal);
        if (last && (monthOf(last.day) !== monthOf(step.day) || last.series !== step.series)) {
          await this.lake.save(last.table, last.series);
        }
        last = step;
        const outcome = await this.derive(step, lost);
        if (outcome) this.settle(outcome);
        else this.outcomes.set(step, { ...planned(step), status: "unchanged" });
      }
    } finally {
      if (last) await this.lake.save(last.table, last.series);
    }
  }

  private async derive(step: DeriveStep, lost: ReadonlyMap<string, Outcome>): Promise<Outcome | undefined> {
    try {
      if (step.error) throw step.error;
      for (const input of inputsOf(step.derivation, step.day)) {
        const cause = lost.get(objectKey(input.table, input.series, input.day));
        if (cause?.error && !(step.derivation.isArchived && this.isRefusal(input, cause.error)))
          return { ...planned(step), status: "deferred", error: cause.error };
      }
      if (deriveReason(step.derivation, step.day, this.state) === undefined) return undefined;
      return await produceDerived(this.lake, step, this.state);
    } catch (error) {
      const outcome = failure(step, error);
      if (!isFatal(error)) return outcome;
      if (error instanceof StoreError) this.settle(outcome);
      throw error;
    }
  }

  /** REST, which only other wishes ask, cannot be asked for an input. */
  private isRefusal({ table, series }: InputKey, { message }: ErrorDetail): boolean {
    const isIt = (target: Target) => target.table === table && seriesLabel(target.series) === seriesLabel(series);
    const refusal = ({ restError, choice, error }: Target) => restError ?? (choice === "rest" ? error : undefined);
    return this.goal.targets.some((target) => isIt(target) && refusal(target)?.message === message);
  }

  private async loadAll(steps: readonly LoadStep[]): Promise<void> {
    if (steps.length === 0) return;
    const unsent = new Map<string, Outcome>();
    for (const outcome of this.outcomes.values()) {
      const { step, error } = outcome;
      if (error && step.action === "upload") unsent.set(monthName(step.table, monthOf(step.day)), outcome);
    }
    const settle = (done: Outcome) => this.settle(done);
    const { lake, state, ports, signal } = this;
    const outcomes = await loadUnits(steps, lake, state, ports, unsent, settle, signal);
    for (const outcome of outcomes) this.outcomes.set(outcome.step, outcome);
  }
}
