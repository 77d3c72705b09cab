import { invalid } from "./failure.ts";

export interface Window {
  readonly start: number;
  readonly size: number;
}

/** Which of `total` things are asked for; a page's token is where it begins. @throws Failure */
export function windowOf(query: URLSearchParams, usual: number): Window {
  const limit = query.get("maxResults");
  const token = query.get("pageToken") || query.get("startIndex") || "0";
  if (!/^\d+$/.test(token)) throw invalid("Invalid page token.");
  if (limit !== null && !/^\d+$/.test(limit)) throw invalid(`Invalid value for maxResults: ${limit}`);
  return { start: Number(token), size: limit === null ? usual : Math.min(Number(limit), usual) };
}

/** The token of the page behind this one; none behind the last. */
export function nextToken({ start, size }: Window, total: number): { readonly pageToken?: string } {
  return start + size < total ? { pageToken: String(start + size) } : {};
}
