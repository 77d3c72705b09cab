import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { ApiError } from "@google-cloud/storage";
import { Interrupted, StoreError, WarehouseError } from "../../src/core/errors.ts";
import { type Attempt, googleFailure } from "../../src/google/failure.ts";
import { commandOf } from "../cli/process.ts";

const STORAGE: Attempt = { service: "storage", label: "gs://lake", doing: "write raw/spot_klines/a.parquet" };
const BIGQUERY: Attempt = { service: "bigquery", label: "bigquery:my-project.btc_forecast_raw", doing: "load" };

type Answer = ConstructorParameters<typeof ApiError>[0] & object;

/** An error as Google's clients make it of an answer of the JSON APIs. */
function answered(status: number, reason: string, message: string, more: object = {}, headers: object = {}): ApiError {
  const error = { code: status, message, errors: [{ message, domain: "global", reason }], ...more };
  const response = { statusCode: status, headers, body: { error } };
  return Object.assign(new ApiError(error as unknown as Answer), { response });
}

/** As the authentication library makes it where no token is to be had. */
const oauth = (error: string, description: string, subtype?: string) =>
  Object.assign(new Error(error), {
    code: "400",
    status: 400,
    response: { status: 400, data: { error, error_description: description, error_subtype: subtype } },
  });

const network = (code: string, message: string) => Object.assign(new Error(message), { code, errno: code });

const BOT = "bot@my-project.iam.gserviceaccount.com";
const denied = (permission: string, what = "object", who = BOT): ApiError =>
  answered(
    403,
    "forbidden",
    `${who} does not have ${permission} access to the Google Cloud Storage ${what}. Permission '${permission}' denied on resource (or it may not exist).`,
  );

const LOGIN = "gcloud auth application-default login";
const bind = (role: string, member = `serviceAccount:${BOT}`) =>
  `gcloud storage buckets add-iam-policy-binding gs://lake --member=${member} --role=roles/${role}`;
const bindProject = (role: string, member = '"user:$(gcloud config get account)"') =>
  `gcloud projects add-iam-policy-binding my-project --member=${member} --role=roles/${role}`;

type Case = readonly [what: string, error: unknown, attempt: Attempt, code: string, next: string, passes?: boolean];

