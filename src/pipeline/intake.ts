import { releaseAll } from "../archive/release.ts";
import { AppError, DataError, StoreError, throwIfAborted } from "../core/errors.ts";
import type { Target } from "../core/goal.ts";
import { LATENESS } from "../core/late-file.ts";
import type { Entry } from "../core/manifest.ts";
import { finalRange, seriesGrid } from "../core/partition.ts";
import { isForgotten, isPastRest } from "../core/rest-kept.ts";
import type { FetchStep } from "../core/step.ts";
import { dayRange } from "../core/time.ts";
import { check } from "../market/check.ts";
import { tableOf } from "../market/tables.ts";
import type { Archive, Refiner, Source } from "../ports.ts";
import { ArchiveFetch, type Harvest } from "./archive-fetch.ts";
import { ArchiveSearch } from "./archive-search.ts";
import { notInArchive, refusedFile } from "./lacking-file.ts";
import type { Lake } from "./lake.ts";
import { detailOf, failure, isFatal, type Outcome } from "./outcome.ts";
import { askable, type Patched, patchOverRest, preferred, unasked, withoutFirst, withRefusal } from "./patch.ts";
import { produceChecked, produceFinished } from "./produce.ts";
import { Receiver } from "./received.ts";
import { isHoley } from "./refine.ts";
import { nothingKept, RestGaps } from "./rest-gaps.ts";
import { Saver } from "./saver.ts";
import type { LakeState } from "./state.ts";
import { isStored } from "./stored-rows.ts";
import { expected } from "./ways.ts";

type Harvested = Extract<Harvest, { readonly from: unknown }>;

/** A day with holes as the archive's files have it together. */
interface Overlaid {
  readonly patched: Patched;
  readonly archives: Harvested["from"]["archives"];
  /** Why its own file was not taken. */
  readonly refusal?: AppError;
}

export interface IntakePorts {
  /** The source that a target is read from. */
  source(target: Target): Promise<Source>;
  readonly refine: Refiner;
  /** Whether an archive file that was kept counts only where it is the one that is published now. */
  readonly comparesKept: boolean;
}

/** A finished day's file, which its neighbours' may lie beside in memory. */
const bytesOf = (harvest: Harvest): readonly Uint8Array[] =>
  "from" in harvest && harvest.day.kind === "finished" && harvest.day.object ? [harvest.day.object.bytes] : [];

/** Takes one series' archive files into the lake. */
export class Intake {
  private readonly target: Target;
  private readonly archive: Archive;
  private readonly lake: Lake;
  private readonly state: LakeState;
  private readonly ports: IntakePorts;
  private readonly settle: (outcome: Outcome) => void;
  private readonly signal: AbortSignal | undefined;
  private readonly files: ArchiveFetch;
  private served: Promise<boolean | AppError> | undefined;

  constructor(
    target: Target,
    archive: Archive,
    lake: Lake,
    state: LakeState,
    ports: IntakePorts,
    settle: (outcome: Outcome) => void,
    signal: AbortSignal | undefined,
  ) {
    this.target = target;
    this.archive = archive;
    this.lake = lake;
    this.state = state;
    this.ports = ports;
    this.settle = settle;
    this.signal = signal;
    this.files = new ArchiveFetch(target, archive, ports, (step) => this.storedContent(step));
  }

  /** Settles what archive files have, or fail of; returns the steps that are REST's after all. */
  async run(steps: readonly FetchStep[]): Promise<readonly FetchStep[]> {
    const left: FetchStep[] = [];
    const saver = new Saver(this.target, this.lake);
    try {
      for await (const harvests of this.files.harvest(steps, this.signal)) {
        const laid = await Promise.all(harvests.map((harvest) => this.overlay(harvest)));
        const rest = await this.restOf(laid);
        try {
          for (const [i, harvest] of harvests.entries()) await this.take(harvest, laid[i], rest, left, saver);
        } finally {
          await rest?.close();
          releaseAll(harvests.flatMap(bytesOf));
        }
      }
    } finally {
      // Nobody may go on, or give the lake free, while a manifest is being written.
      await saver.done().catch(() => undefined);
    }
    await saver.done();
    return left;
  }

