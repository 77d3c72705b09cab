import { constant, type NumberColumn } from "../../core/batch.ts";
import { SourceError } from "../../core/errors.ts";
import { type Grid, openFrom } from "../../core/interval.ts";
import type { Series } from "../../core/series.ts";
import { MINUTE, type TimeRange } from "../../core/time.ts";
import { OPEN_INTEREST } from "../../market/open-interest.ts";
import type { Page } from "../../ports.ts";
import type { Api } from "./api.ts";
import { decodeEvents, type Event } from "./events.ts";
import { emptyPage, type Rows } from "./rows.ts";
import { type Question, readRange, readWindow, type Window, type WindowRead } from "./window.ts";

const FIELDS = [{ name: "sumOpenInterest" }, { name: "sumOpenInterestValue" }];

/** A stamp is the end of its period, the instant at which the value was known. */
export function decodeOpenInterest(body: Uint8Array, where: string, series: Series, source: string): Rows {
  const { events, broken } = decodeEvents(body, where, "timestamp", FIELDS);
  const number = (pick: (event: Event) => number | null | undefined): NumberColumn => ({
    values: Float64Array.from(events, (event) => pick(event) ?? 0),
    valid: null,
  });
  return {
    batch: {
      table: OPEN_INTEREST,
      rows: events.length,
      columns: [
        number((event) => event.time * 1000),
        number((event) => event.values[0]),
        number((event) => event.values[1]),
        constant(String(series.step)),
        constant(series.symbol),
        constant(series.venue),
        constant(source),
      ],
    },
    time: (index) => events[index]?.time ?? Number.NaN,
    evidence: (index) => events[index]?.evidence ?? "",
    broken,
  };
}

const notKept = (page: Page, range: TimeRange): Page => ({ ...page, unpublished: [range] });

/**
 * Reads `range`, which does not reach behind the venue's clock. The venue keeps about thirty days and refuses what is
 * older; both are told as unpublished.
 */
export async function* readOpenInterest(
  api: Api,
  series: Series,
  grid: Grid,
  range: TimeRange,
  signal?: AbortSignal,
): AsyncGenerator<Page, void, undefined> {
  const route = api.endpoint.openInterest;
  if (!route) throw new TypeError(`${api.host} has no open interest`);
  const horizon = openFrom(grid, (await api.now(signal)) - route.horizon);
  const from = Math.max(range.from, horizon);
  if (range.from < from) {
    const lost = { from: range.from, to: Math.min(from, range.to) };
    yield notKept(emptyPage(OPEN_INTEREST, lost.to), lost);
  }
  const subject = `${series.symbol} ${series.step} open interest`;
  const ask = ({ from: startTime, to, limit }: Question, either: AbortSignal) =>
    api.ask(
      route,
      {
        [route.symbol]: series.symbol,
        period: String(series.step),
        startTime,
        endTime: (to ?? range.to) - 1,
      },
      limit,
      subject,
      (body, where) => decodeOpenInterest(body, where, series, api.source),
      either,
    );
  const read = async (window: Window, either: AbortSignal): Promise<WindowRead> => {
    // The edge moves on while we read, and a value missed now never comes back: come nearer in growing steps.
    for (let start = window.from, step = 5 * MINUTE; start < window.to; step *= 2) {
      try {
        const { pages, next } = await readWindow(
          { ...window, from: start },
          route.limit,
          false,
          (question) => ask(question, either),
          `${api.host} (${subject})`,
        );
        if (start === window.from) return { pages, next };
        const lost = { from: window.from, to: start };
        return { pages: [notKept(emptyPage(OPEN_INTEREST, start), lost), ...pages], next };
      } catch (error) {
        if (!(error instanceof SourceError) || error.code !== "bad-parameter") throw error;
        start = openFrom(grid, start + step);
      }
    }
    return {
      pages: [notKept(emptyPage(OPEN_INTEREST, window.to), { from: window.from, to: window.to })],
      next: window.to,
    };
  };
  yield* readRange(grid, { from, to: range.to }, route.limit, read, signal);
}
