import { type ArchiveFile, archiveRange } from "../core/archive-file.ts";
import type { Gap } from "../core/gap.ts";
import { HOUR } from "../core/time.ts";
import { settled } from "../market/event-gaps.ts";
import type { Known } from "./known.ts";

/** An event as its line tells it, whether or not the line can be stored. */
export interface Told {
  /** Milliseconds. */
  readonly time: number;
  /** Of its funding interval; NaN where the line does not tell. */
  readonly hours: number;
}

/** Events that are missing between two: more hours lie between them than either says. */
function between(a: Told, b: Told): Gap | undefined {
  const hours = [a.hours, b.hours].filter((told) => !Number.isNaN(told));
  const longest = Math.max(...hours) * HOUR;
  const [from, to] = [settled(a.time), settled(b.time)];
  if (hours.length === 0 || to - from <= longest) return undefined;
  const bars = Math.ceil((to - from) / longest) - 1;
  return { from: from + Math.min(...hours) * HOUR, to, class: "unknown", bars };
}

/** Events that are missing before the first one that there is. */
function before({ time, hours }: Told, start: number): Gap | undefined {
  const [from, to] = [settled(start), settled(time)];
  const bars = Math.floor((to - from) / (hours * HOUR));
  return bars > 0 ? { from, to, class: "unknown", bars } : undefined;
}

/** Whether more hours lie between two neighbours than either states: events between them are missing. */
export const isApart = (a: Told, b: Told): boolean => between(a, b) !== undefined;

/**
 * Where a file lacks events by the interval that its lines state. Where the interval changes nobody knows which of the
 * two holds between the events around the change, so the longer one does.
 * @param events ascending
 */
export function fundingHoles(events: readonly Told[], file: ArchiveFile, { first, ended }: Known): Gap[] {
  const { from, to } = archiveRange(file);
  const end = ended === undefined ? to : Math.min(to, ended + 1);
  const inside = events.filter(({ time }) => settled(time) >= from && settled(time) <= to);
  const [head, ...others] = inside;
  if (!head) return [];
  // Behind the last event its own interval is all that is told.
  const holes = [...others, { time: end, hours: Number.NaN }].map((event, i) => between(inside[i] as Told, event));
  return [before(head, Math.max(from, first ?? from)), ...holes].filter((hole) => hole !== undefined);
}