  private async take(
    harvest: Harvest,
    overlaid: Overlaid | undefined,
    rest: RestGaps | undefined,
    left: FetchStep[],
    saver: Saver,
  ): Promise<void> {
    const { step } = harvest;
    if ("error" in harvest) this.settle(failure(step, this.refused(step, harvest.error)));
    else if ("absent" in harvest) {
      const fate = await this.fateOf(step);
      if (fate === "rest") left.push(step);
      else if (typeof fate !== "string") this.settle(failure(step, fate));
      else {
        await saver.before(step);
        this.settle(await this.storing(step, () => this.missing(step, fate)));
      }
    } else {
      await saver.before(step);
      this.settle(await this.storing(step, () => this.bringIn(harvest, overlaid, rest), harvest.refused));
    }
  }

  /** Of a day whose object is in place as its entry says; no real hash where it is not, or has no entry. */
  private async storedContent(step: FetchStep): Promise<string | undefined> {
    const entry = this.entryOf(step);
    if (this.lake.remote?.unnamed(step.table, step.series, step.day)) return "";
    return entry && ((await isStored(this.lake, entry)) ? entry.content : "");
  }

  /** @param refused why a file that has a part of the day was refused, if one was */
  private async storing(step: FetchStep, store: () => Promise<Outcome>, refused?: AppError): Promise<Outcome> {
    try {
      throwIfAborted(this.signal);
      return await store();
    } catch (error) {
      const isLacking = error instanceof AppError && error.code === "rows-vanished";
      const outcome = failure(step, (isLacking && refused) || error);
      if (!isFatal(error)) return outcome;
      if (error instanceof StoreError) this.settle(outcome);
      throw error;
    }
  }

  /** @param isStored whether the day is, or is about to be */
  private refused(step: FetchStep, error: AppError, isStored = this.entryOf(step) !== undefined): AppError {
    return refusedFile(step, error, this.target.now, isStored);
  }

  private entryOf({ table, series, day }: FetchStep): Entry | undefined {
    return this.state.entry(table, series, day);
  }

  /**
   * What becomes of a day without a file: it is asked of REST, waits for what is told, or is a hole in the series. REST
   * knows a series no longer that has ended, and forgets open interest; the archive alone leaves to REST what lies between
   * its files. Rows that are stored are no hole, and as long as a file may only be late its day is none.
   */
  private async fateOf(step: FetchStep): Promise<"rest" | "not-published" | "not-fetched" | AppError> {
    const { choice, ended, restError, now, filed = Number.POSITIVE_INFINITY } = this.target;
    const { series, day } = step;
    const { from, to } = dayRange(day);
    const isRest = choice === "auto" && ended === undefined;
    const restHas = ended === undefined && !isForgotten(series, day, now);
    if (isRest && restHas) return restError ?? "rest";
    const refusal = await this.files.withheld(step, this.signal);
    if (refusal) return refusal;
    const isAlone = choice === "archive" && ended === undefined;
    const isStanding = isAlone && (from >= filed || (this.entryOf(step)?.rows ?? 0) > 0);
    const isLate = now < to + LATENESS && (!isRest || (await this.isServed()));
    if (typeof isLate !== "boolean") return isLate;
    if (isLate || isStanding) return notInArchive(this.archive.host, step, restHas);
    if (isRest && !restError) return "rest";
    return isAlone ? "not-fetched" : "not-published";
  }

  /** Whether the archive has files of the series at all, these days: else none of them is late. */
  private isServed(): Promise<boolean | AppError> {
    const { series, now } = this.target;
    const search = () =>
      new ArchiveSearch(this.archive, series, now, this.signal).last({ from: now - LATENESS, to: now });
    this.served ??= search().then((file) => file !== undefined, expected);
    return this.served;
  }

  /** Records a day of which nobody that may be asked has a file. */
  private missing(step: FetchStep, kind: "not-published" | "not-fetched"): Promise<Outcome> {
    const { series, first, now } = this.target;
    const range = finalRange(series, step.day, now, first);
    // Where events follow no grid, nothing but this tells that they are missing.
    const unpublished = kind === "not-published" || !seriesGrid(series) ? [range] : [];
    const received = { ...new Receiver(tableOf(series), range.from).take(range), unpublished };
    const checked = check(series, received, range, first);
    const gaps = checked.gaps.map((gap) => (gap.class === "exchange-halt" ? gap : { ...gap, class: kind }));
    const made = { host: this.archive.host, archives: null, disagreements: [] };
    const source = series.venue === "synthetic" ? "synthetic" : step.route;
    return produceChecked(this.lake, this.target, step, { ...checked, gaps }, { ...made, source }, this.state);
  }

