import type { Interval, Period } from "../core/interval.ts";

/** The hosts that the twin stands in for; each lies under a path of its own: `/binance-us`, `/binance-spot`, … */
export const HOSTS = ["binance-us", "binance-spot", "binance-futures"] as const;
export type Host = (typeof HOSTS)[number];

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
  /** The server's time where nobody sets one, frozen; undefined for the machine's clock. */
  serverTime(host: Host): number | undefined;
  listings(host: Host): readonly Listing[];
  knows(host: Host, symbol: string): boolean;
  klines(host: Host, symbol: string, interval: Interval, window: Window, now: number): Uint8Array;
  funding(symbol: string, window: Window, now: number): Uint8Array;
  openInterest(symbol: string, period: Period, window: Window, now: number): Uint8Array;
}
