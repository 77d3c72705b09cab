import assert from "node:assert/strict";
import { test } from "node:test";
import { BUCKET, objectPath, storageLab } from "../fakes/storage-lab.ts";

test("Google's client makes, finds, changes and removes buckets", async () => {
  await using lab = await storageLab();
  const { client } = lab;
  const bucket = client.bucket("a-lake");
  assert.deepEqual(await bucket.exists(), [false]);
  await client.createBucket("a-lake", { location: "europe-west1", storageClass: "NEARLINE" });
  const [metadata] = await bucket.getMetadata();
  assert.deepEqual([metadata.location, metadata.storageClass], ["EUROPE-WEST1", "NEARLINE"]);
  assert.equal(metadata.softDeletePolicy?.retentionDurationSeconds, "604800");
  await assert.rejects(client.createBucket("a-lake"), { code: 409 });
  await bucket.setLabels({ team: "data" });
  assert.deepEqual((await bucket.getLabels())[0], { team: "data" });
  const [found] = await client.getBuckets();
  assert.deepEqual(
    found.map(({ name }) => name),
    ["a-lake", "demo-bucket"],
  );
  await bucket.file("x").save("x", { resumable: false });
  assert.equal((await bucket.file("x").getMetadata())[0].storageClass, "NEARLINE");
  await assert.rejects(bucket.delete(), { code: 409 });
  await bucket.file("x").delete();
  await bucket.delete();
  assert.equal((await lab.ask("POST", "/b?project=demo", { name: "No" })).status, 400);
  assert.equal((await lab.ask("POST", "/b", { name: "yes-it-is" })).status, 400);
});

test("demo-bucket is there at once, by both paths", async () => {
  await using lab = await storageLab();
  for (const path of [BUCKET, "/b/demo-bucket"]) {
    const { status, body } = await lab.ask("GET", path);
    assert.deepEqual([status, body["name"], body["location"]], [200, "demo-bucket", "US-CENTRAL1"]);
  }
  assert.equal((await lab.ask("PATCH", `${BUCKET}?ifMetagenerationMatch=2`, {})).status, 412);
});

test("a retention policy refuses overwriting and deletion until its time is over", async () => {
  let now = Date.UTC(2025, 0, 1);
  await using lab = await storageLab({ now: () => now });
  const bucket = lab.client.bucket("demo-bucket");
  await lab.put("kept", "1");
  await bucket.setRetentionPeriod(3600);
  for (const attempt of [() => lab.put("kept", "2"), () => lab.ask("DELETE", objectPath("kept"))]) {
    const { status, body } = await attempt();
    assert.deepEqual([status, body.error?.errors[0]?.reason], [403, "retentionPolicyNotMet"]);
    assert.match(body.error?.message ?? "", /^Object 'demo-bucket\/kept' is subject to bucket's retention policy/);
    assert.match(body.error?.message ?? "", /until 2025-01-01T01:00:00\.000Z$/);
  }
  assert.equal((await lab.put("new", "1")).status, 200);
  now += 3_600_000;
  assert.equal((await lab.put("kept", "2")).status, 200);
  await bucket.removeRetentionPeriod();
  assert.equal((await lab.ask("DELETE", objectPath("kept"))).status, 204);
});

test("a hold refuses until it is lifted", async () => {
  await using lab = await storageLab();
  await lab.put("held", "1");
  await lab.ask("PATCH", objectPath("held"), { temporaryHold: true });
  const { status, body } = await lab.put("held", "2");
  assert.deepEqual([status, body.error?.errors[0]?.reason], [403, "objectUnderActiveHold"]);
  await lab.ask("PATCH", objectPath("held"), { temporaryHold: false });
  assert.equal((await lab.put("held", "2")).status, 200);
});

test("versioning keeps what was, readable by its generation and listed on request", async () => {
  await using lab = await storageLab();
  const { client, ask, put } = lab;
  await client.bucket("demo-bucket").setMetadata({ versioning: { enabled: true } });
  const path = objectPath("v");
  const first = (await put("v", "one")).body["generation"];
  const second = (await put("v", "two", `ifGenerationMatch=${first}`)).body["generation"];
  assert.equal((await ask("GET", `${path}?alt=media`)).bytes.toString(), "two");
  assert.equal((await ask("GET", `${path}?alt=media&generation=${first}`)).bytes.toString(), "one");
  assert.ok((await ask("GET", `${path}?generation=${first}`)).body["timeDeleted"]);
  const versions = async (query = "") =>
    (await ask("GET", `${BUCKET}/o?versions=true${query}`)).body.items?.map(({ generation }) => generation);
  assert.deepEqual(await versions(), [first, second]);
  const page = (await ask("GET", `${BUCKET}/o?versions=true&maxResults=1`)).body.nextPageToken;
  assert.deepEqual(await versions(`&pageToken=${page}`), [second]);

  assert.equal((await ask("DELETE", path)).status, 204);
  assert.equal((await ask("GET", path)).status, 404);
  assert.equal((await ask("GET", `${BUCKET}/o`)).body.items, undefined);
  assert.deepEqual(await versions(), [first, second]);
  assert.deepEqual(lab.twin.storage.names("demo-bucket", ""), []);
  assert.equal((await put("v", "three", "ifGenerationMatch=0")).status, 200);
  assert.equal((await ask("DELETE", `${path}?generation=${first}`)).status, 204);
  assert.equal((await versions())?.length, 2);
});

test("without versioning a generation that was replaced is gone", async () => {
  await using lab = await storageLab();
  const { generation } = (await lab.put("v", "one")).body;
  await lab.put("v", "two");
  assert.equal((await lab.ask("GET", `${objectPath("v")}?generation=${generation}`)).status, 404);
});
