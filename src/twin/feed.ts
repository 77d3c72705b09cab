import type { Interval, Period } from "../core/interval.ts";
import type { Archive } from "./archive/archive.ts";

/** The REST hosts that the twin stands in for; each lies under a path of its own: `/binance-us`, `/binance-spot`, … */
export const HOSTS = ["binance-us", "binance-spot", "binance-futures"] as const;
export type Host = (typeof HOSTS)[number];

/** The bulk archive: the host of its files, and the one that lists them. */
export const ARCHIVE_HOSTS = ["binance-archive", "binance-archive-list"] as const;
export type ArchiveHost = (typeof ARCHIVE_HOSTS)[number];

export type TwinHost = Host | ArchiveHost;

/** Which rows are asked for: at most `limit` of those whose time lies in `[from, to)`, its oldest or its newest. */
export interface Window {
  readonly from: number;
  readonly to: number;
  readonly limit: number;
  readonly end: "oldest" | "newest";
}

export interface Listing {
  readonly symbol: string;
  /** Smallest steps, `0.01`; undefined where nobody knows. */
  readonly tick?: string;
  readonly lot?: string;
}

/** What a twin serves. Rows come as the JSON list that the venue would send, ascending; none is of after `now`. */
export interface Feed {
  /** Made data: every answer says so. */
  readonly made: boolean;
  readonly archive: Archive;
  /** The server's time where nobody sets one, frozen; undefined for the machine's clock. */
  serverTime(host: TwinHost): number | undefined;
  listings(host: Host): readonly Listing[];
  knows(host: Host, symbol: string): boolean;
  klines(host: Host, symbol: string, interval: Interval, window: Window, now: number): Uint8Array;
  funding(symbol: string, window: Window, now: number): Uint8Array;
  openInterest(symbol: string, period: Period, window: Window, now: number): Uint8Array;
}