const CASES: readonly Case[] = [
  [
    "a workload identity's token that went away, which is no network",
    Object.assign(new Error("The file at /run/token does not exist, or it is not a file. ENOENT: no such file"), {
      ...{ code: "ENOENT", errno: -2, syscall: "realpath", path: "/run/token" },
    }),
    BIGQUERY,
    "bad-credentials",
    "unset GOOGLE_APPLICATION_CREDENTIALS",
  ],
  [
    "a bucket that is not there",
    answered(404, "notFound", "The specified bucket does not exist."),
    STORAGE,
    "no-bucket",
    "gcloud storage buckets create gs://lake --location us-central1",
  ],
  ["no right to create", denied("storage.objects.create"), STORAGE, "permission-denied", bind("storage.objectCreator")],
  ["no right to read", denied("storage.objects.get"), STORAGE, "permission-denied", bind("storage.objectViewer")],
  [
    "no right to list",
    denied("storage.objects.list", "bucket"),
    STORAGE,
    "permission-denied",
    bind("storage.objectViewer"),
  ],
  ["no right to replace", denied("storage.objects.delete"), STORAGE, "permission-denied", bind("storage.objectUser")],
  [
    "no right to look at the bucket, as a person",
    denied("storage.buckets.get", "bucket", "ann@example.com"),
    STORAGE,
    "permission-denied",
    bind("storage.legacyBucketReader", "user:ann@example.com"),
  ],
  [
    "no right to start jobs",
    answered(
      403,
      "accessDenied",
      "Access Denied: Project my-project: User does not have bigquery.jobs.create permission in project my-project.",
    ),
    BIGQUERY,
    "permission-denied",
    bindProject("bigquery.jobUser"),
  ],
  [
    "no right to read a table",
    answered(
      403,
      "accessDenied",
      "Access Denied: Table my-project:raw.t: Permission bigquery.tables.getData denied on table my-project:raw.t (or it may not exist).",
    ),
    BIGQUERY,
    "permission-denied",
    bindProject("bigquery.dataViewer"),
  ],
  [
    "no right to write a table, as a service account, in a job's own error",
    {
      reason: "accessDenied",
      message: `Access Denied: Dataset my-project:raw: The user ${BOT} does not have bigquery.tables.updateData permission.`,
    },
    BIGQUERY,
    "permission-denied",
    bindProject("bigquery.dataEditor", `serviceAccount:${BOT}`),
  ],
  [
    "no right to make a dataset",
    answered(
      403,
      "accessDenied",
      "Access Denied: Project my-project: User does not have bigquery.datasets.create permission in project my-project.",
    ),
    BIGQUERY,
    "permission-denied",
    bindProject("bigquery.user"),
  ],
  [
    "no right to use the quota's project",
    answered(
      403,
      "forbidden",
      "Caller does not have required permission to use project my-project. Grant the caller the roles/serviceusage.serviceUsageConsumer role.",
      { details: [{ reason: "USER_PROJECT_DENIED" }] },
    ),
    STORAGE,
    "permission-denied",
    bindProject("serviceusage.serviceUsageConsumer"),
  ],
  ["a token that is too old", answered(401, "authError", "Invalid Credentials"), STORAGE, "credentials-expired", LOGIN],
  ["a login that is too old", oauth("invalid_grant", "Bad Request"), BIGQUERY, "credentials-expired", LOGIN],
  [
    "a login that has to be repeated by policy",
    oauth("invalid_grant", "reauth related error (invalid_rapt)", "invalid_rapt"),
    STORAGE,
    "credentials-expired",
    LOGIN,
  ],
  [
    "a login that is missing after all",
    new Error("Could not load the default credentials. Browse to https://cloud.google.com/docs/authentication"),
    STORAGE,
    "no-credentials",
    LOGIN,
  ],
  [
    "a project that nobody pays for",
    answered(403, "accountDisabled", "The billing account for the owning project is disabled in state absent"),
    STORAGE,
    "billing-off",
    "gcloud billing accounts list",
  ],
  [
    "statements that the sandbox does not have",
    answered(
      403,
      "billingNotEnabled",
      "Billing has not been enabled for this project. Enable billing at https://console.cloud.google.com/billing.",
    ),
    BIGQUERY,
    "billing-off",
    "gcloud billing projects describe my-project",
  ],
  [
    "a service that is not enabled",
    answered(
      403,
      "accessNotConfigured",
      "BigQuery API has not been used in project 201908948134 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/bigquery.googleapis.com/overview?project=201908948134 then retry.",
      { details: [{ reason: "SERVICE_DISABLED" }] },
    ),
    BIGQUERY,
    "wrong-project",
    "gcloud services enable bigquery.googleapis.com --project 201908948134",
  ],
  [
    "the JSON API of storage that is not enabled",
    answered(
      403,
      "accessNotConfigured",
      "Cloud Storage JSON API has not been used in project other-project before or it is disabled.",
    ),
    STORAGE,
    "wrong-project",
    "gcloud services enable storage.googleapis.com --project other-project",
  ],
  [
    "a project that does not exist",
    answered(404, "notFound", "Not found: Project my-projekt"),
    BIGQUERY,
    "wrong-project",
    "gcloud projects list",
  ],
  [
    "a dataset that does not exist, in a project that does",
    answered(404, "notFound", "Not found: Dataset my-project:raw was not found in location us-central1"),
    BIGQUERY,
    "bigquery-failed",
    "candlelake config",
  ],
  [
    "a project that storage does not know",
    answered(400, "invalid", "Unknown project id: my-projekt"),
    STORAGE,
    "wrong-project",
    "gcloud projects list",
  ],
  [
    "a bucket that keeps its objects",
    answered(
      403,
      "retentionPolicyNotMet",
      "Object 'lake/raw/a' is subject to bucket's retention policy or object retention and cannot be deleted or overwritten until 2026-12-01",
    ),
    STORAGE,
    "retention",
    'gcloud storage buckets describe gs://lake --format="default(retention_policy)"',
  ],
  [
    "an object on hold",
    answered(403, "objectUnderActiveHold", "Object 'lake/raw/a' is under active Event-Based hold"),
    STORAGE,
    "retention",
    'gcloud storage buckets describe gs://lake --format="default(retention_policy)"',
  ],
  [
    "too many requests",
    answered(429, "rateLimitExceeded", "The object exceeded the rate limit for object mutation operations"),
    STORAGE,
    "quota-exceeded",
    "candlelake status",
    true,
  ],
  [
    "too many requests, said as a refusal",
    answered(403, "rateLimitExceeded", "Exceeded rate limits: too many table update operations for this table"),
    BIGQUERY,
    "quota-exceeded",
    "candlelake load",
    true,
  ],
  [
    "a day's quota",
    answered(403, "quotaExceeded", "Quota exceeded: Your table exceeded quota for imports or query appends per table"),
    BIGQUERY,
    "quota-exceeded",
    "candlelake load",
  ],
  [
    "a condition that does not hold",
    answered(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold."),
    STORAGE,
    "bucket-conflict",
    "candlelake upload",
  ],
  [
    "trouble at Google's",
    answered(503, "backendError", "Backend Error"),
    STORAGE,
    "unavailable",
    "candlelake status",
    true,
  ],
  [
    "a page in place of an answer",
    new ApiError({
      code: 502,
      message: "Bad Gateway",
      errors: [],
      response: { statusCode: 502, body: "<html>" },
    } as unknown as Answer),
    BIGQUERY,
    "unavailable",
    "candlelake status",
    true,
  ],
  [
    "nobody who listens",
    network("ECONNREFUSED", "request to http://127.0.0.1:1/ failed, reason: connect ECONNREFUSED 127.0.0.1:1"),
    STORAGE,
    "unreachable",
    "candlelake config",
  ],
  [
    "a name that does not resolve",
    new Error("request failed", { cause: network("ENOTFOUND", "getaddrinfo ENOTFOUND storage.googleapis.com") }),
    BIGQUERY,
    "unreachable",
    "candlelake config",
  ],
  ["a lost connection", network("ECONNRESET", "socket hang up"), STORAGE, "unreachable", "candlelake config", true],
  [
    "a name server that is away",
    network("EAI_AGAIN", "getaddrinfo EAI_AGAIN"),
    STORAGE,
    "unreachable",
    "candlelake config",
    true,
  ],
  [
    "an answer that does not come",
    Object.assign(new Error("network timeout at: https://storage.googleapis.com/"), { type: "request-timeout" }),
    STORAGE,
    "unreachable",
    "candlelake config",
    true,
  ],
  ["what is new to us", answered(400, "invalid", "Something else."), STORAGE, "storage-failed", "candlelake config"],
];

describe("what Google's clients throw", () => {
  for (const [what, error, attempt, code, next, passes = false] of CASES) {
    it(`${what} (${attempt.service}): ${code}`, () => {
      const failure = googleFailure(error, attempt);
      assert.ok(failure instanceof (attempt.service === "storage" ? StoreError : WarehouseError));
      assert.deepEqual([failure.code, failure.next, failure.retryable, failure.exitCode], [code, next, passes, 4]);
      assert.ok(failure.message.startsWith(`${attempt.label}: ${attempt.doing}: `), failure.message);
      assert.doesNotMatch(failure.message, /undefined|\[object|\n|Multiple errors/);
      assert.match(failure.message, /[.?!…)]$/);
      commandOf(failure.next);
    });
  }

  it("says which permission, and for whom", () => {
    const { message } = googleFailure(denied("storage.objects.create"), STORAGE);
    assert.ok(message.includes(`serviceAccount:${BOT} lacks storage.objects.create`), message);
  });

  it("says that a bucket which keeps its objects cannot take corrections", () => {
    const { message } = googleFailure(answered(403, "retentionPolicyNotMet", "kept"), STORAGE);
    assert.match(message, /cannot take .*corrections/);
  });

  it("hands on how long to wait", () => {
    const busy = answered(429, "rateLimitExceeded", "Slow down", {}, { "retry-after": "7" });
    assert.equal(googleFailure(busy, STORAGE).retryAfter, 7000);
  });

  it("hands back what is ours already", () => {
    const ours = new Interrupted();
    assert.equal(googleFailure(ours, STORAGE), ours);
  });
});

const TOKEN = "ya29.a0AfH6SMBx-secret_token.1234567890";
const SECRETS = [
  TOKEN,
  "MIIEvQsecretkeymaterial",
  "secretsignature0123456789",
  "secret-refresh-token",
  "1//0gsecretrefreshtoken-abcdefghijk",
  "GOCSPX-secretclient",
  "AIzaSyDsecretapikey0123456789abcdefghij",
  "eyJhbGciOiJSUzI1NiJ9.eyJzZWNyZXQiOiJ0cnVlIn0.c2VjcmV0",
  "ABsecretsession",
];

describe("no secret is in what is left of an error", () => {
  const [, key, signature, refresh, bare, client, api, signed, session] = SECRETS;
  const words = [
    `Authorization: Bearer ${TOKEN}`,
    `headers: {"authorization":"Bearer ${TOKEN}"}`,
    `token ${TOKEN} was refused`,
    `{"private_key": "-----BEGIN PRIVATE KEY-----\\n${key}\\n-----END PRIVATE KEY-----\\n", "private_key_id": "${key}"}`,
    `-----BEGIN RSA PRIVATE KEY-----\n${key}\n-----END RSA PRIVATE KEY-----`,
    `-----BEGIN PRIVATE KEY-----\n${key}`,
    `GET https://storage.googleapis.com/b/o?X-Goog-Algorithm=x&X-Goog-Signature=${signature}&X-Goog-Credential=${signature}`,
    `https://storage.googleapis.com/b/o?GoogleAccessId=a&Signature=${signature}`,
    `refresh_token=${refresh}&client_secret=${client}&grant_type=refresh_token`,
    `{'refresh_token': '${refresh}'}`,
    `the token ${bare} and ${client} and ${api}`,
    `assertion=${signed}`,
    `JWT ${signed}`,
    `PUT https://storage.googleapis.com/upload/storage/v1/b/b/o?uploadType=resumable&upload_id=${session}`,
  ];
  const clean = (text: string): void => {
    for (const secret of SECRETS) assert.ok(!text.includes(secret), text);
  };

  for (const [i, text] of words.entries()) {
    it(`in words of the kind ${i + 1}`, () => {
      clean(googleFailure(new Error(text), STORAGE).message);
      clean(inspect(googleFailure(new Error("x", { cause: new Error(text) }), BIGQUERY), { depth: 20 }));
      clean(JSON.stringify(googleFailure(text, STORAGE).detail));
    });
  }

  it("in the request that it carries, and in its stack", () => {
    const error = Object.assign(answered(503, "backendError", "Backend Error"), {
      config: { headers: { Authorization: `Bearer ${TOKEN}` }, url: words[6] },
      response: { statusCode: 503, request: { headers: { Authorization: `Bearer ${TOKEN}` } }, body: {} },
    });
    error.stack += `\n    at ${words[0]}`;
    clean(inspect(googleFailure(error, STORAGE), { depth: 20, showHidden: true }));
  });

  it("and names, keys and numbers stay as they are", () => {
    const text =
      "Object 'lake/raw/spot_klines/interval=1h/yyyy=2025/a_1h.parquet' at generation 1764080135123456 (token bucket)";
    assert.ok(googleFailure(new Error(text), STORAGE).message.includes(text));
  });
});
