import { AppError, type DataError, StoreError, type UsageError, WarehouseError } from "../core/errors.ts";
import { redact } from "./secret.ts";

/** Which service refused, what was being done, and what the user names it. */
export interface Attempt {
  readonly service: "storage" | "bigquery";
  /** `gs://NAME`, `bigquery:PROJECT.DATASET`. */
  readonly label: string;
  /** `write raw/spot_klines/…`. */
  readonly doing: string;
}

/** What the clients' errors have in common. */
interface Refusal {
  readonly status: number | undefined;
  readonly reason: string;
  readonly message: string;
  /** Of the connection: `ECONNREFUSED`. */
  readonly network: string | undefined;
}

type Loose = Readonly<Record<string, unknown>>;

function refusalOf(error: unknown): Refusal {
  const seen = (error ?? {}) as Loose;
  const [first] = Array.isArray(seen["errors"]) ? (seen["errors"] as Loose[]) : [];
  const response = (seen["response"] ?? {}) as Loose;
  const code = seen["code"] ?? seen["status"] ?? response["status"];
  const status = /^\d{3}$/.test(String(code)) ? Number(code) : undefined;
  const cause = (seen["cause"] ?? {}) as Loose;
  const network = [seen["code"], seen["errno"], cause["code"], first?.["code"]].find(
    (one): one is string => typeof one === "string" && /^E[A-Z_]+$/.test(one),
  );
  const message = error instanceof Error ? error.message : String(error);
  return { status, reason: String(first?.["reason"] ?? ""), message: redact(message).trim(), network };
}

/** The last word of `…: bigquery:PROJECT.DATASET`, and the bucket of `gs://NAME/…`. */
const bucketOf = (label: string): string => /gs:\/\/[^/\s]+/.exec(label)?.[0] ?? label;
const projectOf = (label: string): string => /bigquery:([^.\s]+)/.exec(label)?.[1] ?? "PROJECT";

/** The least role with a permission. https://cloud.google.com/storage/docs/access-control/iam-roles */
const ROLES: readonly (readonly [permission: RegExp, role: string])[] = [
  [/storage\.objects\.(?:create|delete|update)/, "roles/storage.objectUser"],
  [/storage\.objects\./, "roles/storage.objectViewer"],
  [/storage\.buckets\./, "roles/storage.legacyBucketReader"],
  [/bigquery\.jobs\./, "roles/bigquery.jobUser"],
  [/bigquery\.datasets\.create/, "roles/bigquery.user"],
  [/bigquery\./, "roles/bigquery.dataEditor"],
];

const PERMISSION = /\b(?:storage|bigquery|resourcemanager|serviceusage)\.[a-z]+\.[a-zA-Z]+\b/;
const WHO = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/;

/** The command that grants what is missing. */
function grant({ message }: Refusal, { service, label }: Attempt): string {
  const permission =
    PERMISSION.exec(message)?.[0] ?? (service === "storage" ? "storage.objects.get" : "bigquery.jobs.create");
  const role = ROLES.find(([pattern]) => pattern.test(permission))?.[1] ?? "roles/viewer";
  const who = WHO.exec(message)?.[0];
  const kind = who?.endsWith(".gserviceaccount.com") ? "serviceAccount" : "user";
  const member = `--member=${who ? `${kind}:${who}` : "user:YOUR_ACCOUNT"} --role=${role}`;
  return service === "storage"
    ? `gcloud storage buckets add-iam-policy-binding ${bucketOf(label)} ${member}`
    : `gcloud projects add-iam-policy-binding ${projectOf(label)} ${member}`;
}

interface Rule {
  readonly code: string;
  when(refusal: Refusal, attempt: Attempt): boolean;
  /** What is said before Google's own words. */
  readonly why: string;
  next(refusal: Refusal, attempt: Attempt): string;
}

const LOGIN = "gcloud auth application-default login";
const has =
  (pattern: RegExp) =>
  ({ reason, message }: Refusal) =>
    pattern.test(`${reason} ${message}`);

