import { DataError, UsageError, WarehouseError } from "../../core/errors.ts";
import type { TableName } from "../../core/table.ts";
import { DAY } from "../../core/time.ts";
import type { LoadUnit } from "../../ports/warehouse.ts";
import type { LedgerState } from "./ledger-state.ts";

/** Load jobs that a table takes in a day, failed ones included: https://cloud.google.com/bigquery/quotas#load_jobs */
export const JOBS_A_DAY = 1_500;

/** @throws UsageError `no-bucket` where an object is in none */
export function refuseBucketless({ objects }: LoadUnit): void {
  const lost = objects.find((object) => !object.uri);
  if (!lost) return;
  throw new UsageError(
    "no-bucket",
    `BigQuery loads from a bucket, and ${lost.key} is in none that is known here.`,
    "candlelake load --bucket gs://NAME",
  );
}

/** @throws DataError `synthetic-row`, `real-row` where a series is of the other world */
export function refuseStranger({ table, month, series }: LoadUnit, synthetic: boolean): void {
  const stranger = series.find((one) => one.series.startsWith("synthetic_") !== synthetic);
  if (!stranger) return;
  const what = `${table.name} ${month} has ${stranger.rows} rows of ${stranger.series}`;
  throw synthetic
    ? new DataError("real-row", `${what} in a warehouse of made data.`, "candlelake status")
    : new DataError("synthetic-row", `${what} in a warehouse of real data.`, "candlelake status");
}

/** How many jobs each table still takes today, as far as the ledger tells. */
export class Quota {
  private readonly left = new Map<TableName, number>();
  private readonly state: LedgerState;
  private readonly since: number;
  private readonly most: number;

  constructor(state: LedgerState, now: number, most: number) {
    this.state = state;
    this.since = now - DAY;
    this.most = most;
  }

  /** Takes one job of the unit's table. @throws WarehouseError `quota-jobs` where none is left */
  take({ table, month }: LoadUnit, label: string): void {
    const left = this.left.get(table.name) ?? this.most - this.state.jobsSince(table.name, this.since);
    this.left.set(table.name, left - 1);
    if (left > 0) return;
    throw new WarehouseError(
      "quota-jobs",
      `${label}: ${table.name} ${month} would be more than the ${this.most} load jobs that BigQuery lets a table have in a day: run again tomorrow.`,
      "candlelake load",
    );
  }
}
