import type { Gap } from "../core/gap.ts";
import { dayOf, HOUR, monthOf, monthRange, type TimeRange } from "../core/time.ts";
import { settled } from "./event-gaps.ts";

// Funding comes in files of months, and what looks like a hole at the edge of one may be none.

/** No funding interval is longer. */
const LONGEST = 8 * HOUR;

/** When events are stamped that are settled at `time` and belong to the day before. */
export const stampedBefore = (time: number): TimeRange => ({ from: time - HOUR / 2, to: time });

const monthAt = (time: number): TimeRange => monthRange(monthOf(dayOf(time)));

/** A hole that begins with its month's file: the event that is settled then may be the last one of the file before. */
export const isHead = ({ from, bars }: Gap): boolean => bars > 0 && from === monthAt(from).from;

/**
 * Whether a hole at the end of a month's file may be none. What the file states holds up to its last event: where the
 * interval grows right behind that, the next one is due no earlier than with the next month.
 * @param times of the day's events (ms)
 */
export function isTail({ from, to, bars }: Gap, times: readonly number[]): boolean {
  const last = Math.max(...times.filter((time) => time < from).map(settled));
  return bars > 0 && to === monthAt(to - 1).to && to - last <= LONGEST;
}
