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

/** What may be secret in an address: a user, a password, or a key behind it. */
function hasSecret(address: string, url: URL | null): boolean {
  if (!url || !/^https?:$/.test(url.protocol)) return /[@?#]/.test(address);
  return [url.username, url.password, url.search, url.hash].some((part) => part !== "");
}

/** @throws UsageError where it is no address, more than one, or that of a test market; nothing secret is said again */
export function checkEndpoint(address: string, from: string): string {
  const url = URL.parse(address);
  if (hasSecret(address, url)) {
    const why = "an endpoint is http(s)://HOST[:PORT][/PATH], without a user, a password or a query";
    throw new UsageError("bad-endpoint", `${from}: ${why}.`, NEXT);
  }
  if (!url) {
    const why = `${JSON.stringify(address)} is no URL such as http://127.0.0.1:8080`;
    throw new UsageError("bad-endpoint", `${from}: ${why}.`, NEXT);
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
