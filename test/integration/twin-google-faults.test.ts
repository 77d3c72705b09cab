import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../../src/core/errors.ts";
import { startGoogleTwin } from "../../src/twin/google/start.ts";
import { BUCKET, objectPath, storageLab } from "../fakes/storage-lab.ts";

const PROJECT = "/bigquery/v2/projects/demo";
const dataset = (datasetId: string) => ({ datasetReference: { datasetId }, location: "us-central1" });

test("503 comes before the effect, 503-after comes after it", async () => {
  await using lab = await storageLab({ faults: "503@POST/upload@1, 503-after@POST/upload@2, 429@/o/rate, 500@/o/bug" });
  assert.equal((await lab.put("x", "1", "ifGenerationMatch=0")).status, 503);
  assert.equal((await lab.ask("GET", objectPath("x"))).status, 404);
  const { status, body } = await lab.put("x", "1", "ifGenerationMatch=0");
  assert.deepEqual([status, body.error?.errors[0]?.reason], [503, "backendError"]);
  assert.equal((await lab.put("x", "1", "ifGenerationMatch=0")).status, 412);
  assert.equal((await lab.ask("GET", objectPath("rate"))).status, 429);
  assert.equal((await lab.ask("GET", objectPath("bug"))).status, 500);
});

test("resets before and after the effect, and an answer that comes in halves", async () => {
  await using lab = await storageLab({ faults: "reset@/upload@1, reset-after@/upload@2, slow:20@/download" });
  await assert.rejects(lab.put("x", "1"));
  assert.equal((await lab.ask("GET", objectPath("x"))).status, 404);
  await assert.rejects(lab.put("x", "12"));
  assert.equal((await lab.ask("GET", objectPath("x"))).status, 200);
  assert.equal((await lab.ask("GET", `/download${objectPath("x")}`)).bytes.toString(), "12");
  assert.deepEqual(
    lab.twin.requests.map(({ method, status }) => [method, status]),
    [
      ["POST", 0],
      ["GET", 404],
      ["POST", 200],
      ["GET", 200],
      ["GET", 200],
    ],
  );
});

test("a fault finds an object's name in path and query, readable", async () => {
  await using lab = await storageLab({ faults: "503@/_manifests/a@2" });
  assert.equal((await lab.put("raw/_manifests/a.json", "1")).status, 200);
  assert.equal((await lab.put("raw/_manifests/b.json", "1")).status, 200);
  assert.equal((await lab.ask("GET", objectPath("raw/_manifests/a.json"))).status, 503);
  assert.equal((await lab.ask("GET", objectPath("raw/_manifests/a.json"))).status, 200);
});

test("a permission that is lacking is named, by fault or by option", async () => {
  await using lab = await storageLab({
    faults: "deny:storage.objects.create@1",
    denied: ["storage.objects.delete", "storage.buckets.get"],
  });
  const message = (access: string, resource: string) =>
    `demo@demo.iam.gserviceaccount.com does not have ${access} access to the Google Cloud Storage ${resource}. Permission '${access}' denied on resource (or it may not exist).`;
  const refused = await lab.put("x", "1");
  assert.deepEqual([refused.status, refused.body.error?.errors[0]?.reason], [403, "forbidden"]);
  assert.equal(refused.body.error?.message, message("storage.objects.create", "object"));
  assert.equal((await lab.put("x", "1")).status, 200);
  // To overwrite is to delete what was there.
  assert.equal((await lab.put("x", "2")).body.error?.message, message("storage.objects.delete", "object"));
  assert.equal((await lab.ask("DELETE", objectPath("x"))).status, 403);
  assert.equal((await lab.ask("GET", BUCKET)).body.error?.message, message("storage.buckets.get", "bucket"));
  const asked = "permissions=storage.objects.get&permissions=storage.objects.delete";
  const { body } = await lab.ask("GET", `${BUCKET}/iam/testPermissions?${asked}`);
  assert.deepEqual(body["permissions"], ["storage.objects.get"]);
  lab.twin.denied.clear();
  assert.equal((await lab.ask("DELETE", objectPath("x"))).status, 204);
});

test("BigQuery names what is lacking too, and on what", async () => {
  await using lab = await storageLab({ denied: ["bigquery.tables.updateData"] });
  const message = async (method: string, path: string, body: object) =>
    (await lab.ask(method, PROJECT + path, body)).body.error?.message;
  const destinationTable = { projectId: "demo", datasetId: "d", tableId: "t$202501" };
  assert.equal(
    await message("POST", "/jobs", { configuration: { load: { destinationTable } } }),
    "Access Denied: Table demo:d.t: Permission bigquery.tables.updateData denied on table demo:d.t (or it may not exist).",
  );
  lab.twin.denied.add("bigquery.datasets.create").add("bigquery.jobs.create");
  assert.equal(
    await message("POST", "/datasets", dataset("d")),
    "Access Denied: Project demo: User does not have bigquery.datasets.create permission in project demo.",
  );
  const { status, body } = await lab.ask("POST", `${PROJECT}/queries`, { query: "SELECT 1", useLegacySql: false });
  assert.deepEqual([status, body.error?.errors[0]?.reason], [403, "accessDenied"]);
});

