import type { Delivery } from "../answer.ts";
import type { Kind } from "../faults/grammar.ts";
import { GoogleRefusal } from "./refusal.ts";

export interface GoogleFaultKind extends Kind {
  readonly doc: string;
  /** The effect happens first, where there is one, and its answer gets lost. */
  readonly after?: true;
  /** What comes in place of the answer. */
  readonly refuse?: (service: "storage" | "bigquery") => GoogleRefusal;
  /** How the answer goes out. */
  readonly deliver?: (argument: number | undefined) => Delivery;
  /** The word is a permission that the caller lacks. */
  readonly denies?: true;
}

const unavailable = (): GoogleRefusal =>
  new GoogleRefusal(503, "backendError", "We encountered an internal error. Please try again.");

const billing = (service: "storage" | "bigquery"): GoogleRefusal =>
  service === "storage"
    ? new GoogleRefusal(
        403,
        "accountDisabled",
        "The billing account for the owning project is disabled in state absent",
        "Authorization",
      )
    : new GoogleRefusal(
        403,
        "billingNotEnabled",
        "Access Denied: BigQuery BigQuery: Billing has not been enabled for this project. Enable billing at https://console.cloud.google.com/billing.",
      );

/** Every fault of the two services, by the name it has in a spec. */
export const GOOGLE_FAULT_KINDS: Readonly<Record<string, GoogleFaultKind>> = {
  "429": {
    argument: undefined,
    doc: "too many requests",
    refuse: () =>
      new GoogleRefusal(
        429,
        "rateLimitExceeded",
        "The rate of requests exceeded the limit. Please reduce your request rate.",
      ),
  },
  "500": {
    argument: undefined,
    doc: "internal error",
    refuse: () => new GoogleRefusal(500, "internalError", "An internal error occurred. Please try again."),
  },
  "503": { argument: undefined, doc: "service unavailable, and nothing was done", refuse: unavailable },
  "503-after": {
    argument: undefined,
    doc: "service unavailable, though it was done",
    after: true,
    refuse: unavailable,
  },
  reset: {
    argument: undefined,
    doc: "the connection is reset, and nothing was done",
    deliver: () => ({ kind: "reset" }),
  },
  "reset-after": {
    argument: undefined,
    doc: "the connection is reset, though it was done",
    after: true,
    deliver: () => ({ kind: "reset" }),
  },
  timeout: { argument: undefined, doc: "no answer at all, and nothing was done", deliver: () => ({ kind: "silence" }) },
  "timeout-after": {
    argument: undefined,
    doc: "no answer at all, though it was done",
    after: true,
    deliver: () => ({ kind: "silence" }),
  },
  slow: {
    argument: "milliseconds between (1000)",
    doc: "half of the body at once, the rest later",
    after: true,
    deliver: (argument) => ({ kind: "slow", delay: argument ?? 1_000 }),
  },
  deny: {
    argument: undefined,
    word: "the permission, such as storage.objects.create",
    doc: "a permission is lacking",
    denies: true,
  },
  expired: {
    argument: undefined,
    doc: "the credentials are no longer valid",
    refuse: () => new GoogleRefusal(401, "authError", "Invalid Credentials", "Authorization"),
  },
  billing: { argument: undefined, doc: "the project's billing is off", refuse: billing },
  quota: {
    argument: undefined,
    doc: "a quota is used up",
    refuse: () =>
      new GoogleRefusal(
        403,
        "quotaExceeded",
        "Quota exceeded: Your project exceeded a quota for this kind of request. For more information, see https://cloud.google.com/docs/quotas",
      ),
  },
};
