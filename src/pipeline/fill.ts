import { throwIfAborted } from "../core/errors.ts";
import type { GapClass } from "../core/gap.ts";
import type { Target } from "../core/goal.ts";
import { nextOpen } from "../core/interval.ts";
import { type Entry, UNASKED_REST } from "../core/manifest.ts";
import { finalRange, seriesGrid } from "../core/partition.ts";
import { isPastRest } from "../core/rest-kept.ts";
import type { FetchStep } from "../core/step.ts";
import type { Refused } from "../market/check.ts";
import type { Source } from "../ports.ts";
import type { Lake } from "./lake.ts";
import { detailOf, failure, isFatal, type Outcome, planned } from "./outcome.ts";
import { askable, type Patched, patchOverRest } from "./patch.ts";
import { produceChecked } from "./produce.ts";
import { readQuarantine } from "./quarantine.ts";
import { nothingKept, type RestAnswers, RestGaps } from "./rest-gaps.ts";
import type { LakeState } from "./state.ts";
import { readPartition } from "./stored-rows.ts";

/** Slots whose rows were refused before, where the evidence itself is out of reach. Without a grid gaps tell it alone. */
function refusedSlots({ series, first }: Target, { gaps }: Entry): Refused[] {
  const grid = seriesGrid(series, first);
  if (!grid) return [];
  const refused: Refused[] = [];
  for (const gap of gaps) {
    if (gap.class !== "quarantined") continue;
    for (let time = gap.from; time < gap.to; time = nextOpen(grid, time))
      refused.push({ time, reason: "quarantined", evidence: "" });
  }
  return refused;
}

/**
 * Asks REST for what an archive left open in stored partitions, in order of their days.
 * @throws StoreError, Interrupted
 */
export async function fillAll(
  lake: Lake,
  target: Target,
  steps: readonly FetchStep[],
  state: LakeState,
  source: Source,
  settle: (outcome: Outcome) => void,
  signal?: AbortSignal,
): Promise<void> {
  const { table, series } = target;
  // What has ended nobody is asked about: REST does not know it.
  const asked = target.ended === undefined ? steps : [];
  const gaps = asked.flatMap(({ day }) => askable(state.entry(table, series, day) ?? { gaps: [] }));
  const rest = new RestGaps(series, gaps, source, signal);
  try {
    for (const step of steps) {
      throwIfAborted(signal);
      const { gaps: open } = state.entry(table, series, step.day) ?? { gaps: [] };
      const answers = isPastRest(target, step.day, open) ? nothingKept(series) : rest;
      settle(await fillStored(lake, target, step, state, { answers, host: rest.host }));
    }
  } finally {
    await rest.close();
  }
}

/** Other rows of the partition are not fetched again, so that it ends as if REST had been asked at once. */
async function fillStored(
  lake: Lake,
  target: Target,
  step: FetchStep,
  state: LakeState,
  { answers, host: restHost }: { readonly answers: RestAnswers; readonly host: string },
): Promise<Outcome> {
  const { series, first, now } = target;
  try {
    const entry = state.entry(step.table, series, step.day);
    if (!entry) throw new Error(`${step.path} is to be filled and is not there`);
    const batch = await readPartition(lake, step.table, series, step.day, entry);
    const { disagreements, archives } = entry;
    // The archive had no file of it: what comes is REST's, and what a gone symbol lacks nobody has.
    const isUnfiled = archives === null && entry.rows === 0;
    const isRest = isUnfiled && target.ended === undefined;
    const open: GapClass = isUnfiled && !isRest ? "not-published" : "unknown";
    const gaps = entry.gaps
      .filter(({ from }) => seriesGrid(series) || from <= (target.ended ?? Number.POSITIVE_INFINITY))
      .map((gap) => (gap.class === "not-fetched" ? { ...gap, class: open } : gap));
    const notes = entry.notes.filter(({ kind }) => kind !== UNASKED_REST);
    const evidence = await readQuarantine(lake, entry);
    const stored: Patched = {
      checked: { batch, gaps, notes, refused: evidence ?? refusedSlots(target, entry) },
      disagreements,
      error: undefined,
    };
    const range = finalRange(series, step.day, now, first);
    const patched = target.ended === undefined ? await patchOverRest(series, stored, range, first, answers) : stored;
    if (patched.error) return { ...planned(step), rows: 0, status: "deferred", error: detailOf(patched.error) };
    const source = isRest && series.venue !== "synthetic" ? "rest" : entry.source;
    const host = isRest ? restHost : entry.host;
    const kept = evidence ? {} : { quarantined: entry.quarantined };
    const made = { source, host, archives, ...kept, disagreements: patched.disagreements };
    return await produceChecked(lake, target, step, patched.checked, made, state);
  } catch (error) {
    if (isFatal(error)) throw error;
    return failure(step, error);
  }
}