  private async bringIn(
    harvest: Harvested,
    overlaid: Overlaid | undefined,
    rest: RestGaps | undefined,
  ): Promise<Outcome> {
    const { target, archive } = this;
    const { step, day, route, from } = harvest;
    const made = { host: archive.host, archives: from.archives, disagreements: [] };
    const own = step.series.venue === "synthetic" ? "synthetic" : route;
    if (day.kind === "finished")
      return produceFinished(this.lake, target, step, day, { ...made, source: own }, this.state);
    const patched = overlaid
      ? await this.patch(harvest, overlaid, rest)
      : { checked: day.checked, disagreements: [], error: undefined };
    const { checked, disagreements } = patched;
    const archives = overlaid?.archives ?? from.archives;
    const provenance = { ...made, source: own, archives, disagreements };
    const outcome = await produceChecked(this.lake, target, step, checked, provenance, this.state);
    if (!patched.error) return outcome;
    const status = patched.error instanceof DataError ? "failed" : "deferred";
    return { ...outcome, status, error: detailOf(patched.error) };
  }

  /** Where rows of a day are missing, its own file is asked first. undefined where none are. */
  private async overlay(harvest: Harvest): Promise<Overlaid | undefined> {
    if (!("from" in harvest) || harvest.day.kind === "finished" || !isHoley(harvest.day.checked)) return undefined;
    const { step, route, from, day } = harvest;
    const { series, first, now } = this.target;
    const { checked } = day;
    const alone: Overlaid = { patched: { checked, disagreements: [], error: undefined }, archives: from.archives };
    if (route !== "archive-monthly") return alone;
    try {
      const daily = await this.files.daily(step, this.signal);
      if (!daily) return alone;
      const better = { source: "archive-daily", checked: daily.day.checked };
      const patched = preferred(
        series,
        better,
        { source: route, checked },
        finalRange(series, step.day, now, first),
        first,
      );
      return { patched, archives: { ...from.archives, ...daily.from.archives } };
    } catch (error) {
      return { ...alone, refusal: this.refused({ ...step, route: "archive-daily" }, expected(error)) };
    }
  }

  /** REST, for what the days of a file still lack; undefined where it has nothing to say to them. */
  private async restOf(laid: readonly (Overlaid | undefined)[]): Promise<RestGaps | undefined> {
    const { series, choice, restError, ended } = this.target;
    const gaps = laid.flatMap((overlaid) => (overlaid ? askable(overlaid.patched.checked) : []));
    if (gaps.length === 0 || choice === "archive" || restError || ended !== undefined) return undefined;
    return new RestGaps(series, gaps, await this.ports.source(this.target), this.signal);
  }

  /** What the files lack of a day is REST's, before a gap is believed. */
  private async patch(
    { step, refused: lacking }: Harvested,
    { patched, refusal }: Overlaid,
    rest: RestGaps | undefined,
  ) {
    const { series, first, now, choice, restError, ended } = this.target;
    let whole = patched;
    const answers = isPastRest(this.target, step.day, patched.checked.gaps) ? nothingKept(series) : rest;
    if (choice === "archive") whole = unasked(patched);
    else if (!answers && restError && ended === undefined && isHoley(patched.checked))
      whole = unasked(patched, restError);
    else if (answers && ended === undefined)
      whole = await patchOverRest(series, patched, finalRange(series, step.day, now, first), first, answers);
    if (refusal) {
      // It may be what has the rest.
      if (whole.checked.gaps.some((gap) => gap.class !== "exchange-halt")) throw refusal;
      // It would have had the better rows: what there is stays until it can be read, or REST's are taken for good.
      whole = { ...withRefusal(whole), error: this.refused({ ...step, route: "archive-daily" }, refusal, true) };
    }
    return lacking ? { ...whole, checked: withoutFirst(series, whole.checked, dayRange(step.day)) } : whole;
  }
}
