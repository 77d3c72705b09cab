/** An HTTP answer, whole. Header names are lower case. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Decompressed. */
  readonly body: Uint8Array;
}

export interface TransportOptions {
  readonly signal: AbortSignal | undefined;
  /** Bytes of the body, as it is sent and unpacked, beyond which nothing more is taken in. */
  readonly most: number;
}

/**
 * One GET, no retries. Rejects with the network's own error, and with `OversizeError` while a larger body is read than is
 * wanted; rejects soon after the signal aborts. Injectable, so that a bench or a test can answer in the process.
 */
export type Transport = (url: string, options: TransportOptions) => Promise<Answer>;

/** A body has more bytes than anything that was asked for can have. */
export class OversizeError extends Error {}

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
