import type { Evidence } from "./evidence.ts";
import { grantOf, memberOf, permissionOf } from "./grant.ts";

/** Which service refused, what was being done, and what the user names it. */
export interface Attempt {
  readonly service: "storage" | "bigquery";
  /** `gs://NAME`, `bigquery:PROJECT.DATASET`. */
  readonly label: string;
  /** `write raw/spot_klines/…`. */
  readonly doing: string;
  /** Who asked, as bindings spell it: `serviceAccount:EMAIL`; undefined where that is not known. */
  readonly account?: string | undefined;
}

/** One way in which Google refuses. */
export interface Refusal {
  readonly code: string;
  fits(evidence: Evidence, attempt: Attempt): boolean;
  /** Said before Google's own words. */
  why(evidence: Evidence, attempt: Attempt): string;
  next(evidence: Evidence, attempt: Attempt): string;
  /** Whether the same request may succeed a little later. */
  readonly passes: boolean;
}

const LOGIN = "gcloud auth application-default login";

const bucketOf = ({ label }: Attempt): string | undefined => /gs:\/\/[^/\s]+/.exec(label)?.[0];

const ID = "(?<id>(?:[a-z0-9.-]+\\.[a-z]+:)?[a-z][a-z0-9-]{2,28}[a-z0-9]|\\d{6,})\\b";
const PROJECT = new RegExp(
  `(?:\\bin project |\\bprojects/|\\bproject[ =:]+['"]|\\bProject |\\bthe project )${ID}(?!\\w)`,
  "i",
);

/** The project that Google's words name, else the one in the label. */
const projectOf = ({ message }: Evidence, { label }: Attempt): string | undefined =>
  PROJECT.exec(message)?.groups?.["id"] ?? /bigquery:(?<id>[^.\s]+)/.exec(label)?.groups?.["id"];

const says =
  (...patterns: readonly RegExp[]) =>
  ({ reasons, message }: Evidence): boolean =>
    patterns.some((pattern) => pattern.test(message) || reasons.some((reason) => pattern.test(reason)));

