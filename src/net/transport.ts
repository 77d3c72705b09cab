/** An HTTP answer, whole. Header names are lower case. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Decompressed. */
  readonly body: Uint8Array;
}

/**
 * One GET, no retries. Rejects with the network's own error; rejects soon after the signal aborts.
 * Injectable, so that a bench or a test can answer in the process.
 */
export type Transport = (url: string, options: { readonly signal: AbortSignal | undefined }) => Promise<Answer>;

/**
 * The server's clock in milliseconds as the answer tells it: whole seconds, so up to a second behind.
 * undefined where there is no `Date` header.
 */
export function serverDate(answer: Answer): number | undefined {
  const time = Date.parse(answer.headers["date"] ?? "");
  return Number.isNaN(time) ? undefined : time;
}

const decoder = new TextDecoder();

/** The body as text, for messages and small JSON. */
export const bodyText = (answer: Answer): string => decoder.decode(answer.body);
