import { DataError } from "../../core/errors.ts";
import { inOrder } from "../../core/in-order.ts";
import { countOpens, type Grid, nextOpen, openAt, openFrom } from "../../core/interval.ts";
import { iso, type TimeRange } from "../../core/time.ts";
import type { BrokenRow, Page } from "../../ports.ts";
import { countSent, latestTime, type Rows, within } from "./rows.ts";

/** One request: the oldest rows, `limit` at most, from `from` on and before `to` (undefined: whatever comes next). */
export interface Question {
  readonly from: number;
  readonly to: number | undefined;
  readonly limit: number;
}

export type Ask = (question: Question) => Promise<Rows>;

/** A stretch of a range with fewer grid slots than a request may ask rows for. */
export interface Window extends TimeRange {
  readonly grid: Grid;
}

/** The stretch after `from` that one request can answer with a row to spare, ending before or at `end`. */
export function windowAt(grid: Grid, from: number, end: number, limit: number): Window {
  let to = openFrom(grid, from);
  for (let slots = 1; slots < limit && to < end; slots++) to = nextOpen(grid, to);
  return { grid, from, to: Math.min(to, end) };
}

/** What a window held, and where the series goes on behind it, if an answer happened to tell. */
export interface WindowRead {
  readonly pages: readonly Page[];
  /** Milliseconds; nothing lies between the window's end and this time. */
  readonly next: number;
}

/** How often in a row the venue has to say that there is nothing, where believing it ends a window. */
const BELIEVED = 3;

/**
 * Reads a window until nothing of it can be missing. Neither a full nor a short nor an empty answer is taken for the
 * end: the window is done when the row of its last slot came in an answer with room to spare, when a row from behind
 * the window came, or when the venue, asked again and again for whatever comes next, had nothing more.
 *
 * Rows that were not asked for are kept apart as `outside`; those that repeat an earlier answer are left out.
 *
 * @param forward the venue answers a question without an end with the oldest rows first; where it does not, an empty
 *   answer to a question with an end has to do
 * @param where for messages
 * @throws DataError `outside-range` where an answer holds only rows that were not asked for
 */
export async function readWindow(
  window: Window,
  limit: number,
  forward: boolean,
  ask: Ask,
  where: string,
): Promise<WindowRead> {
  const { grid, to } = window;
  const lastSlot = openAt(grid, to - 1);
  const pages: Page[] = [];
  for (let from = window.from, first = true; ; first = false) {
    const question = {
      from,
      to: first || !forward ? to : undefined,
      limit: Math.min(limit, countOpens(grid, { from, to }) + 1),
    };
    const final = question.to === undefined || !forward;
    let rows = await ask(question);
    for (let said = 1; final && countSent(rows) === 0 && said < BELIEVED; said++) rows = await ask(question);
    const outside: BrokenRow[] = [];
    let next = Number.POSITIVE_INFINITY;
    const inside = within(rows, { from, to }, (row) => {
      if (row.time >= to && question.to === undefined) next = Math.min(next, row.time);
      else if (row.time >= to || first) outside.push(row);
    });
    const latest = latestTime(inside);
    if (latest < from && outside.length > 0) throw otherTimes(question, outside, where);
    const nothing = latest < from && final;
    const whole = latest >= lastSlot && countSent(rows) < question.limit;
    const done = nothing || whole || next < Number.POSITIVE_INFINITY || latest + 1 >= to;
    if (latest >= from) from = latest + 1;
    pages.push({
      batch: inside.batch,
      evidence: inside.evidence,
      broken: [...inside.broken, ...outside],
      unpublished: [],
      until: done ? to : from,
    });
    if (done) return { pages, next: next === Number.POSITIVE_INFINITY ? to : next };
  }
}

function otherTimes({ from, to }: Question, outside: readonly BrokenRow[], where: string): DataError {
  const asked = `${iso(from)}${to === undefined ? " on" : ` to ${iso(to)}`}`;
  const message = `${where} was asked for ${asked} and sent other times: ${outside[0]?.evidence.slice(0, 200)}`;
  return new DataError("outside-range", message, "candlelake status");
}

/** Windows read at once. */
const WIDTH = 8;

/**
 * The pages of a range, in time order, a few windows ahead of the reader. Windows that lie wholly in a gap which an
 * earlier answer told of are not asked for.
 * @param limit most rows of a request, 2 or more
 */
export async function* readRange(
  grid: Grid,
  range: TimeRange,
  limit: number,
  read: (window: Window, signal: AbortSignal) => Promise<WindowRead>,
  signal?: AbortSignal,
): AsyncGenerator<Page, void, undefined> {
  let resume = range.from;
  function* windows() {
    for (let from = range.from; from < range.to; ) {
      const window = windowAt(grid, Math.max(from, resume), range.to, limit);
      yield window;
      from = Math.max(window.to, resume);
    }
  }
  const run = async (window: Window, either: AbortSignal) => {
    const result = await read(window, either);
    resume = Math.max(resume, result.next);
    return result.pages;
  };
  for await (const pages of inOrder(windows(), WIDTH, run, signal)) yield* pages;
}
