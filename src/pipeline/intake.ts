import { AppError, DataError, SourceError, StoreError, throwIfAborted } from "../core/errors.ts";
import type { Target } from "../core/goal.ts";
import { LATENESS } from "../core/late-file.ts";
import { refetchCommand } from "../core/manifest.ts";
import { finalRange, seriesGrid } from "../core/partition.ts";
import { seriesLabel } from "../core/series.ts";
import type { FetchStep } from "../core/step.ts";
import { DAY, dayRange, monthOf, timeOfDay } from "../core/time.ts";
import { check } from "../market/check.ts";
import { tableOf } from "../market/tables.ts";
import type { Archive, Refiner, Source } from "../ports.ts";
import { ArchiveFetch, type Harvest } from "./archive-fetch.ts";
import type { Lake } from "./lake.ts";
import { detailOf, failure, isFatal, type Outcome } from "./outcome.ts";
import { askable, type Patched, patchOverRest, preferred, unasked, withoutFirst, withRefusal } from "./patch.ts";
import { produceChecked, produceFinished } from "./produce.ts";
import { Receiver } from "./received.ts";
import { isHoley } from "./refine.ts";
import { RestGaps } from "./rest-gaps.ts";
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

const notInArchive = ({ host }: Archive, step: FetchStep): SourceError =>
  new SourceError(
    "not-in-archive",
    `${host} has no file of ${seriesLabel(step.series)} there (yet); REST may have it.`,
    refetchCommand(step.series, step.day).replace(" --force", ""),
  );

/** How far back REST has open interest for sure: the venue keeps thirty days. */
const REST_KEEPS = 29 * DAY;

/**
 * A refused file's days are to be had over REST, as far as that reaches back; else when the file is mended. What is stored
 * is read again by force alone.
 */
function otherWay({ series, day, route }: FetchStep, now: number, isStored: boolean): string {
  const isKept = series.kind !== "open-interest" || now - timeOfDay(day) < REST_KEEPS;
  const date = route === "archive-monthly" ? monthOf(day) : day;
  const force = isStored ? " --force" : "";
  return refetchCommand(series, date).replace(" --force", isKept ? `${force} --source rest` : force);
}

/** A file's refusal as a day's. */
const refused = (step: FetchStep, error: AppError, now: number, isStored = false): AppError =>
  error instanceof DataError
    ? new DataError(error.code, error.message, otherWay(step, now, isStored), { cause: error })
    : error;

export interface IntakePorts {
  source(target: Target): Promise<Source>;
  readonly refine: Refiner;
}

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
    this.files = new ArchiveFetch(target, archive, ports.refine, (step) => this.storedContent(step));
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
    const { choice, restError, now } = this.target;
    const { step } = harvest;
    if ("error" in harvest) {
      const isStored = this.state.entry(step.table, step.series, step.day) !== undefined;
      this.settle(failure(step, refused(step, harvest.error, now, isStored)));
    } else if ("absent" in harvest) {
      const kind = this.hole(step);
      const refusal = choice === "archive" ? notInArchive(this.archive, step) : restError;
      if (kind) {
        await saver.before(step);
        this.settle(await this.storing(step, () => this.missing(step, kind)));
      } else if (refusal) this.settle(failure(step, refusal));
      else left.push(step);
    } else {
      await saver.before(step);
      this.settle(await this.storing(step, () => this.bringIn(harvest, overlaid, rest), harvest.refused));
    }
  }

  /** Of a day whose object is in place as its entry says; no real hash where it is not, or has no entry. */
  private async storedContent({ table, series, day }: FetchStep): Promise<string | undefined> {
    const entry = this.state.entry(table, series, day);
    if (this.lake.remote?.unnamed(table, series, day)) return "";
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

  /**
   * What a day without a file is, where that is a hole in the series; undefined where somebody is to be asked for it, or
   * its file may only be late. A series that REST no longer knows is had by nobody else; the archive alone leaves to REST
   * what lies between its files. Rows that are stored are no hole.
   */
  private hole({ table, series, day }: FetchStep): "not-published" | "not-fetched" | undefined {
    const { choice, ended, now, filed = Number.POSITIVE_INFINITY } = this.target;
    if (ended !== undefined) return "not-published";
    const { from, to } = dayRange(day);
    const isLate = now < to + LATENESS || from >= filed;
    const isEmpty = (this.state.entry(table, series, day)?.rows ?? 0) === 0;
    return choice === "archive" && !isLate && isEmpty ? "not-fetched" : undefined;
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
      return { ...alone, refusal: refused({ ...step, route: "archive-daily" }, expected(error), now) };
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
    if (choice === "archive") whole = unasked(patched);
    else if (restError && ended === undefined && isHoley(patched.checked)) whole = unasked(patched, restError);
    else if (rest) whole = await patchOverRest(series, patched, finalRange(series, step.day, now, first), first, rest);
    if (refusal) {
      // It may be what has the rest.
      if (whole.checked.gaps.some((gap) => gap.class !== "exchange-halt")) throw refusal;
      // It would have had the better rows: what there is stays until it can be read, or REST's are taken for good.
      whole = { ...withRefusal(whole), error: refused({ ...step, route: "archive-daily" }, refusal, now, true) };
    }
    return lacking ? { ...whole, checked: withoutFirst(series, whole.checked, dayRange(step.day)) } : whole;
  }
}
