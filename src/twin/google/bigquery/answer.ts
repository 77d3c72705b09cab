import type { GoogleAnswer } from "../call.ts";
import type { Failure } from "./failure.ts";

const encoder = new TextEncoder();

export function answer(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): GoogleAnswer {
  const type = { "content-type": "application/json; charset=UTF-8" };
  return { status, headers: { ...type, ...headers }, body: encoder.encode(JSON.stringify(body)) };
}

export const empty = (status = 204, headers: Readonly<Record<string, string>> = {}): GoogleAnswer => ({
  status,
  headers,
  body: new Uint8Array(),
});

const STATUS: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  409: "ALREADY_EXISTS",
  412: "FAILED_PRECONDITION",
  500: "INTERNAL",
  501: "UNIMPLEMENTED",
  503: "UNAVAILABLE",
};

export function refusal({ status, reason, message }: Failure): GoogleAnswer {
  const errors = [{ message, domain: "global", reason }];
  return answer({ error: { code: status, message, errors, status: STATUS[status] } }, status);
}
