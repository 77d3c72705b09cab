import { once } from "node:events";
import { createServer } from "node:http";
import { listen } from "../listen.ts";
import { BigQueryTwin, type BigQueryTwinOptions } from "./bigquery/bigquery.ts";
import type { Rights } from "./call.ts";
import { GoogleFaults } from "./faults.ts";
import { type GoogleRequest, GoogleServer } from "./server.ts";
import { StorageTwin } from "./storage/storage.ts";

export interface GoogleTwinOptions {
  /** Milliseconds at which the servers' time stands still, or a clock of one's own. Left out: the machine's clock. */
  readonly now?: number | (() => number);
  /** 0, which is usual, takes a free one. */
  readonly port?: number;
  /** What goes wrong, as `docs/twin.md` spells it: `503-after@POST/upload@2`. */
  readonly faults?: string;
  /** Permissions that the caller lacks: `storage.objects.create`. */
  readonly denied?: readonly string[];
  /** What the caller may do, but for what is denied. Left out: everything. */
  readonly may?: Rights;
  /** How BigQuery's jobs behave. */
  readonly jobs?: NonNullable<BigQueryTwinOptions["jobs"]>;
  /** A project without billing. */
  readonly sandbox?: boolean;
}

export interface GoogleTwin {
  /** `http://127.0.0.1:PORT`: the base of both services. */
  readonly url: string;
  /** Environment variables that turn candlelake to the stand-ins. */
  readonly settings: Readonly<Record<string, string>>;
  readonly storage: StorageTwin;
  readonly bigquery: BigQueryTwin;
  /** Permissions that the caller lacks from now on. */
  readonly denied: Set<string>;
  /** What was asked, the oldest first. */
  readonly requests: readonly GoogleRequest[];
  /** What goes wrong from now on. @throws UsageError */
  setFaults(spec: string): void;
  /** What the caller may do from now on, but for what is denied. */
  setRights(may: Rights): void;
  /** Ends every connection. Nothing keeps running. */
  close(): Promise<void>;
}

/**
 * Starts the stand-ins of Cloud Storage and BigQuery on the loopback address.
 * @throws UsageError where the faults or the port are wrong
 */
export async function startGoogleTwin(options: GoogleTwinOptions = {}): Promise<GoogleTwin> {
  const { now = Date.now, faults = "", jobs = {}, sandbox = false } = options;
  const clock = typeof now === "number" ? () => now : now;
  const storage = new StorageTwin({ now: clock });
  const bigquery = new BigQueryTwin({ objects: storage, now: clock, jobs, sandbox });
  const denied = new Set(options.denied);
  const google = new GoogleServer([storage, bigquery], new GoogleFaults(faults), denied, options.may);
  const server = createServer((request, response) => void google.respond(request, response));
  const url = `http://127.0.0.1:${await listen(server, options.port ?? 0)}`;
  return {
    url,
    settings: {
      CANDLELAKE_STORAGE_ENDPOINT: url,
      CANDLELAKE_BIGQUERY_ENDPOINT: url,
      CANDLELAKE_BUCKET: "gs://demo-bucket",
      CANDLELAKE_WAREHOUSE: "bigquery:demo.btc_forecast_raw",
      GOOGLE_CLOUD_PROJECT: "demo",
    },
    storage,
    bigquery,
    denied,
    requests: google.requests,
    setFaults(spec) {
      google.faults = new GoogleFaults(spec);
    },
    setRights(may) {
      google.may = may;
    },
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
      await storage.close();
      await bigquery.close();
    },
  };
}
