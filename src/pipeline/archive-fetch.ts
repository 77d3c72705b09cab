import { orAborted } from "../core/abort.ts";
import { archiveBeginning, dayIsOut } from "../core/archive-calendar.ts";
import { type ArchiveFile, archiveKey } from "../core/archive-file.ts";
import { AppError, DataError, Interrupted, throwIfAborted } from "../core/errors.ts";
import type { Target } from "../core/goal.ts";
import { inOrder } from "../core/in-order.ts";
import { fileBefore } from "../core/late-file.ts";
import { finalRange } from "../core/partition.ts";
import { archiveFileOf, type Route } from "../core/route.ts";
import type { FetchStep } from "../core/step.ts";
import { monthOf } from "../core/time.ts";
import type { Archive, FinishedDay, OpenDay, RefineDay, Refined, RefineFile, RefineJob, Refiner } from "../ports.ts";
import { type Unit, unitsOf } from "./archive-unit.ts";
import { withheld } from "./lacking-file.ts";
import { refine } from "./refine.ts";
import { expected } from "./ways.ts";

/** What became of a step: its rows, nothing where no file has it, or a failure. */
export type Harvest =
  | {
      readonly step: FetchStep;
      readonly day: FinishedDay | OpenDay;
      readonly route: Route;
      readonly from: Refined;
      /** Why the file of the day before, which has the day's first value, was not taken. */
      readonly refused?: AppError;
    }
  | { readonly step: FetchStep; readonly absent: true }
  | { readonly step: FetchStep; readonly error: AppError };

/**
 * Files under way or waiting for their turn: enough to keep link and processors busy, few enough to bound memory. A
 * month's file has megabytes; those of days are small, and their way is what takes time.
 */
const WIDTH = 4;
const DAILY_WIDTH = 16;

/** After so many files in a row that the host did not give, the rest is not asked for. */
const PATIENCE = 3;

/** Brings in what archive files have of one series: a few files ahead of the reader, in the steps' order by file. */
export class ArchiveFetch {
  readonly #target: Target;
  readonly #archive: Archive;
  readonly #refine: Refiner;
  /** Kept files have to be as published. */
  readonly #isAnew: boolean;
  readonly #stored: (step: FetchStep) => Promise<string | undefined>;
  readonly #recent = new Map<string, Promise<RefineFile | undefined>>();

  /** @param stored content hash of what the lake has of a step's day, undefined where it has nothing */
  constructor(
    target: Target,
    archive: Archive,
    { refine, comparesKept }: { readonly refine: Refiner; readonly comparesKept: boolean },
    stored: (step: FetchStep) => Promise<string | undefined>,
  ) {
    this.#target = target;
    this.#archive = archive;
    this.#refine = refine;
    this.#isAnew = target.force || comparesKept;
    this.#stored = stored;
  }

