import { AppError, StoreError, WarehouseError } from "../core/errors.ts";
import { evidenceOf } from "./evidence.ts";
import { type Attempt, REFUSALS } from "./refusals.ts";
import { harmless } from "./secret.ts";

export type { Attempt } from "./refusals.ts";

/**
 * A client library's error as ours: its cause, who lacks what, and the next command; `retryable` where it may pass. What
 * the library's error carries of requests and answers is left behind: tokens are in them. Errors of ours are handed back.
 */
export function googleFailure(error: unknown, attempt: Attempt): StoreError | WarehouseError {
  // Whatever its class: callers throw it on.
  if (error instanceof AppError) return error as StoreError;
  const evidence = evidenceOf(error);
  const refusal = REFUSALS.find(({ fits }) => fits(evidence, attempt));
  const { service, label, doing } = attempt;
  const why = refusal ? `${refusal.why(evidence, attempt)}: ` : "";
  const message = `${label}: ${doing}: ${why}${evidence.message}`;
  const Failure = service === "storage" ? StoreError : WarehouseError;
  return new Failure(
    refusal?.code ?? `${service}-failed`,
    /[.?!…)]$/.test(message) ? message : `${message}.`,
    refusal?.next(evidence, attempt) ?? "candlelake config",
    { retryable: refusal?.passes ?? false, retryAfter: evidence.retryAfter, cause: harmless(error) },
  );
}
