import { type Gap, joinGaps } from "../core/gap.ts";
import { HOUR, type TimeRange } from "../core/time.ts";

/** Events are settled at whole hours, and stamped some milliseconds later, or earlier. */
export const settled = (time: number): number => Math.round(time / HOUR) * HOUR;

/** When the events of a hole should have been: nobody knows better than that they lie evenly. */
const places = ({ from, to, bars }: Gap): number[] =>
  Array.from({ length: bars }, (_, i) => Math.round(from + (i * (to - from)) / bars));

/** The part of a hole that lies in a day; undefined where none of its events do. */
export function holeWithin(hole: Gap, { from, to }: TimeRange): Gap | undefined {
  const hour = Math.floor(from / HOUR) * HOUR;
  const bars = places(hole).filter((place) => place >= hour && place < to).length;
  return bars > 0 ? { ...hole, from: Math.max(hole.from, from), to: Math.min(hole.to, to), bars } : undefined;
}

/** What is left of a gap between events where some took place at `times` (ms): one each fills one place. */
export function unfilled(gap: Gap, times: readonly number[]): Gap[] {
  const isIn = ({ from, to }: TimeRange) => times.some((time) => time >= from && time < to);
  if (gap.bars === 0) return isIn(gap) ? [] : [gap];
  const starts = places(gap);
  const slots = starts.map((from, i): Gap => ({ ...gap, from, to: starts[i + 1] ?? gap.to, bars: 1 }));
  return joinGaps(slots.filter((slot) => !isIn(slot)));
}