  /**
   * Yields a file's days at once.
   * @throws Interrupted; whatever else goes wrong is told with the steps that it concerns
   */
  async *harvest(
    steps: readonly FetchStep[],
    signal?: AbortSignal,
  ): AsyncGenerator<readonly Harvest[], void, undefined> {
    let refusals = 0;
    let hopeless: AppError | undefined;
    const run = async (unit: Unit, either: AbortSignal): Promise<readonly Harvest[]> => {
      const all = [...unit.steps, ...unit.doubtful];
      if (hopeless) return failAll(all, hopeless);
      try {
        return await this.#unit(unit, either);
      } catch (error) {
        if (!(error instanceof AppError) || error instanceof Interrupted) throw error;
        return failAll(all, error);
      }
    };
    const units = unitsOf(steps, this.#target.now);
    const width = units.every(({ route }) => route === "archive-daily") ? DAILY_WIDTH : WIDTH;
    for await (const harvests of inOrder(units, width, run, signal)) {
      throwIfAborted(signal);
      const [head] = harvests;
      const refused = head && "error" in head && !(head.error instanceof DataError) ? head.error : undefined;
      refusals = refused ? refusals + 1 : 0;
      if (refused && refusals >= PATIENCE) hopeless = refused;
      yield harvests;
    }
  }

  /** Why a step without a file is not without one: the host has it, and did not give it out, or would not say. */
  async withheld({ series, day, route }: FetchStep, signal?: AbortSignal): Promise<AppError | undefined> {
    const { now } = this.#target;
    const isOwn = route !== "archive-daily" && archiveBeginning(series).daily && dayIsOut(series, day, now);
    const spans = [...(route === "archive-monthly" ? [monthOf(day)] : [day]), ...(isOwn ? [day] : [])];
    for (const span of spans) {
      const refusal = await this.#withheld({ series, span }, signal);
      if (refusal) return refusal;
    }
    return undefined;
  }

  /** A day of several sources: its daily file, to be compared with what is there. undefined where there is none. */
  async daily(step: FetchStep, signal?: AbortSignal): Promise<{ day: OpenDay; from: Refined } | undefined> {
    const { series, now } = this.#target;
    if (!archiveBeginning(series).daily || !dayIsOut(series, step.day, now)) return undefined;
    const file = await this.#ask({ series, span: step.day }, signal);
    if (!file) return undefined;
    // What is stored is nobody's concern here: an impossible hash leaves the day open.
    const job = { ...this.#job("archive-daily", [file]), days: [this.#day(step, "")] };
    try {
      const from = refine(job);
      const [day] = from.days;
      return day?.kind === "open" ? { day, from } : undefined;
    } catch (error) {
      if (!(await this.#isStale(job.files, error))) throw error;
      return this.daily(step, signal);
    }
  }

  async #unit({ route, steps, doubtful }: Unit, signal: AbortSignal): Promise<readonly Harvest[]> {
    const days = await this.#eachDay(doubtful, signal);
    const { choice, restError, ended } = this.#target;
    const isLast = choice === "archive" || restError !== undefined || ended !== undefined;
    const unhad = isLast ? days.filter((day) => "absent" in day).map(({ step }) => step) : [];
    const had = days.filter(({ step }) => !unhad.includes(step));
    const taken = [...steps, ...unhad].sort((a, b) => (a.day < b.day ? -1 : 1));
    return [...had, ...(await this.#file(route, taken, signal))].sort(byDay);
  }

  /** Days of one file. */
  async #file(
    route: Exclude<Route, "rest">,
    steps: readonly FetchStep[],
    signal: AbortSignal,
  ): Promise<readonly Harvest[]> {
    const [head] = steps;
    if (!head) return [];
    const { files, refused } = await this.#files(head, route, signal);
    if (files.length === 0) {
      if (route === "archive-daily" || !archiveBeginning(this.#target.series).daily) return steps.map(absent);
      // The month's file is late or was never made.
      return this.#eachDay(steps, signal);
    }
    const days = await Promise.all(steps.map(async (step) => this.#day(step, await this.#stored(step))));
    const job = { ...this.#job(route, files), days };
    try {
      const made = await this.#made(job, signal);
      const why = refused ?? made.refused;
      const rest = { route, from: made.from, ...(why ? { refused: why } : {}) };
      return steps.map((step, i) => ({ step, day: made.from.days[i] as FinishedDay | OpenDay, ...rest }));
    } catch (error) {
      // The last one is the steps' own, and of that one alone a job fails for good.
      if (!(await this.#isStale(files.slice(-1), error))) throw error;
      return this.#file(route, steps, signal);
    }
  }

  /** What a job makes; where the file of the day before is a bad one, what it makes without that. */
  async #made(job: RefineJob, signal: AbortSignal): Promise<{ readonly from: Refined; readonly refused?: AppError }> {
    const run = (one: RefineJob) => orAborted(this.#refine(one), signal);
    const [before, own] = job.files;
    if (!before || !own) return { from: await run(job) };
    try {
      return { from: await run(job) };
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      const from = await run({ ...job, files: [own] });
      if (!(await this.#isStale([before], error))) return { from, refused: error };
      try {
        const again = await this.#shared(before.file, signal);
        return again ? await this.#made({ ...job, files: [again, own] }, signal) : { from };
      } catch (thrown) {
        return { from, refused: expected(thrown) };
      }
    }
  }

  /**
   * Files of which a job fails are not kept: another run asks whether they were mended. Returns whether some were kept
   * ones, so that the host's own are worth a try.
   */
  async #isStale(files: readonly RefineFile[], error: unknown): Promise<boolean> {
    if (!(error instanceof DataError)) return false;
    let isStale = false;
    for (const { file, sha256 } of files) {
      const recent = this.#recent.get(archiveKey(file));
      const isIt = (await recent?.catch(() => undefined))?.sha256 === sha256;
      // A neighbour may have asked for it anew meanwhile.
      if (isIt && this.#recent.get(archiveKey(file)) === recent) this.#recent.delete(archiveKey(file));
      if (await this.#archive.discard(file, sha256, error)) isStale = true;
    }
    return isStale;
  }

  /** Days from their own files; what one of them fails of is its own business. */
  async #eachDay(steps: readonly FetchStep[], signal: AbortSignal): Promise<readonly Harvest[]> {
    const days = steps.map((step) =>
      this.#file("archive-daily", [step], signal).catch((error) => settleDay(step, error)),
    );
    return (await Promise.all(days)).flat();
  }

  #job(route: Route, files: readonly RefineFile[]) {
    const { series, first, ended } = this.#target;
    const source = series.venue === "synthetic" ? "synthetic" : route;
    return { series, first, ended, host: this.#archive.host, source, files };
  }

  #day(step: FetchStep, content: string | undefined): RefineDay {
    const { series, now, first } = this.#target;
    return { day: step.day, range: finalRange(series, step.day, now, first), content };
  }

  /**
   * The files that a step's partition is made of; none where the archive has not got it. A file of open interest goes
   * from after midnight to the next midnight: a day's first value stands in the file of the day before. Where that one
   * fails the day has its other values all the same.
   */
  async #files(
    step: FetchStep,
    route: Exclude<Route, "rest">,
    signal: AbortSignal,
  ): Promise<{ readonly files: RefineFile[]; readonly refused?: AppError }> {
    const { series } = this.#target;
    const main = archiveFileOf(series, step.day, route);
    const before = fileBefore(series, step.day);
    if (!before) return { files: present([await this.#ask(main, signal)]) };
    const isOut = before.span >= (archiveBeginning(series).daily ?? "");
    let refused: AppError | undefined;
    const [own, earlier] = await Promise.all([
      this.#shared(main, signal),
      isOut
        ? this.#shared(before, signal).catch((error) => {
            refused = expected(error);
            return undefined;
          })
        : undefined,
    ]);
    if (own && isOut && !earlier) refused ??= await this.#withheld(before, signal);
    return { files: own ? present([earlier, own]) : [], ...(refused ? { refused } : {}) };
  }

  /** Of a file that did not come. */
  async #withheld(file: ArchiveFile, signal: AbortSignal | undefined): Promise<AppError | undefined> {
    try {
      return (await this.#archive.has(file, signal)) ? withheld(this.#archive.host, file) : undefined;
    } catch (error) {
      return expected(error);
    }
  }

  /** Neighbouring days share a file. */
  #shared(file: ArchiveFile, signal: AbortSignal): Promise<RefineFile | undefined> {
    const key = archiveKey(file);
    const known = this.#recent.get(key);
    if (known) return known;
    const asked = this.#ask(file, signal);
    asked.catch(() => this.#recent.delete(key));
    this.#recent.set(key, asked);
    const oldest = this.#recent.keys().next().value;
    if (this.#recent.size > 4 * DAILY_WIDTH && oldest !== undefined) this.#recent.delete(oldest);
    return asked;
  }

  async #ask(file: ArchiveFile, signal: AbortSignal | undefined): Promise<RefineFile | undefined> {
    const fetched = await this.#archive.fetch(file, signal, this.#isAnew);
    return fetched && { file, ...fetched };
  }
}

const byDay = (a: Harvest, b: Harvest): number => (a.step.day < b.step.day ? -1 : 1);

const absent = (step: FetchStep): Harvest => ({ step, absent: true });

const present = (files: readonly (RefineFile | undefined)[]): RefineFile[] =>
  files.filter((file) => file !== undefined);

const failAll = (steps: readonly FetchStep[], error: AppError): Harvest[] => steps.map((step) => ({ step, error }));

function settleDay(step: FetchStep, error: unknown): readonly Harvest[] {
  if (!(error instanceof AppError) || error instanceof Interrupted) throw error;
  return [{ step, error }];
}