const BILLING = says(
  /^(?:accountDisabled|billingNotEnabled|BILLING_DISABLED)$/,
  /billing (?:account|has not|disabled)/i,
);
const DISABLED = says(/^(?:accessNotConfigured|SERVICE_DISABLED)$/, /has not been used in project/);
const NO_PROJECT = says(
  /(?:unknown project|not found: project)/i,
  /\bproject ['"]?[\w.:-]+['"]? (?:was )?(?:not found|does not exist)/i,
);
const KEPT = says(
  /^(?:retentionPolicyNotMet|objectUnderActiveHold)$/,
  /retention policy|(?:event-based|temporary) hold/i,
);
const EXPIRED = says(
  /^(?:invalid_grant|invalid_rapt|authError|UNAUTHENTICATED)$/,
  /reauth related error|invalid_rapt/i,
);
const TOO_FAST = says(/^(?:rateLimitExceeded|userRateLimitExceeded|jobRateLimitExceeded)$/);
const USED_UP = says(/^(?:quotaExceeded|dailyLimitExceeded|QUOTA_EXCEEDED)$/);

/** Names that do not resolve and ports that nobody listens on will not do so within a minute. */
export const LASTING: ReadonlySet<string> = new Set(["ECONNREFUSED", "ENOTFOUND", "ENETUNREACH", "EHOSTUNREACH"]);

/** The first that fits decides: what is wrong with the account comes before what is wrong with one object. */
export const REFUSALS: readonly Refusal[] = [
  {
    code: "no-credentials",
    fits: says(/could not load the default credentials/i, /anonymous caller/i),
    why: () => "nobody is logged in",
    next: () => LOGIN,
    passes: false,
  },
  {
    code: "bad-credentials",
    fits: says(/^The file at .* does not exist, or it is not a file/, /subject_token from the credential_source file/),
    why: () => "the workload identity's token cannot be read",
    next: () => "unset GOOGLE_APPLICATION_CREDENTIALS",
    passes: false,
  },
  {
    code: "credentials-expired",
    fits: (evidence) => evidence.status === 401 || EXPIRED(evidence),
    why: () => "the credentials are not accepted any more",
    next: () => LOGIN,
    passes: false,
  },
  {
    code: "billing-off",
    fits: BILLING,
    why: () => "billing is off in the project",
    next: (evidence, attempt) => {
      const project = projectOf(evidence, attempt);
      return project ? `gcloud billing projects describe ${project}` : "gcloud billing accounts list";
    },
    passes: false,
  },
  {
    code: "wrong-project",
    fits: DISABLED,
    why: (evidence, attempt) => `the service is not enabled in project ${projectOf(evidence, attempt) ?? "(unnamed)"}`,
    next: (evidence, attempt) => {
      const service =
        /\b(?<name>[a-z][a-z-]*)\.googleapis\.com/.exec(evidence.message)?.groups?.["name"] ?? attempt.service;
      const project = projectOf(evidence, attempt);
      return `gcloud services enable ${service}.googleapis.com${project ? ` --project ${project}` : ""}`;
    },
    passes: false,
  },
  {
    code: "wrong-project",
    fits: (evidence) => evidence.status !== undefined && NO_PROJECT(evidence),
    why: () => "there is no such project, or it is not shown to these credentials",
    next: () => "gcloud projects list",
    passes: false,
  },
  {
    code: "retention",
    fits: KEPT,
    why: () => "the bucket keeps what it has from being overwritten, so that it cannot take a venue's corrections",
    next: (_, attempt) => `gcloud storage buckets describe ${bucketOf(attempt)} --format="default(retention_policy)"`,
    passes: false,
  },
  {
    code: "quota-exceeded",
    fits: USED_UP,
    why: () => "a quota is used up",
    next: (_, { service }) => (service === "storage" ? "candlelake status" : "candlelake load"),
    passes: false,
  },
  {
    code: "quota-exceeded",
    fits: (evidence) => evidence.status === 429 || TOO_FAST(evidence),
    why: () => "too many requests at once",
    next: (_, { service }) => (service === "storage" ? "candlelake status" : "candlelake load"),
    passes: true,
  },
  {
    code: "permission-denied",
    fits: ({ status, reasons }) => status === 403 || reasons.includes("accessDenied"),
    why: (evidence, { account }) => {
      const permission = permissionOf(evidence);
      const member = memberOf(evidence, account);
      const whom = member.includes("$(") ? "this account" : member;
      return permission ? `${whom} lacks ${permission}` : `${whom} is refused`;
    },
    next: (evidence, attempt) => {
      const { account } = attempt;
      return grantOf(evidence, { bucket: bucketOf(attempt), project: projectOf(evidence, attempt), account });
    },
    passes: false,
  },
  {
    code: "bucket-conflict",
    fits: ({ status }, { service }) => status === 412 && service === "storage",
    why: () => "somebody else changed it meanwhile",
    next: () => "candlelake upload",
    passes: false,
  },
  {
    code: "no-bucket",
    fits: ({ status }, { service }) => status === 404 && service === "storage",
    why: () => "there is no such bucket",
    next: (_, attempt) => `gcloud storage buckets create ${bucketOf(attempt)} --location us-central1`,
    passes: false,
  },
  {
    code: "unreachable",
    fits: ({ network }) => network !== undefined && LASTING.has(network),
    why: () => "it cannot be reached",
    next: () => "candlelake config",
    passes: false,
  },
  {
    code: "unreachable",
    fits: ({ network }) => network !== undefined,
    why: () => "the connection was lost",
    next: () => "candlelake config",
    passes: true,
  },
  {
    code: "unavailable",
    fits: ({ status = 0, reasons }) =>
      status === 408 || status >= 500 || reasons.includes("backendError") || reasons.includes("internalError"),
    why: () => "Google has trouble",
    next: () => "candlelake status",
    passes: true,
  },
];
