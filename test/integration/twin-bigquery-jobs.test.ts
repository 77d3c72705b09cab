import assert from "node:assert/strict";
import { test } from "node:test";
import { FIELDS, hours, into, type Lab, parquetOf, startKlines } from "../fakes/bigquery-lab.ts";

const JOBS = "projects/demo/jobs";

/** Inserts a load of January under an id. */
const insert = (lab: Lab, jobId: string, location?: string) =>
  lab.ask("POST", JOBS, {
    jobReference: { jobId, ...(location ? { location } : {}) },
    configuration: {
      load: {
        sourceUris: ["gs://lake/a.parquet"],
        sourceFormat: "PARQUET",
        schema: { fields: FIELDS },
        ...into("202501"),
      },
    },
  });

const get = (lab: Lab, jobId: string, location = "us-central1") =>
  lab.ask("GET", `${JOBS}/${jobId}${location ? `?location=${location}` : ""}`);

const addJanuary = async (lab: Lab) => {
  lab.buckets.objects.set("lake/a.parquet", await parquetOf(hours("2025-01-01", 3)));
};

test("a job id is taken once, whatever became of its job, and before anything happens", async () => {
  await using lab = await startKlines();
  const missing = await insert(lab, "first");
  assert.equal(missing.status, 200);
  assert.equal((await get(lab, "first")).body.status.errorResult.reason, "notFound");
  await addJanuary(lab);
  const again = await insert(lab, "first", "us-central1");
  assert.equal(again.status, 409);
  assert.deepEqual(again.body.error.errors, [
    { message: "Already Exists: Job demo:us-central1.first", domain: "global", reason: "duplicate" },
  ]);
  assert.equal((await insert(lab, "first")).status, 409);
  assert.deepEqual(await lab.column("SELECT count(*) FROM raw.klines"), ["0"]);
  assert.equal((await insert(lab, "second")).status, 200);
  assert.deepEqual(await lab.column("SELECT count(*) FROM raw.klines"), ["3"]);
});

test("ids have their letters and their length", async () => {
  await using lab = await startKlines();
  for (const id of ["a.b", "a b", "", "ä", "x".repeat(1_025)]) {
    const { status, body } = await insert(lab, id);
    assert.deepEqual([status, body.error.errors[0].reason], [400, "invalid"], id);
  }
  assert.equal((await insert(lab, `Aa_-9${"x".repeat(1_019)}`)).status, 200);
});

test("outside of the multi-regions a job is found by its location alone", async () => {
  await using lab = await startKlines();
  await insert(lab, "here");
  assert.equal((await get(lab, "here")).status, 200);
  assert.equal((await get(lab, "here", "")).body.error.message, "Not found: Job demo:here");
  assert.equal((await get(lab, "here", "US")).body.error.message, "Not found: Job demo:US.here");
  await lab.ask("POST", JOBS, {
    jobReference: { jobId: "there" },
    configuration: { query: { query: "SELECT 1", useLegacySql: false } },
  });
  assert.equal((await get(lab, "there", "")).status, 200);
});

test("a job that is sent to another place than its dataset's is not taken on", async () => {
  await using lab = await startKlines();
  const { status, body } = await insert(lab, "wrong", "EU");
  assert.equal(status, 404);
  assert.equal(body.error.message, "Not found: Dataset demo:raw was not found in location EU");
});

test("insert says no more than that the job is under way; numbers are text, times milliseconds", async () => {
  const now = Date.UTC(2025, 1, 3);
  await using lab = await startKlines({ now: () => now });
  await addJanuary(lab);
  const inserted = await insert(lab, "told");
  assert.deepEqual(inserted.body.status, { state: "RUNNING" });
  assert.equal(inserted.body.statistics.load, undefined);
  const { body } = await get(lab, "told");
  assert.deepEqual(body.status, { state: "DONE" });
  assert.deepEqual(body.jobReference, { projectId: "demo", jobId: "told", location: "us-central1" });
  const { creationTime, startTime, endTime, load } = body.statistics;
  assert.deepEqual([creationTime, startTime, endTime], [String(now), String(now), String(now)]);
  const inputFileBytes = String(lab.buckets.objects.get("lake/a.parquet")?.byteLength);
  // Three rows of a time, a double, an integer and a text of seven letters.
  const outputBytes = String(3 * (8 + 8 + 8 + 2 + 7));
  assert.deepEqual(load, { inputFiles: "1", inputFileBytes, outputRows: "3", outputBytes, badRecords: "0" });
});