/** The first that fits decides: what is wrong with the whole account comes before what is wrong with one object. */
const RULES: readonly Rule[] = [
  {
    code: "no-credentials",
    when: has(/Could not load the default credentials/),
    why: "there are no credentials",
    next: () => LOGIN,
  },
  {
    code: "credentials-expired",
    when: (refusal) => refusal.status === 401 || has(/invalid_grant|invalid_rapt|reauth related error/i)(refusal),
    why: "the credentials are no longer accepted",
    next: () => LOGIN,
  },
  {
    code: "billing-off",
    when: has(/accountDisabled|billingNotEnabled|billing account|billing has not been enabled/i),
    why: "billing is off for the project",
    next: (_, { label }) => `gcloud billing projects describe ${projectOf(label)}`,
  },
  {
    code: "api-disabled",
    when: has(/accessNotConfigured|SERVICE_DISABLED|has not been used in project/),
    why: "the service is not enabled in the project",
    next: (_, { service, label }) => `gcloud services enable ${service}.googleapis.com --project ${projectOf(label)}`,
  },
  {
    code: "retention",
    when: has(/retentionPolicyNotMet|objectUnderActiveHold|retention policy|event-based hold|temporary hold/i),
    why: "the bucket lets nobody replace an object yet, and the venue corrects candles",
    next: (_, { label }) => `gcloud storage buckets describe ${bucketOf(label)} --format="default(retention_policy)"`,
  },
  {
    code: "quota-exceeded",
    when: (refusal) => refusal.status === 429 || has(/rateLimitExceeded|quotaExceeded|jobRateLimitExceeded/)(refusal),
    why: "a quota is used up",
    next: () => "candlelake status",
  },
  {
    code: "wrong-project",
    when: (refusal) =>
      has(/project[^.]*(?:not found|does not exist)|Unknown project|Invalid project|Not found: Project/i)(refusal),
    why: "there is no such project, or it is not visible",
    next: () => "gcloud projects list",
  },
  {
    code: "permission-denied",
    when: ({ status }) => status === 403,
    why: "a permission is missing",
    next: grant,
  },
  {
    code: "bucket-conflict",
    when: ({ status }, { service }) => status === 412 && service === "storage",
    why: "it was changed meanwhile",
    next: () => "candlelake upload",
  },
  {
    code: "no-bucket",
    when: (refusal, { service }) =>
      service === "storage" && refusal.status === 404 && has(/bucket does not exist|bucket/i)(refusal),
    why: "there is no such bucket",
    next: (_, { label }) => `gcloud storage buckets create ${bucketOf(label)} --location us-central1`,
  },
  {
    code: "unreachable",
    when: ({ network, message }) => network !== undefined || /socket hang up|network|timed? ?out/i.test(message),
    why: "it does not answer",
    next: () => "candlelake config",
  },
  {
    code: "unavailable",
    when: ({ status }) => status !== undefined && status >= 500,
    why: "it answers with an error of its own, also after some tries",
    next: () => "candlelake status",
  },
];

/**
 * A client library's error as ours: its cause, who lacks what, and the next command. What it carries of requests and
 * responses is left behind: tokens are in them.
 */
export function googleFailure(error: unknown, attempt: Attempt): StoreError | WarehouseError | DataError | UsageError {
  if (error instanceof AppError) return error as StoreError;
  const refusal = refusalOf(error);
  const rule = RULES.find(({ when }) => when(refusal, attempt));
  const { service, label, doing } = attempt;
  const Failure = service === "storage" ? StoreError : WarehouseError;
  const message = `${label}: ${doing}: ${rule ? `${rule.why}: ` : ""}${firstLine(refusal.message)}`;
  return new Failure(rule?.code ?? `${service}-failed`, message, rule?.next(refusal, attempt) ?? "candlelake config");
}

const firstLine = (message: string): string => message.split("\n", 1)[0]?.slice(0, 500) || "no reason was given";
