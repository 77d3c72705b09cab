import { StoreError, WarehouseError } from "../core/errors.ts";

/** Which service refused, what was being done, and what the user names it. */
export interface Attempt {
  readonly service: "storage" | "bigquery";
  /** `gs://NAME`, `bigquery:PROJECT.DATASET`. */
  readonly label: string;
  /** `write raw/spot_klines/…`. */
  readonly doing: string;
}

/** A client library's error as ours: its cause, who lacks what, and the next command. */
export function googleFailure(error: unknown, { service, label, doing }: Attempt): StoreError | WarehouseError {
  const why = error instanceof Error ? error.message : String(error);
  const Failure = service === "storage" ? StoreError : WarehouseError;
  return new Failure(`${service}-failed`, `${label}: ${doing}: ${why}`, "candlelake config", { cause: error });
}