test("a permission may lack on one dataset or bucket alone", async () => {
  const denied = new Set([
    "bigquery.tables.create other",
    "bigquery.tables.updateData other",
    "storage.objects.list other",
  ]);
  await using lab = await storageLab({ may: (permission, on) => !denied.has(`${permission} ${on}`) });
  const at = async (method: string, path: string, body?: object) => (await lab.ask(method, path, body)).status;
  for (const name of ["mine", "other"]) assert.equal(await at("POST", `${PROJECT}/datasets`, dataset(name)), 200);
  const table = (datasetId: string) => ({ tableReference: { projectId: "demo", datasetId, tableId: "t" } });
  assert.equal(await at("POST", `${PROJECT}/datasets/mine/tables`, table("mine")), 200);
  assert.equal(await at("POST", `${PROJECT}/datasets/other/tables`, table("other")), 403);
  const copy = {
    sourceTable: table("mine").tableReference,
    destinationTable: table("other").tableReference,
    writeDisposition: "WRITE_TRUNCATE",
  };
  assert.equal(await at("POST", `${PROJECT}/jobs`, { configuration: { copy } }), 403);
  denied.delete("bigquery.tables.updateData other");
  denied.add("bigquery.tables.getData mine");
  assert.equal(await at("POST", `${PROJECT}/jobs`, { configuration: { copy } }), 403);
  assert.equal(await at("GET", `${BUCKET}/o`), 200);
  assert.equal(await at("GET", `${BUCKET.replace("demo-bucket", "other")}/o`), 403);
});

test("credentials, billing and quotas, in the words of each service", async () => {
  await using lab = await storageLab({ faults: "expired@1-2, billing@3-4, quota@5-6" });
  const reasons: unknown[] = [];
  for (let i = 0; i < 3; i++)
    for (const path of [BUCKET, `${PROJECT}/datasets/d`]) {
      const { status, body } = await lab.ask("GET", path);
      reasons.push([status, body.error?.errors[0]?.reason]);
    }
  assert.deepEqual(reasons, [
    [401, "authError"],
    [401, "authError"],
    [403, "accountDisabled"],
    [403, "billingNotEnabled"],
    [403, "quotaExceeded"],
    [403, "quotaExceeded"],
  ]);
});

test("both services answer behind one address, and the settings name it", async () => {
  await using lab = await storageLab();
  const { url, settings } = lab.twin;
  assert.deepEqual(settings, {
    CANDLELAKE_STORAGE_ENDPOINT: url,
    CANDLELAKE_BIGQUERY_ENDPOINT: url,
    CANDLELAKE_BUCKET: "gs://demo-bucket",
    CANDLELAKE_WAREHOUSE: "bigquery:demo.btc_forecast_raw",
    GOOGLE_CLOUD_PROJECT: "demo",
  });
  assert.equal((await lab.ask("POST", `${PROJECT}/datasets`, dataset("d"))).status, 200);
  assert.equal((await lab.ask("GET", BUCKET)).status, 200);
});

test("a load job reads what the bucket has, by address and by wildcard", async () => {
  await using lab = await storageLab();
  await lab.ask("POST", `${PROJECT}/datasets`, dataset("d"));
  await lab.put("rows/a.json", '{"x":1}\n');
  await lab.put("rows/b.json", '{"x":2}\n{"x":3}\n');
  const load = async (...uris: string[]) => {
    const { body } = await lab.ask("POST", `${PROJECT}/jobs`, {
      configuration: {
        load: {
          sourceUris: uris.map((uri) => `gs://demo-bucket/${uri}`),
          sourceFormat: "NEWLINE_DELIMITED_JSON",
          schema: { fields: [{ name: "x", type: "INTEGER" }] },
          destinationTable: { projectId: "demo", datasetId: "d", tableId: "t" },
          writeDisposition: "WRITE_TRUNCATE",
        },
      },
    });
    const id = String(Object(body["jobReference"]).jobId);
    const job = await lab.ask("GET", `${PROJECT}/jobs/${id}?location=us-central1`);
    return Object(job.body["statistics"]).load?.outputRows ?? Object(job.body["status"]).errorResult?.reason;
  };
  assert.equal(await load("rows/a.json"), "1");
  assert.equal(await load("rows/*"), "3");
  assert.equal(await load("rows/none.json"), "notFound");
});

test("what the stand-in cannot send is a 500, and it goes on", async () => {
  await using lab = await storageLab();
  await lab.put("x", "1");
  assert.equal((await lab.ask("PATCH", objectPath("x"), { contentType: "a\nb" })).status, 200);
  const { status, body } = await lab.ask("GET", `${objectPath("x")}?alt=media`);
  assert.equal(status, 500);
  assert.match(body.error?.message ?? "", /^The stand-in failed: TypeError/);
  assert.equal((await lab.ask("GET", objectPath("x"))).status, 200);
});

test("a spec that cannot be read says why", async () => {
  for (const [faults, why] of [
    ["503-aftr", /did you mean 503-after/],
    ["deny", /deny needs a word/],
    ["503:5", /503 takes no number/],
    ["slow:x", /slow takes no word/],
    ["429@x", /says neither which requests nor which path/],
  ] as const)
    await assert.rejects(
      startGoogleTwin({ faults }),
      (error) => error instanceof UsageError && error.code === "bad-faults" && why.test(error.message),
    );
});
