import type { Feed, Host } from "./feed.ts";
import type { Parameters } from "./parameters.ts";

/** A request that was let in. */
export interface Call {
  readonly feed: Feed;
  readonly host: Host;
  readonly parameters: Parameters;
  /** The server's time in milliseconds. */
  readonly now: number;
  /** How far back open interest is served. */
  readonly history: "30d" | "all";
}
