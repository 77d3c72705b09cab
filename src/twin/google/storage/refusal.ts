import type { GoogleAnswer } from "../call.ts";

/** What Cloud Storage answers in place of a result. */
export class StorageRefusal extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

export const JSON_HEADERS = { "content-type": "application/json; charset=UTF-8" } as const;

export const jsonAnswer = (
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): GoogleAnswer => ({
  status,
  headers: { ...JSON_HEADERS, ...headers },
  body: Buffer.from(JSON.stringify(value)),
});

export const refusalAnswer = ({ status, reason, message }: StorageRefusal): GoogleAnswer =>
  jsonAnswer(status, { error: { code: status, message, errors: [{ message, domain: "global", reason }] } });

export const notFound = (what: string): StorageRefusal => new StorageRefusal(404, "notFound", what);

export const unmet = (): StorageRefusal =>
  new StorageRefusal(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.");
