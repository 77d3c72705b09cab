import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Storage } from "@google-cloud/storage";
import { type Answer, bytesOf, md5, objectPath, storageLab, UPLOAD } from "../fakes/storage-lab.ts";

const QUANTUM = 256 * 1024;

const lab = await storageLab();
after(() => lab[Symbol.asyncDispose]());
const { ask, put } = lab;

async function begin(name: string, query = "", resource: object = {}, headers: Record<string, string> = {}) {
  const path = `${UPLOAD}?uploadType=resumable&name=${encodeURIComponent(name)}&${query}`;
  const answer = await ask("POST", path, resource, headers);
  return { answer, location: answer.headers.get("location") ?? "" };
}

const piece = (location: string, bytes: Uint8Array, range: string, headers: Record<string, string> = {}) =>
  ask("PUT", location, bytes, { "content-range": `bytes ${range}`, ...headers });

const state = ({ status, headers }: Answer) => [status, headers.get("range")];

test("an upload in pieces shows nothing before its last one, and says how far it came", async () => {
  const bytes = bytesOf(2 * QUANTUM + 100);
  const total = bytes.byteLength;
  const { answer, location } = await begin("r/pieces", "ifGenerationMatch=0", { metadata: { a: "1" } });
  assert.equal(answer.status, 200);
  assert.ok(location.startsWith(`${lab.twin.url}${UPLOAD}?uploadType=resumable`), location);
  assert.deepEqual(state(await piece(location, new Uint8Array(), "*/*")), [308, null]);
  assert.deepEqual(state(await piece(location, bytes.subarray(0, QUANTUM), `0-${QUANTUM - 1}/*`)), [
    308,
    "bytes=0-262143",
  ]);
  assert.equal((await ask("GET", objectPath("r/pieces"))).status, 404);
  assert.deepEqual(state(await piece(location, new Uint8Array(), `*/${total}`)), [308, "bytes=0-262143"]);
  // Sent again from the beginning, after a lost answer; what is no multiple of 256 KiB is not kept.
  const more = bytes.subarray(0, 2 * QUANTUM + 50);
  assert.deepEqual(state(await piece(location, more, `0-${more.byteLength - 1}/${total}`)), [308, "bytes=0-524287"]);
  const last = await piece(location, bytes.subarray(2 * QUANTUM), `${2 * QUANTUM}-${total - 1}/${total}`);
  assert.deepEqual([last.status, last.body["md5Hash"], last.body["metadata"]], [200, md5(bytes), { a: "1" }]);
  // The answer got lost: asking again tells the same, and writes nothing anew.
  const again = await piece(location, new Uint8Array(), "*/*");
  assert.deepEqual([again.status, again.body["generation"]], [200, last.body["generation"]]);
  assert.ok((await ask("GET", `${objectPath("r/pieces")}?alt=media`)).bytes.equals(bytes));
});

test("pieces that do not fit are refused", async () => {
  const { location } = await begin("r/misfit");
  const bytes = bytesOf(QUANTUM);
  assert.equal((await piece(location, bytes.subarray(0, 1000), "0-999/*")).status, 400);
  assert.equal((await piece(location, bytes, `${QUANTUM}-${2 * QUANTUM - 1}/*`)).status, 503);
  assert.equal((await piece(location, bytes.subarray(1), `0-${QUANTUM - 1}/*`)).status, 400);
  assert.equal((await piece(location, bytes, "what/ever")).status, 400);
  assert.equal((await ask("PUT", `${UPLOAD}?uploadType=resumable&upload_id=none`, bytes)).status, 404);
  const promised = await begin("r/misfit", "", {}, { "x-upload-content-length": "10" });
  assert.equal((await piece(promised.location, bytes.subarray(0, 9), "0-*/*")).status, 400);
  const { location: off } = await begin("r/misfit");
  assert.equal((await ask("DELETE", off)).status, 499);
  assert.equal((await piece(off, bytes, `0-${QUANTUM - 1}/${QUANTUM}`)).status, 499);
  assert.equal((await ask("GET", objectPath("r/misfit"))).status, 404);
});

