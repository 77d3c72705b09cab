import { NEXT } from "./config-schema.ts";
import { UsageError } from "./core/errors.ts";

/** Where the venues and Google are asked. */
export interface Endpoints {
  readonly "binance-us-rest": string;
  readonly "binance-spot-rest": string;
  readonly "binance-futures-rest": string;
  readonly "binance-archive": string;
  /** `none` where files are asked for by name alone. */
  readonly "binance-archive-list": string;
  /** Cloud Storage and BigQuery: the servers' bases, `/storage/v1` and `/bigquery/v2` lie beneath them. */
  readonly storage: string;
  readonly bigquery: string;
}

export const DEFAULT_ENDPOINTS: Endpoints = {
  "binance-us-rest": "https://api.binance.us",
  "binance-spot-rest": "https://data-api.binance.vision",
  "binance-futures-rest": "https://fapi.binance.com",
  "binance-archive": "https://data.binance.vision",
  "binance-archive-list": "https://s3-ap-northeast-1.amazonaws.com/data.binance.vision",
  storage: "https://storage.googleapis.com",
  bigquery: "https://bigquery.googleapis.com",
};

/** The first one counts. The clients' own variables change the shape of their addresses, so they never see them. */
export const ENDPOINT_VARIABLES: Readonly<Record<keyof Endpoints, readonly string[]>> = {
  "binance-us-rest": ["CANDLELAKE_BINANCE_US_REST"],
  "binance-spot-rest": ["CANDLELAKE_BINANCE_SPOT_REST"],
  "binance-futures-rest": ["CANDLELAKE_BINANCE_FUTURES_REST"],
  "binance-archive": ["CANDLELAKE_BINANCE_ARCHIVE"],
  "binance-archive-list": ["CANDLELAKE_BINANCE_ARCHIVE_LIST"],
  storage: ["CANDLELAKE_STORAGE_ENDPOINT", "STORAGE_EMULATOR_HOST"],
  bigquery: ["CANDLELAKE_BIGQUERY_ENDPOINT", "BIGQUERY_EMULATOR_HOST"],
};

/** @throws UsageError where it is no address, or that of a test market */
export function checkEndpoint(address: string, from: string): string {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw new UsageError(
      "bad-endpoint",
      `${from}: ${JSON.stringify(address)} is no URL such as http://127.0.0.1:8080.`,
      NEXT,
    );
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new UsageError("bad-endpoint", `${from}: ${url.protocol} is not http or https.`, NEXT);
  }
  if (/(^|\.)testnet\.|^demo-|\.demo\./.test(url.hostname)) {
    throw new UsageError("test-market", `${from}: ${url.hostname} serves a test market, which is no history.`, NEXT);
  }
  return address.replace(/\/+$/, "");
}

/** Emulators' variables may leave the scheme out. */
export const addressOf = (variable: string, value: string | undefined): string | undefined =>
  value && variable.endsWith("_EMULATOR_HOST") && !value.includes("://") ? `http://${value}` : value;
