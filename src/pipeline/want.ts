import { type Series, seriesLabel } from "../core/series.ts";
import type { TimeRange } from "../core/time.ts";
import type { Wish } from "./wish.ts";

/** What a wish wants of one series. */
export interface Want {
  readonly wish: Wish;
  readonly series: Series;
  /** Whole days. */
  readonly range: TimeRange;
  /** The venue's clock, in milliseconds. */
  readonly now: number;
}

/** What several wishes want of one series, without days between. */
export interface JoinedWants {
  readonly series: Series;
  readonly range: TimeRange;
  /** Never none. */
  readonly members: readonly Want[];
}

/** Wants of one series whose days overlap or touch are one. In order of the first of each. */
export function joined(wants: readonly Want[]): JoinedWants[] {
  const all: JoinedWants[] = [];
  for (const want of wants) {
    const isNear = ({ series, range }: JoinedWants): boolean =>
      seriesLabel(series) === seriesLabel(want.series) && range.from <= want.range.to && want.range.from <= range.to;
    const near = all.filter(isNear);
    const place = all.findIndex(isNear);
    const one: JoinedWants = {
      series: want.series,
      range: {
        from: Math.min(want.range.from, ...near.map(({ range }) => range.from)),
        to: Math.max(want.range.to, ...near.map(({ range }) => range.to)),
      },
      members: [...near.flatMap(({ members }) => members), want],
    };
    // Those that are near now lay apart before: what is joined reaches no other one.
    for (const other of near) all.splice(all.indexOf(other), 1);
    all.splice(place < 0 ? all.length : place, 0, one);
  }
  return all;
}
