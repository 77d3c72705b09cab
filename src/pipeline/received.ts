import { type Batch, concat, numbers, slice, take } from "../core/batch.ts";
import type { Gap } from "../core/gap.ts";
import type { Table } from "../core/table.ts";
import type { TimeRange } from "../core/time.ts";
import type { Received } from "../market/check.ts";
import type { Page } from "../ports.ts";

const MICROS = 1000;

function lowerBound(times: Float64Array, time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isAscending(times: Float64Array): boolean {
  for (let i = 1; i < times.length; i++) if ((times[i] as number) < (times[i - 1] as number)) return false;
  return true;
}

/** A page whose rows are handed out day by day. */
interface Open {
  readonly page: Page;
  readonly times: Float64Array;
  readonly ascending: boolean;
}

interface Part {
  readonly batch: Batch;
  readonly evidence: (index: number) => string;
}

/** Pages as they come, cut into days as they are asked for; a page is let go when its last day was taken. */
export class Receiver {
  private readonly table: Table;
  private open: Open[] = [];
  private unpublished: TimeRange[] = [];
  private missing: Gap[] = [];
  /** Everything before it has been delivered, ms. */
  until: number;

  constructor(table: Table, from: number) {
    this.table = table;
    this.until = from;
  }

  add(page: Page): void {
    const { values: times } = numbers(page.batch, this.table.eventTime);
    this.open.push({ page, times, ascending: isAscending(times) });
    this.unpublished.push(...page.unpublished);
    this.missing.push(...(page.missing ?? []));
    this.until = Math.max(this.until, page.until);
  }

  /** The rows of `range`; rows before it are gone afterwards. */
  take(range: TimeRange): Received {
    const [from, to] = [range.from * MICROS, range.to * MICROS];
    const parts = this.open.map((open) => (open.ascending ? run(open, from, to) : scattered(open, from, to)));
    const batch = concat(
      this.table,
      parts.map((part) => part.batch),
    );
    const broken = this.open.flatMap(({ page }) =>
      page.broken.filter((row) => row.time >= range.from && row.time < range.to),
    );
    const { unpublished, missing } = this;
    this.open = this.open.filter((open) => reaches(open, to) || open.page.broken.some((row) => row.time >= range.to));
    this.unpublished = unpublished.filter((gap) => gap.to > range.to);
    this.missing = missing.filter((gap) => gap.to > range.to);
    return { batch, evidence: (index) => evidenceAt(parts, index), broken, unpublished, missing };
  }
}

/** Whether a row lies at `time` or after it. */
const reaches = ({ times, ascending }: Open, time: number): boolean =>
  ascending ? (times.at(-1) ?? Number.NEGATIVE_INFINITY) >= time : times.some((one) => one >= time);

function run({ page, times }: Open, from: number, to: number): Part {
  const first = lowerBound(times, from);
  return {
    batch: slice(page.batch, first, Math.max(first, lowerBound(times, to))),
    evidence: (index) => page.evidence(first + index),
  };
}

function scattered({ page, times }: Open, from: number, to: number): Part {
  const rows = [...times.keys()].filter((i) => (times[i] as number) >= from && (times[i] as number) < to);
  return { batch: take(page.batch, rows), evidence: (index) => page.evidence(rows[index] as number) };
}

function evidenceAt(parts: readonly Part[], index: number): string {
  let left = index;
  for (const part of parts) {
    if (left < part.batch.rows) return part.evidence(left);
    left -= part.batch.rows;
  }
  throw new RangeError(`no row ${index}`);
}
