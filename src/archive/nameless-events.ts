import type { Gap } from "../core/gap.ts";
import { dayOf, HOUR } from "../core/time.ts";
import { settled } from "../market/event-gaps.ts";
import type { BrokenRow } from "../ports.ts";
import type { Told } from "./funding-holes.ts";

/** A line of an event whose time cannot be made out. */
export interface Nameless extends Omit<BrokenRow, "time"> {
  /** How many lines that tell of an event stand before it. */
  readonly after: number;
}

/**
 * Nothing but its neighbours tells when the event of such a line took place: an interval after the one before it, and at
 * the beginning of the file before the first. A hole there is one that a row came for; the line itself is kept beside a
 * neighbour, because no event is known to the millisecond by its interval.
 * @param told in the order of the file, not empty
 * @param holes of the same file
 */
export function placeNameless(
  lines: readonly Nameless[],
  told: readonly Told[],
  holes: readonly Gap[],
): { readonly broken: readonly BrokenRow[]; readonly holes: readonly Gap[] } {
  const placed = lines.map(({ after, ...line }) => {
    const before = told[after - 1];
    const next = told[after] ?? before;
    const near = (before ?? next) as Told;
    const due = settled(near.time) + (before ? near.hours : -near.hours) * HOUR;
    const isDueOn = (day: string) => !Number.isNaN(due) && day === dayOf(due);
    const time = next && isDueOn(dayOf(next.time)) && !isDueOn(dayOf(near.time)) ? next.time : near.time;
    return { due, row: { time, ...line } };
  });
  const isOne = ({ from, to }: Gap) => placed.some(({ due }) => due >= from && due < to);
  return {
    broken: placed.map(({ row }) => row),
    holes: holes.map((hole) => (isOne(hole) ? { ...hole, class: "quarantined" } : hole)),
  };
}
