import { UsageError } from "../../core/errors.ts";
import { nearest } from "../../core/suggest.ts";
import { parseSelector, type Selector, strikes } from "../faults/selector.ts";
import type { GoogleAnswer, GoogleCall } from "./call.ts";

/** What a fault does with a call: answers in its place, before or after it took effect, or breaks the connection. */
type Kind =
  | { readonly when: "before" | "after"; readonly answer: (call: GoogleCall) => GoogleAnswer }
  | { readonly when: "before" | "after"; readonly answer: "reset" };

const refusal =
  (status: number, reason: string, message: string, extra: Readonly<Record<string, unknown>> = {}) =>
  (): GoogleAnswer => ({
    status,
    headers: { "content-type": "application/json; charset=UTF-8" },
    body: Buffer.from(
      JSON.stringify({ error: { code: status, message, errors: [{ message, domain: "global", reason }], ...extra } }),
    ),
  });

const ACCOUNT = "demo@demo.iam.gserviceaccount.com";

/** The permission that a call needs. */
function permissionOf({ method, path, query }: GoogleCall): string {
  if (path.includes("/upload/storage")) return "storage.objects.create";
  if (/\/b\/[^/]+$/.test(path)) return "storage.buckets.get";
  if (/\/b\/[^/]+\/o$/.test(path)) return "storage.objects.list";
  if (path.includes("/b/")) return method === "DELETE" ? "storage.objects.delete" : "storage.objects.get";
  if (/\/(?:jobs|queries)/.test(path) && method === "POST" && !query.has("upload_id")) return "bigquery.jobs.create";
  if (/\/datasets$/.test(path)) return "bigquery.datasets.create";
  if (/\/data$/.test(path)) return "bigquery.tables.getData";
  return path.includes("/tables") ? "bigquery.tables.get" : "bigquery.datasets.get";
}

function denied(call: GoogleCall): GoogleAnswer {
  const permission = permissionOf(call);
  const service = permission.startsWith("storage") ? "Google Cloud Storage" : "BigQuery";
  const resource = permission.startsWith("storage.buckets")
    ? "bucket"
    : permission.includes("objects")
      ? "object"
      : "resource";
  const [kind, message] =
    service === "BigQuery"
      ? ["accessDenied", `Access Denied: User does not have ${permission} permission in project demo.`]
      : [
          "forbidden",
          `${ACCOUNT} does not have ${permission} access to the ${service} ${resource}. Permission '${permission}' denied on resource (or it may not exist).`,
        ];
  return refusal(403, kind, message)();
}

const unavailable = refusal(503, "backendError", "The service is currently unavailable.");

const KINDS: Readonly<Record<string, Kind>> = {
  "503": { when: "before", answer: unavailable },
  "503-after": { when: "after", answer: unavailable },
  "429": { when: "before", answer: refusal(429, "rateLimitExceeded", "The rate of requests is too high.") },
  reset: { when: "before", answer: "reset" },
  "reset-after": { when: "after", answer: "reset" },
  deny: { when: "before", answer: denied },
  expired: { when: "before", answer: refusal(401, "authError", "Invalid Credentials") },
  billing: {
    when: "before",
    answer: refusal(403, "accountDisabled", "The billing account for the owning project is disabled in state absent"),
  },
  disabled: {
    when: "before",
    answer: refusal(
      403,
      "accessNotConfigured",
      "This API has not been used in project demo before or it is disabled.",
      { status: "PERMISSION_DENIED" },
    ),
  },
};

interface Fault {
  readonly name: string;
  readonly kind: Kind;
  readonly method: string | undefined;
  readonly route: string | undefined;
  readonly selector: Selector;
  count: number;
}

const bad = (text: string, why: string): UsageError =>
  new UsageError(
    "bad-faults",
    `${JSON.stringify(text)}: ${why} Known: ${Object.keys(KINDS).join(" ")}.`,
    "candlelake twin --help",
  );

/** `503@3`, `deny@POST@/upload/storage`, `reset-after@/jobs@every:5`: a name, then a method, a part of a path, the calls struck. */
function parse(text: string): Fault {
  const [name = "", ...conditions] = text.split("@");
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (!kind) {
    const guess = nearest(name, Object.keys(KINDS));
    throw bad(text, guess ? `there is no such fault; did you mean ${guess}?` : "there is no such fault.");
  }
  let [method, route]: (string | undefined)[] = [];
  let selector: Selector = { kind: "always" };
  for (const condition of conditions) {
    const found = parseSelector(condition);
    if (found) selector = found;
    else if (condition.startsWith("/")) route = condition;
    else if (/^[A-Z]+$/.test(condition)) method = condition;
    else throw bad(text, `${condition} is neither a path, a method nor a number of calls.`);
  }
  return { name, kind, method, route, selector, count: 0 };
}

/** What goes wrong on demand. Each fault counts the calls that it could strike. */
export class GoogleFaults {
  readonly #faults: readonly Fault[];

  /** @throws UsageError that lists the kinds */
  constructor(spec: string) {
    this.#faults = spec
      .split(",")
      .map((text) => text.trim())
      .filter((text) => text !== "")
      .map(parse);
  }

  /** The fault that strikes a call, if one does. */
  strike(call: GoogleCall): Kind | undefined {
    let struck: Kind | undefined;
    for (const fault of this.#faults) {
      if (fault.method !== undefined && fault.method !== call.method) continue;
      if (fault.route !== undefined && !call.path.includes(fault.route)) continue;
      fault.count++;
      if (strikes(fault.selector, fault.count)) struck ??= fault.kind;
    }
    return struck;
  }
}
