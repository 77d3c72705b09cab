import { once } from "node:events";
import { createServer } from "node:http";
import { listen } from "../listen.ts";
import type { GoogleService } from "./call.ts";
import { type GoogleRequest, GoogleServer } from "./server.ts";
import { StorageTwin } from "./storage/storage.ts";

export interface GoogleTwinOptions {
  /** Milliseconds at which the servers' time stands still, or a clock of one's own. Left out: the machine's clock. */
  readonly now?: number | (() => number);
  /** 0, which is usual, takes a free one. */
  readonly port?: number;
}

export interface GoogleTwin {
  /** `http://127.0.0.1:PORT`: the base of both services. */
  readonly url: string;
  /** Environment variables that turn candlelake to the stand-ins. */
  readonly settings: Readonly<Record<string, string>>;
  readonly storage: StorageTwin;
  /** What was asked, the oldest first. */
  readonly requests: readonly GoogleRequest[];
  /** Ends every connection. Nothing keeps running. */
  close(): Promise<void>;
}

/**
 * Starts the stand-ins of Cloud Storage and BigQuery on the loopback address.
 * @throws UsageError where the faults or the port are wrong
 */
export async function startGoogleTwin(options: GoogleTwinOptions = {}): Promise<GoogleTwin> {
  const { now = Date.now } = options;
  const clock = typeof now === "number" ? () => now : now;
  const storage = new StorageTwin({ now: clock });
  const services: GoogleService[] = [storage];
  const google = new GoogleServer(services);
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
    requests: google.requests,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
      for (const service of services) await service.close();
    },
  };
}
