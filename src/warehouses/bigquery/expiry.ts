import { WarehouseError } from "../../core/errors.ts";
import type { TableName } from "../../core/table.ts";
import { DAY, dayOf, type Month, monthOf, monthRange } from "../../core/time.ts";
import type { LoadUnit } from "../../ports/warehouse.ts";
import { keepPartitions } from "../bigquery-sql.ts";
import type { LoadWork } from "./load-unit.ts";
import type { TableResource } from "./wire.ts";

/** Milliseconds after its beginning at which a month's partition expires; undefined where none does. */
export const lifetimeOf = ({ timePartitioning }: TableResource): number | undefined =>
  timePartitioning?.expirationMs === undefined ? undefined : Number(timePartitioning.expirationMs);

/** @param last the newest month that vanishes */
export function expired(
  { label, tables: { place } }: Pick<LoadWork, "label" | "tables">,
  name: TableName,
  last: Month,
  lifetime: number,
): WarehouseError {
  const days = Math.round((100 * lifetime) / DAY) / 100;
  return new WarehouseError(
    "partitions-expired",
    `${label}: rows of ${name} up to ${last} vanish as soon as they are loaded: its partitions expire ${days} days after ` +
      "their month begins. In the sandbox that ends with billing (https://console.cloud.google.com/billing); then, and " +
      "elsewhere, no expiration can be set.",
    `bq query --project_id=${place.project} --use_legacy_sql=false '${keepPartitions(place, name)}'`,
  );
}

/** Why a month would be gone before anybody could read it; the same words for all such months of a table. */
export function expiredMonth(
  work: Pick<LoadWork, "label" | "tables" | "now">,
  name: TableName,
  month: Month,
  lifetime: number | undefined,
): WarehouseError | undefined {
  if (lifetime === undefined || monthRange(month).from + lifetime > work.now()) return undefined;
  return expired(work, name, monthOf(dayOf(work.now() - lifetime)), lifetime);
}

/** @throws WarehouseError `partitions-expired` where the month would be gone before anybody could read it */
export function refuseExpired(work: LoadWork, { table: { name }, month }: LoadUnit, table: TableResource): void {
  const refusal = expiredMonth(work, name, month, lifetimeOf(table));
  if (refusal) throw refusal;
}
