const GIB = 2 ** 30;
const TIB = 2 ** 40;

/**
 * List prices in US dollars, as Google's pages gave them when this was written; they change, and the bill decides.
 * Cloud Storage: standard class in one region (Iowa). https://cloud.google.com/storage/pricing
 * BigQuery: on demand, logical storage. https://cloud.google.com/bigquery/pricing
 */
export const PRICES = {
  /** A write or a page of a list. */
  classA: 0.005 / 1000,
  /** A read, of an object or of what is said of it. */
  classB: 0.0004 / 1000,
  /** A GiB of the bucket for a month. */
  storedGib: 0.02,
  /** A TiB that queries read. Loads cost nothing. */
  queriedTib: 6.25,
  /** A GiB of tables for a month, until it has not changed for 90 days. */
  tableGib: 0.02,
} as const;

/** What costs nothing each month, for a billing account; of the bucket in us-central1, us-east1 and us-west1 alone. */
export const FREE = {
  classA: 5_000,
  classB: 50_000,
  storedGib: 5,
  queriedTib: 1,
  tableGib: 10,
} as const;

/** What one run asks of Google, and what lies there. */
export interface CloudUsage {
  /** Writes and list pages of a run. */
  readonly classA: number;
  /** Reads of a run. */
  readonly classB: number;
  /** Bytes in the bucket, what soft delete keeps included. */
  readonly storedBytes: number;
  /** Bytes that the queries of a run were billed for. */
  readonly bytesBilled: number;
  /** 730 where it runs every hour. */
  readonly runsPerMonth: number;
  /** Bytes in BigQuery's tables. */
  readonly tableBytes?: number;
}

/**
 * US dollars for a month of such runs, beyond what is free: the bucket's operations and storage, and BigQuery. Not the
 * machine that runs, nor data that goes from one region to another.
 */
export function monthCost(usage: CloudUsage): number {
  const { classA, classB, storedBytes, bytesBilled, runsPerMonth, tableBytes = 0 } = usage;
  const amounts: Readonly<Record<keyof typeof PRICES, number>> = {
    classA: classA * runsPerMonth,
    classB: classB * runsPerMonth,
    storedGib: storedBytes / GIB,
    queriedTib: (bytesBilled * runsPerMonth) / TIB,
    tableGib: tableBytes / GIB,
  };
  const kinds = Object.keys(PRICES) as (keyof typeof PRICES)[];
  return kinds.reduce((sum, kind) => sum + Math.max(0, amounts[kind] - FREE[kind]) * PRICES[kind], 0);
}
