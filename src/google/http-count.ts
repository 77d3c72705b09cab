import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ClientRequest } from "node:http";

/** A request that went out, as the runtime saw it: the clients' own repeats among them. */
export interface Seen {
  readonly method: string;
  /** With the query. */
  readonly path: string;
}

const CHANNEL = "http.client.request.start";

/**
 * Tells of every HTTP request of this process to a host; the clients' repeats are counted nowhere else.
 * @returns ends it
 */
export function watchRequests(host: string, see: (seen: Seen) => void): () => void {
  const listen = (message: unknown) => {
    const { request } = message as { readonly request: ClientRequest };
    if (request.getHeader("host") === host) see({ method: request.method, path: request.path });
  };
  subscribe(CHANNEL, listen);
  return () => unsubscribe(CHANNEL, listen);
}
