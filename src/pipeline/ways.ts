import { AppError, Interrupted, UsageError } from "../core/errors.ts";
import type { SourceChoice } from "../core/route.ts";
import type { Market } from "../core/series.ts";
import type { Archive, Clock, Source } from "../ports.ts";
import type { Wish } from "./wish.ts";

/** What is known of a market in this run: how it can be asked, and its clock. */
export interface Ways {
  readonly choice: SourceChoice;
  readonly source: Source;
  /** undefined where the venue has none, or where it is not to be asked. */
  readonly archive: Archive | undefined;
  /** The venue's clock; the machine's where nobody answers. */
  readonly now: number;
  /** Why nothing can be asked at all. */
  readonly error: AppError | undefined;
  /** Why REST cannot be asked. */
  readonly restError: AppError | undefined;
}

export interface WayPorts {
  readonly clock: Clock;
  source(venue: Wish["venue"], market: Market): Promise<Source>;
  archive(venue: Wish["venue"]): Promise<Archive | undefined>;
}

/** An expected failure, given back; what ends the run is thrown on. */
export function expected(error: unknown): AppError {
  if (error instanceof AppError && !(error instanceof Interrupted)) return error;
  throw error;
}

/**
 * The ways to a market. The clock is REST's; where REST does not answer it is the archive's, whose answers are dated
 * too, so that what the archive has can be brought in from places that REST refuses.
 * @throws UsageError where the archive alone is to be asked and there is none
 */
export async function openWays(
  { venue, choice: asked }: Wish,
  market: Market,
  ports: WayPorts,
  signal?: AbortSignal,
): Promise<Ways> {
  const source = await ports.source(venue, market);
  const archive = asked === "rest" ? undefined : await ports.archive(venue);
  if (asked === "archive" && !archive) {
    throw new UsageError(
      "no-archive",
      "--source archive: nobody serves bulk files here. Made data have them behind a stand-in only.",
      "candlelake twin --help",
    );
  }
  const ways = {
    choice: archive ? asked : "rest",
    source,
    archive,
    error: undefined,
    restError: undefined,
  } as const;
  let restError: AppError | undefined;
  if (ways.choice !== "archive") {
    try {
      return { ...ways, now: await source.now(signal) };
    } catch (error) {
      restError = expected(error);
    }
  }
  if (!archive) return { ...ways, now: ports.clock.now(), error: restError, restError };
  try {
    return { ...ways, now: await archive.now(signal), restError };
  } catch (error) {
    return { ...ways, now: ports.clock.now(), error: restError ?? expected(error), restError };
  }
}
