/** How the bytes go out, where not at once and whole. */
export type Delivery =
  | { readonly kind: "silence" }
  | { readonly kind: "reset" }
  /** Half of the body at once, the rest after so many milliseconds. */
  | { readonly kind: "slow"; readonly delay: number };

/** An HTTP answer. Header names are lower case; the length is the body's. */
export interface TwinAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly delivery?: Delivery;
}

export const JSON_TYPE = "application/json;charset=UTF-8";
export const HTML_TYPE = "text/html";

/** What the venue answers instead of rows. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, body: string, headers: Readonly<Record<string, string>> = { "content-type": JSON_TYPE }) {
    super(body);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** A refusal in the venue's JSON: a negative code and a message. */
export const refusal = (
  status: number,
  code: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Refusal => new Refusal(status, JSON.stringify({ code, msg: message }), { "content-type": JSON_TYPE, ...headers });

export const bytesOf = (text: string): Uint8Array => Buffer.from(text);

/** `[]`, which a venue answers with 200 where it has no rows. */
export const NO_ROWS = bytesOf("[]");