test("a job that takes time shows its effect with the answer that says so", async () => {
  await using lab = await startKlines({ jobs: { polls: 2 } });
  await addJanuary(lab);
  await insert(lab, "slow");
  const rows = async () => (await lab.ask("GET", "projects/demo/datasets/raw/tables/klines")).body.numRows;
  assert.equal((await get(lab, "slow")).body.status.state, "RUNNING");
  assert.equal((await get(lab, "slow")).body.status.state, "RUNNING");
  assert.equal(await rows(), "0");
  assert.equal((await insert(lab, "slow")).status, 409);
  assert.equal((await get(lab, "slow")).body.status.state, "DONE");
  assert.equal(await rows(), "3");
  assert.equal((await get(lab, "slow")).body.statistics.load.outputRows, "3");
});

test("a job that dies has done nothing, and Google's client says why", async () => {
  await using lab = await startKlines({ jobs: { polls: 1, die: (job) => (job === 1 ? "backendError" : undefined) } });
  await addJanuary(lab);
  await insert(lab, "dies");
  const job = lab.client.job("dies", { location: "us-central1" });
  await assert.rejects(job.promise(), /Retrying may solve the problem/);
  const { body } = await get(lab, "dies");
  assert.deepEqual([body.status.state, body.status.errorResult.reason], ["DONE", "backendError"]);
  assert.deepEqual(body.status.errors, [body.status.errorResult]);
  lab.twin.jobs.polls = 0;
  assert.deepEqual(await lab.column("SELECT count(*) FROM raw.klines"), ["0"]);
  await insert(lab, "lives");
  assert.deepEqual(await lab.column("SELECT count(*) FROM raw.klines"), ["3"]);
});

test("a cancelled job has stopped; a deleted one keeps its id", async () => {
  await using lab = await startKlines({ jobs: { polls: 5 } });
  await addJanuary(lab);
  await insert(lab, "stops");
  await lab.ask("POST", `${JOBS}/stops/cancel?location=us-central1`);
  assert.equal((await get(lab, "stops")).body.status.errorResult.reason, "stopped");
  assert.equal((await lab.ask("DELETE", `${JOBS}/stops/delete?location=us-central1`)).status, 204);
  assert.equal((await get(lab, "stops")).status, 404);
  assert.equal((await insert(lab, "stops")).status, 409);
});

test("a table takes so many jobs a day, failed ones too", async () => {
  let now = Date.UTC(2025, 1, 3);
  await using lab = await startKlines({ now: () => now, jobs: { perTable: 2 } });
  await insert(lab, "failed");
  await addJanuary(lab);
  await insert(lab, "fits");
  await insert(lab, "exceeds");
  assert.deepEqual((await get(lab, "fits")).body.status, { state: "DONE" });
  const { errorResult } = (await get(lab, "exceeds")).body.status;
  assert.equal(errorResult.reason, "quotaExceeded");
  assert.match(
    errorResult.message,
    /^Quota exceeded: Your table exceeded quota for imports or query appends per table/,
  );
  now += 86_400_000;
  await insert(lab, "tomorrow");
  assert.deepEqual((await get(lab, "tomorrow")).body.status, { state: "DONE" });
});

test("jobs are listed, the newest first, in pages and by time", async () => {
  let now = 1_000;
  await using lab = await startKlines({ now: () => now });
  for (const id of ["one", "two", "three"]) {
    await insert(lab, id);
    now += 1_000;
  }
  const between = (await lab.ask("GET", `${JOBS}?minCreationTime=1500&maxCreationTime=2500`)).body;
  assert.equal(between.jobs.length, 1);
  assert.equal(between.jobs[0].jobReference.jobId, "two");
  const first = (await lab.ask("GET", `${JOBS}?maxResults=2&projection=full`)).body;
  assert.deepEqual(
    first.jobs.map(({ jobReference }: { jobReference: { jobId: string } }) => jobReference.jobId),
    ["three", "two"],
  );
  assert.equal(first.jobs[0].errorResult.reason, "notFound");
  const [rest] = (await lab.ask("GET", `${JOBS}?maxResults=2&pageToken=${first.nextPageToken}`)).body.jobs;
  assert.equal(rest.jobReference.jobId, "one");
});
