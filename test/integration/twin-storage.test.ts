import assert from "node:assert/strict";
import { after, test } from "node:test";
import { BUCKET, bytesOf, crc32c, md5, objectPath, storageLab, UPLOAD } from "../fakes/storage-lab.ts";

const lab = await storageLab();
after(() => lab[Symbol.asyncDispose]());
const { client, ask, put } = lab;
const bucket = client.bucket("demo-bucket");

const code = (error: unknown) => (error instanceof Error && "code" in error ? error.code : undefined);

test("Google's client writes with metadata, reads back, lists and removes", async () => {
  const bytes = bytesOf(70_000);
  const file = bucket.file("raw/spot klines/ä=1/%2F ?#.parquet");
  await file.save(bytes, {
    resumable: false,
    preconditionOpts: { ifGenerationMatch: 0 },
    metadata: { contentType: "application/vnd.apache.parquet", metadata: { sha256: "abc", "row-count": "24" } },
  });
  const [metadata] = await file.getMetadata();
  assert.equal(metadata.name, file.name);
  assert.equal(metadata.size, "70000");
  assert.equal(metadata.md5Hash, md5(bytes));
  assert.equal(metadata.contentType, "application/vnd.apache.parquet");
  assert.deepEqual(metadata.metadata, { sha256: "abc", "row-count": "24" });
  assert.match(String(metadata.generation), /^\d{16}$/);
  assert.equal(metadata.metageneration, "1");
  assert.match(String(metadata.timeCreated), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const [read] = await file.download({ validation: "crc32c" });
  assert.ok(read.equals(bytes));
  const [files] = await bucket.getFiles({ prefix: "raw/spot klines/" });
  assert.deepEqual(
    files.map(({ name }) => name),
    [file.name],
  );
  await file.delete();
  assert.deepEqual(await file.exists(), [false]);
  await assert.rejects(file.getMetadata(), (error) => code(error) === 404);
});

test("sums are those of the bytes", async () => {
  // The check value of CRC-32C's definition, and what is left of nothing.
  const { body } = await put("sums/check", "123456789");
  assert.deepEqual([body["crc32c"], body["md5Hash"]], ["4waSgw==", "JfnnlDI7RTiF9RgfG2JNCw=="]);
  assert.equal((await put("sums/nothing", "")).body["crc32c"], "AAAAAA==");
  for (const length of [7, 8, 9, 70_001])
    assert.equal((await put("sums/some", bytesOf(length))).body["crc32c"], crc32c(bytesOf(length)));
});

test("bytes that are not what they are declared to be are refused, and leave nothing", async () => {
  const boundary = "a-boundary";
  const multipart = (resource: object) =>
    ask(
      "POST",
      `${UPLOAD}?uploadType=multipart&name=declared`,
      `--${boundary}\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(resource)}\r\n--${boundary}\r\ncontent-type: text/plain\r\n\r\nhello\r\n--${boundary}--`,
      { "content-type": `multipart/related; boundary=${boundary}` },
    );
  for (const resource of [{ crc32c: "AAAAAA==" }, { md5Hash: md5("hallo") }]) {
    const { status, body } = await multipart(resource);
    assert.equal(status, 400);
    assert.equal(body.error?.errors[0]?.reason, "invalid");
    assert.match(body.error?.message ?? "", /^Provided (?:CRC32C|MD5 hash) ".+" doesn't match calculated/);
  }
  assert.equal((await ask("GET", objectPath("declared"))).status, 404);
  const { status, body } = await multipart({ md5Hash: md5("hello"), contentLanguage: "en" });
  assert.equal(status, 200);
  assert.deepEqual([body["contentType"], body["contentLanguage"]], ["text/plain", "en"]);
  const inHeader = await ask("POST", `${UPLOAD}?uploadType=media&name=declared`, "hello", {
    "x-goog-hash": "crc32c=AAAAAA==",
  });
  assert.equal(inHeader.status, 400);
});

test("a body in parts is taken byte for byte, with either kind of line end", async () => {
  const bytes = Buffer.concat([bytesOf(3_000), Buffer.from("\r\n--x\r\n\r\n--y\n\r")]);
  for (const line of ["\r\n", "\n"]) {
    const body = Buffer.concat([
      Buffer.from(
        `${line === "\n" ? "\n" : ""}--==b==${line}Content-Type: application/json${line}${line}{"name":"parts"}${line}--==b==${line}Content-Type: a/b${line}${line}`,
      ),
      bytes,
      Buffer.from(`${line}--==b==--`),
    ]);
    const type = { "content-type": `multipart/related; boundary='==b=='` };
    const { status } = await ask("POST", `${UPLOAD}?uploadType=multipart`, body, type);
    assert.equal(status, 200);
    assert.ok((await ask("GET", `${objectPath("parts")}?alt=media`)).bytes.equals(bytes));
    const cut = await ask("POST", `${UPLOAD}?uploadType=multipart`, body.subarray(0, -20), type);
    assert.equal(cut.status, 400);
  }
});

test("preconditions hold for writes", async () => {
  const first = await put("p/write", "1", "ifGenerationMatch=0");
  assert.equal(first.status, 200);
  const { generation } = first.body;
  const refused = async (query: string) => {
    const { status, body } = await put("p/write", "x", query);
    assert.equal(status, 412, query);
    assert.equal(body.error?.errors[0]?.reason, "conditionNotMet");
    assert.equal(body.error?.message, "At least one of the pre-conditions you specified did not hold.");
  };
  await refused("ifGenerationMatch=0");
  await refused("ifGenerationMatch=1");
  await refused(`ifGenerationNotMatch=${generation}`);
  await refused("ifMetagenerationMatch=2");
  await refused("ifMetagenerationNotMatch=1");
  assert.equal((await put("p/none", "x", "ifGenerationMatch=1")).status, 412);
  assert.equal((await put("p/none", "x", "ifGenerationNotMatch=0")).status, 412);
  assert.equal((await put("p/none", "x", "ifMetagenerationMatch=1")).status, 412);
  assert.equal((await put("p/none", "x", "ifGenerationMatch=one")).status, 400);
  assert.equal((await ask("GET", `${objectPath("p/write")}?alt=media`)).bytes.toString(), "1");
  const second = await put("p/write", "2", `ifGenerationMatch=${generation}&ifMetagenerationMatch=1`);
  assert.equal(second.status, 200);
  assert.ok(Number(second.body["generation"]) > Number(generation));
});

test("preconditions hold for reads, changes and deletions", async () => {
  const { generation } = (await put("p/rest", "1")).body;
  const path = objectPath("p/rest");
  const status = async (method: string, query: string, body?: object) => {
    const answer = await ask(method, `${path}?${query}`, body);
    return answer.status;
  };
  for (const alt of ["json", "media"]) {
    assert.equal(await status("GET", `alt=${alt}&ifGenerationMatch=${generation}`), 200);
    assert.equal(await status("GET", `alt=${alt}&ifGenerationMatch=5`), 412);
    assert.equal(await status("GET", `alt=${alt}&ifGenerationNotMatch=${generation}`), 304);
    assert.equal(await status("GET", `alt=${alt}&ifMetagenerationNotMatch=1`), 304);
  }
  assert.equal(await status("PATCH", "ifMetagenerationMatch=2", { metadata: { a: "1" } }), 412);
  assert.equal(await status("PATCH", `ifMetagenerationMatch=1`, { metadata: { a: "1", b: "2" } }), 200);
  const changed = await ask("PATCH", path, { metadata: { a: null }, contentType: "x/y" });
  assert.deepEqual(changed.body["metadata"], { b: "2" });
  assert.deepEqual(
    [changed.body["generation"], changed.body["metageneration"], changed.body["contentType"]],
    [generation, "3", "x/y"],
  );
  assert.equal(await status("DELETE", "ifGenerationMatch=5"), 412);
  assert.equal(await status("DELETE", `ifGenerationNotMatch=${generation}`), 412);
  assert.equal(await status("DELETE", `ifGenerationMatch=${generation}`), 204);
  assert.equal(await status("DELETE", `ifGenerationMatch=${generation}`), 404);
});

test("generations grow though the clock stands still", async () => {
  await using still = await storageLab({ now: Date.UTC(2025, 0, 1) });
  const generations: unknown[] = [];
  for (let i = 0; i < 3; i++) generations.push((await still.put("same", "x")).body["generation"]);
  assert.deepEqual(generations, ["1735689600000000", "1735689600000001", "1735689600000002"]);
});

test("a part of an object is read by its range", async () => {
  await put("range", "0123456789");
  const read = (range: string) => ask("GET", `/download${objectPath("range")}`, undefined, { range });
  for (const [range, text, content] of [
    ["bytes=2-4", "234", "bytes 2-4/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=7-100", "789", "bytes 7-9/10"],
    ["bytes=-3", "789", "bytes 7-9/10"],
  ] as const) {
    const answer = await read(range);
    assert.deepEqual([answer.status, answer.bytes.toString()], [206, text]);
    assert.equal(answer.headers.get("content-range"), content);
  }
  assert.equal((await read("bytes=10-")).status, 416);
  assert.equal((await read("bytes=4-2")).status, 200);
  const whole = await ask("GET", `/b/demo-bucket/o/range?alt=media`);
  assert.equal(whole.headers.get("x-goog-hash"), `crc32c=${crc32c("0123456789")},md5=${md5("0123456789")}`);
});

test("copies and compositions", async () => {
  const source = bucket.file("copy/a");
  await source.save("aa", { resumable: false, metadata: { metadata: { kept: "yes" } } });
  await source.copy(bucket.file("copy/b"));
  assert.deepEqual((await bucket.file("copy/b").getMetadata())[0].metadata, { kept: "yes" });
  const path = `${objectPath("copy/a")}/rewriteTo/b/demo-bucket/o/copy%2Fb`;
  assert.equal((await ask("POST", `${path}?ifGenerationMatch=0`, {})).status, 412);
  assert.equal((await ask("POST", `${path}?ifSourceGenerationMatch=1`, {})).status, 412);
  const rewritten = await ask("POST", path, { contentType: "a/b" });
  assert.deepEqual([rewritten.body["done"], rewritten.body["objectSize"]], [true, "2"]);
  await bucket.combine(["copy/a", "copy/b"], "copy/ab");
  const [{ md5Hash, componentCount, crc32c }] = await bucket.file("copy/ab").getMetadata();
  assert.deepEqual([md5Hash, componentCount, typeof crc32c], [undefined, 2, "string"]);
  assert.equal(String((await bucket.file("copy/ab").download())[0]), "aaaa");
});

test("what is not there, or not understood, is refused in Google's shape", async () => {
  const missing = await ask("GET", objectPath("no/such"));
  const message = "No such object: demo-bucket/no/such";
  assert.deepEqual(missing.body, {
    error: { code: 404, message, errors: [{ message, domain: "global", reason: "notFound" }] },
  });
  assert.equal((await ask("GET", "/storage/v1/b/none/o")).body.error?.message, "The specified bucket does not exist.");
  assert.equal((await ask("POST", "/upload/storage/v1/b/none/o?uploadType=media&name=x", "x")).status, 404);
  assert.equal((await ask("GET", "/storage/v2/b")).status, 404);
  assert.equal((await ask("GET", `${BUCKET}/o/a/b`)).status, 404);
  assert.equal((await ask("GET", `${BUCKET}/o/%ff`)).status, 400);
  assert.equal((await put("", "x")).status, 400);
  assert.equal((await put("x".repeat(1025), "x")).status, 400);
  assert.equal((await ask("POST", `${UPLOAD}?uploadType=odd&name=x`, "x")).status, 400);
  assert.equal((await ask("PATCH", `${BUCKET}`, "{")).body.error?.errors[0]?.reason, "parseError");
  assert.equal((await ask("GET", `${BUCKET}/o?matchGlob=**`)).status, 501);
});

test("load jobs see what was written", async () => {
  await put("jobs/b", "b");
  await put("jobs/a", "a");
  await put("jobs/c", "c");
  await ask("DELETE", objectPath("jobs/b"));
  const { storage } = lab.twin;
  assert.equal(storage.location("demo-bucket"), "us-central1");
  assert.equal(storage.location("none"), undefined);
  assert.deepEqual(storage.names("demo-bucket", "jobs/"), ["jobs/a", "jobs/c"]);
  assert.equal(Buffer.from(storage.read("demo-bucket", "jobs/a") ?? []).toString(), "a");
  assert.equal(storage.read("demo-bucket", "jobs/b"), undefined);
});
