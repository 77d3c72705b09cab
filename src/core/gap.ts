/** Why rows are missing. `quarantined`: they came, and were refused; the evidence is kept. */
export type GapClass = "exchange-halt" | "not-published" | "not-fetched" | "unknown" | "quarantined";

/** A missing run of event times `[from, to)`, in milliseconds. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly class: GapClass;
  /** How many rows the grid has there. */
  readonly bars: number;
}

/** Gaps of one class that touch become one; used where days are put together. */
export function joinGaps(gaps: readonly Gap[]): Gap[] {
  const joined: Gap[] = [];
  for (const gap of gaps) {
    const last = joined.at(-1);
    if (last && last.class === gap.class && last.to === gap.from) {
      joined[joined.length - 1] = { ...last, to: gap.to, bars: last.bars + gap.bars };
    } else joined.push(gap);
  }
  return joined;
}