test("an upload stays as long as it was said to be", async () => {
  const bytes = bytesOf(QUANTUM + 100);
  const total = bytes.byteLength;
  const [first, rest] = [bytes.subarray(0, QUANTUM), bytes.subarray(QUANTUM)];
  const { location } = await begin("r/length");
  assert.equal((await piece(location, first, `0-${QUANTUM - 1}/${total}`)).status, 308);
  for (const [more, range] of [
    [rest, `${QUANTUM}-${total - 1}/${total + 1}`],
    [rest, `${QUANTUM}-${total - 1}/${total - 1}`],
    [bytesOf(rest.byteLength + 1), `${QUANTUM}-${total}/${total}`],
    [bytesOf(rest.byteLength + 1), `${QUANTUM}-${total}/*`],
  ] as const)
    assert.equal((await piece(location, more, range)).status, 400, range);
  assert.equal((await piece(location, new Uint8Array(), `*/${total + 1}`)).status, 400);
  assert.deepEqual(state(await piece(location, new Uint8Array(), "*/*")), [308, `bytes=0-${QUANTUM - 1}`]);
  assert.equal((await piece(location, rest, `${QUANTUM}-${total - 1}/${total}`)).body["md5Hash"], md5(bytes));
  const promised = await begin("r/promised", "", {}, { "x-upload-content-length": String(total) });
  assert.equal((await piece(promised.location, bytes, `0-${total - 1}/${total - 1}`)).status, 400);
  assert.equal((await piece(promised.location, bytesOf(total + 1), `0-${total}/${total + 1}`)).status, 400);
  assert.equal((await piece(promised.location, bytes, `0-${total - 1}/${total}`)).status, 200);
});

test("an object has 8 KiB of metadata of its own and no more, however they come", async () => {
  const most = { name: "x".repeat(8 * 1024 - 4) };
  const more = { ...most, n: "" };
  assert.equal((await begin("r/much", "", { metadata: most })).answer.status, 200);
  assert.equal((await begin("r/much", "", { metadata: more })).answer.status, 400);
  await put("r/small", "1");
  assert.equal((await ask("PATCH", objectPath("r/small"), { metadata: most })).status, 200);
  // Bytes count, and what is there already.
  assert.equal((await ask("PATCH", objectPath("r/small"), { metadata: { é: "" } })).status, 400);
  assert.equal((await ask("PATCH", objectPath("r/small"), { metadata: { name: null, é: "" } })).status, 200);
});

test("conditions and declared sums hold at the beginning and at the end", async () => {
  await put("r/there", "1");
  assert.equal((await begin("r/there", "ifGenerationMatch=0")).answer.status, 412);
  const { location } = await begin("r/raced", "ifGenerationMatch=0");
  await put("r/raced", "first");
  assert.equal((await piece(location, Buffer.from("second"), "0-5/6")).status, 412);
  assert.equal((await ask("GET", `${objectPath("r/raced")}?alt=media`)).bytes.toString(), "first");
  const declared = await begin("r/declared", "", { md5Hash: md5("other") });
  assert.equal((await piece(declared.location, Buffer.from("bytes"), "0-4/5")).status, 400);
  const { location: late } = await begin("r/declared");
  assert.equal((await piece(late, Buffer.from("bytes"), "0-4/5", { "x-goog-hash": "crc32c=AAAAAA==" })).status, 400);
  assert.equal((await ask("GET", objectPath("r/declared"))).status, 404);
});

test("the other path of large uploads, a name in the resource, and no bytes at all", async () => {
  const begun = await ask("POST", `/resumable${UPLOAD}?uploadType=resumable`, { name: "r/other" });
  const location = begun.headers.get("location") ?? "";
  assert.match(location, /\/resumable\/upload\/storage\/v1\/b\/demo-bucket\/o\?/);
  assert.equal((await piece(location, new Uint8Array(), "*/0")).status, 200);
  assert.equal((await ask("GET", objectPath("r/other"))).body["size"], "0");
});

test("Google's client uploads in one stream and in pieces", async () => {
  const bytes = bytesOf(5 * QUANTUM + 17);
  for (const chunkSize of [undefined, QUANTUM, 2 * QUANTUM]) {
    const file = lab.client.bucket("demo-bucket").file(`r/client-${chunkSize}`);
    await file.save(bytes, {
      resumable: true,
      preconditionOpts: { ifGenerationMatch: 0 },
      ...(chunkSize === undefined ? {} : { chunkSize }),
    });
    const [read] = await file.download();
    assert.ok(read.equals(bytes));
    await assert.rejects(file.save(bytes, { resumable: true, preconditionOpts: { ifGenerationMatch: 0 } }));
  }
});

test("Google's client goes on after lost answers, and the object is written once", async () => {
  await using faulty = await storageLab({ faults: "reset@PUT/upload@1, 503-after@PUT/upload@3" });
  const client = new Storage({
    projectId: "demo",
    apiEndpoint: faulty.twin.url,
    retryOptions: { retryDelayMultiplier: 1 },
  });
  const bytes = bytesOf(2 * QUANTUM);
  const file = client.bucket("demo-bucket").file("r/again");
  await file.save(bytes, { resumable: true, chunkSize: QUANTUM, preconditionOpts: { ifGenerationMatch: 0 } });
  assert.ok((await file.download())[0].equals(bytes));
  const queries = faulty.twin.requests.filter(({ method }) => method === "PUT");
  assert.ok(queries.length > 3, "the client asked how far it came");
});
