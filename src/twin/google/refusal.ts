import type { GoogleAnswer } from "./call.ts";

/** What Google answers instead of what was asked for. */
export class GoogleRefusal extends Error {
  readonly status: number;
  /** `notFound`, `conditionNotMet`: what clients tell errors apart by. */
  readonly reason: string;
  /** The header at fault, where it is one: `If-Match`. */
  readonly location: string | undefined;

  constructor(status: number, reason: string, message: string, location?: string) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.location = location;
  }

  get answer(): GoogleAnswer {
    const { status, reason, message, location } = this;
    const place = location === undefined ? {} : { locationType: "header", location };
    const errors = [{ message, domain: "global", reason, ...place }];
    return jsonAnswer(status, { error: { code: status, message, errors } });
  }
}

export const jsonAnswer = (
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): GoogleAnswer => ({
  status,
  headers: { "content-type": "application/json; charset=UTF-8", ...headers },
  body: Buffer.from(`${JSON.stringify(value, null, 2)}\n`),
});

export const invalid = (message: string): GoogleRefusal => new GoogleRefusal(400, "invalid", message);
