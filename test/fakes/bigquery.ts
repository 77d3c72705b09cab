import { setImmediate } from "node:timers/promises";
import { throwIfAborted } from "../../src/core/errors.ts";
import type { Clock } from "../../src/ports.ts";
import { type BigQueryOptions, BigQueryWarehouse } from "../../src/warehouses/bigquery.ts";

/** A clock of which nobody waits for the next second. */
export const clockOf = (now: () => number): Clock => ({
  now,
  async sleep(_, signal) {
    await setImmediate();
    throwIfAborted(signal);
  },
});

/** A warehouse over a stand-in; it waits for nothing. */
export const openBigQuery = (
  { endpoint }: { readonly endpoint: string },
  options: Partial<BigQueryOptions> = {},
): BigQueryWarehouse =>
  new BigQueryWarehouse({
    project: "demo",
    dataset: "btc_forecast_raw",
    location: "us-central1",
    synthetic: false,
    access: { endpoint, project: "demo" },
    log: { info() {}, warn() {}, debug() {} },
    clock: clockOf(Date.now),
    ...options,
  });
