import { type ArchiveFile, archiveKey } from "../core/archive-file.ts";
import { type AppError, DataError, SourceError } from "../core/errors.ts";
import { fetchCommand } from "../core/ingest-command.ts";
import { OPEN_INTEREST_KEPT } from "../core/rest-kept.ts";
import { seriesLabel } from "../core/series.ts";
import type { FetchStep } from "../core/step.ts";
import { DAY, monthOf, timeOfDay } from "../core/time.ts";

/** Nobody who may be asked has the day, and its file may only be late. @param rest whether REST may have it */
export const notInArchive = (host: string, { series, day }: FetchStep, rest: boolean): SourceError =>
  new SourceError(
    "not-in-archive",
    `${host} has no file of ${seriesLabel(series)} there (yet); ${rest ? "REST may have it" : "REST does not have it"}.`,
    fetchCommand(series, day),
  );

/** The host contradicts itself: that is no missing file. */
export const withheld = (host: string, file: ArchiveFile): SourceError =>
  new SourceError(
    "not-in-archive",
    `${host}/${archiveKey(file)} was not given out (404), and the host says that it has it; its days wait.`,
    fetchCommand(file.series, file.span),
  );

/** So long before REST forgets a day nobody is sent there for it. */
const MARGIN = DAY;

/**
 * A refused file's days are to be had over REST, as far as that reaches back; else when the file is mended. What is stored
 * is read again by force alone.
 */
function otherWay({ series, day, route }: FetchStep, now: number, isStored: boolean): string {
  const isKept = series.kind !== "open-interest" || now - timeOfDay(day) < OPEN_INTEREST_KEPT - MARGIN;
  const date = route === "archive-monthly" ? monthOf(day) : day;
  const force = isStored ? " --force" : "";
  return fetchCommand(series, date, isKept ? `${force} --source rest` : force);
}

/** A file's refusal as a day's. */
export const refusedFile = (step: FetchStep, error: AppError, now: number, isStored: boolean): AppError =>
  error instanceof DataError
    ? new DataError(error.code, error.message, otherWay(step, now, isStored), { cause: error })
    : error;
