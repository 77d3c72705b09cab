import { numbers } from "../core/batch.ts";
import type { AppError } from "../core/errors.ts";
import { type Gap, type GapClass, joinGaps } from "../core/gap.ts";
import { nextOpen } from "../core/interval.ts";
import { type Disagreement, REFUSED_FILE, UNASKED_REST } from "../core/manifest.ts";
import { seriesGrid } from "../core/partition.ts";
import type { Series } from "../core/series.ts";
import type { TimeRange } from "../core/time.ts";
import { type Checked, check, type Received } from "../market/check.ts";
import { unfilled } from "../market/event-gaps.ts";
import { isHead, isTail, stampedBefore } from "../market/month-edges.ts";
import { reconcile, type Version } from "../market/reconcile.ts";
import { isHoley } from "./refine.ts";
import type { RestAnswers } from "./rest-gaps.ts";
import { expected } from "./ways.ts";

/** A partition as several sources make it. */
export interface Patched {
  readonly checked: Checked;
  readonly disagreements: readonly Disagreement[];
  /** Why a source that might have more could not be asked. */
  readonly error: AppError | undefined;
}

const MICROS = 1000;

/** So many disagreements are kept as evidence; all are counted. */
const EVIDENCE = 20;

/** The partition's rows as two sources have them, the better one's where they differ. */
export function preferred(
  series: Series,
  better: Version,
  other: Version,
  range: TimeRange,
  first: number | undefined,
): Patched {
  const { checked, disagreements } = reconcile(series, better, other, range, first);
  return { checked, disagreements: disagreements.slice(0, EVIDENCE), error: undefined };
}

/** The gaps that REST is asked about, where it is asked. */
export const askable = ({ gaps }: { readonly gaps: readonly Gap[] }): readonly Gap[] =>
  gaps.filter((gap) => gap.class === "unknown" || gap.class === "not-fetched" || gap.class === "quarantined");

/** Gaps that nobody was asked about are called so; where rows were refused a note says it. */
export function unasked(patched: Patched, error?: AppError): Patched {
  const rename = (kind: GapClass): GapClass => (kind === "unknown" ? "not-fetched" : kind);
  const gaps = patched.checked.gaps.map((gap) => ({ ...gap, class: rename(gap.class) }));
  const places = gaps.filter((gap) => gap.class === "quarantined").reduce((sum, { bars }) => sum + bars, 0);
  const note = places > 0 ? [{ kind: UNASKED_REST, count: places }] : [];
  return { ...patched, checked: { ...patched.checked, gaps, notes: [...patched.checked.notes, ...note] }, error };
}

/** A day whose own file was refused: it is asked for again, though nothing is missing without it. */
export const withRefusal = (patched: Patched): Patched => ({
  ...patched,
  checked: { ...patched.checked, notes: [...patched.checked.notes, { kind: REFUSED_FILE, count: 1 }] },
});

/** A day whose first value is missing because the file that has it was refused: the gap is to be asked about again. */
export function withoutFirst(series: Series, checked: Checked, { from }: TimeRange): Checked {
  const grid = seriesGrid(series);
  const [head, ...others] = checked.gaps;
  if (!grid || head?.from !== from || head.class === "quarantined") return checked;
  const to = nextOpen(grid, from);
  const first: Gap = { from, to, class: "not-fetched", bars: 1 };
  const rest = head.to > to ? [{ ...head, from: to, bars: head.bars - 1 }] : [];
  const notes = [...checked.notes, { kind: REFUSED_FILE, count: 1 }];
  return { ...checked, gaps: joinGaps([first, ...rest, ...others]), notes };
}

/**
 * Takes from REST what is missing, and nothing else. What it has not either stays missing; where it cannot be asked
 * the gaps say so. A symbol that REST no longer knows has nothing more.
 */
export async function patchOverRest(
  series: Series,
  patched: Patched,
  range: TimeRange,
  first: number | undefined,
  rest: RestAnswers,
): Promise<Patched> {
  if (!isHoley(patched.checked)) return patched;
  let received: Received;
  let stored = patched.checked;
  try {
    received = await rest.take(range);
    stored = await withoutEarly(series, stored, rest);
  } catch (thrown) {
    const error = expected(thrown);
    return error.code === "unknown-symbol" ? patched : unasked(patched, error);
  }
  const checked = check(series, received, range, first);
  const better = { source: "rest", checked: { ...checked, gaps: checked.gaps.filter(isUnpublished) } };
  const both = preferred(series, better, { source: "archive", checked: stored }, range, first);
  return {
    ...both,
    checked: withoutTail(series, both.checked),
    disagreements: [...patched.disagreements, ...both.disagreements],
  };
}

/** Of a hole at the beginning of a month, an event that was stamped before it took place. */
async function withoutEarly(series: Series, checked: Checked, rest: RestAnswers): Promise<Checked> {
  const head = seriesGrid(series) ? undefined : checked.gaps.find((gap) => gap.class === "unknown" && isHead(gap));
  if (!head || !(await rest.hasAny(stampedBefore(head.from)))) return checked;
  return { ...checked, gaps: checked.gaps.flatMap((gap) => (gap === head ? unfilled(gap, [gap.from]) : gap)) };
}

/** Without a hole at the end of a month that a longer interval explains, now that REST has nothing in it either. */
function withoutTail(series: Series, checked: Checked): Checked {
  if (seriesGrid(series)) return checked;
  const { batch, refused, gaps } = checked;
  const rows = [...numbers(batch, batch.table.eventTime).values].map((time) => time / MICROS);
  const times = rows.concat(refused.map(({ time }) => time));
  return { ...checked, gaps: gaps.filter((gap) => gap.class !== "unknown" || !isTail(gap, times)) };
}

const isUnpublished = (gap: Gap): boolean => gap.class === "not-published";
