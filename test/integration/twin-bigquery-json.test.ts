import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Body, type Lab, startKlines } from "../fakes/bigquery-lab.ts";

const TABLE = { projectId: "demo", datasetId: "raw", tableId: "ledger" };
const schema = {
  fields: [
    { name: "month", type: "STRING", mode: "REQUIRED" },
    { name: "row_count", type: "INT64" },
    { name: "loaded_at", type: "TIMESTAMP" },
    { name: "share", type: "FLOAT64" },
  ],
};

const lines = (...rows: Body[]) => rows.map((row) => JSON.stringify(row)).join("\n");

function load(lab: Lab, text: string, section: Body = {}): Promise<Body> {
  lab.buckets.objects.set("lake/rows.json", Buffer.from(text));
  return lab.load({ destinationTable: TABLE, sourceFormat: "NEWLINE_DELIMITED_JSON", schema, ...section });
}

const row = { month: "2025-01", row_count: "744", loaded_at: "2025-02-01T00:00:00.123Z", share: 0.5 };

test("lines of JSON are appended, and read back as table data", async () => {
  await using lab = await startKlines();
  assert.deepEqual((await load(lab, lines(row, { ...row, month: "2025-02", share: null }))).status, { state: "DONE" });
  await load(lab, `${lines({ month: "2025-03", loaded_at: "2025-02-01 00:00:00 UTC" })}\n`, { schema: undefined });
  const { body } = await lab.ask(
    "GET",
    "projects/demo/datasets/raw/tables/ledger/data?selectedFields=month,share,loaded_at",
  );
  const cells = body.rows.map(({ f }: Body) => f.map(({ v }: Body) => v));
  assert.deepEqual(cells, [
    ["2025-01", "1.738368000123E9", "0.5"],
    ["2025-02", "1.738368000123E9", null],
    ["2025-03", "1.738368E9", null],
  ]);
});

test("a row that does not fit fails the whole job, with its place and its reason", async () => {
  await using lab = await startKlines();
  const failure = async (bad: Body, section: Body = {}) =>
    (await load(lab, lines(row, bad), section)).status.errorResult?.message ?? "";
  assert.match(await failure({ ...row, row_count: 1.5 }), /row 2: Could not convert value '1.5' to INTEGER/);
  assert.match(await failure({ ...row, row_count: "9223372036854775808" }), /Could not convert/);
  assert.match(await failure({ ...row, loaded_at: "yesterday" }), /Could not convert/);
  assert.match(await failure({ ...row, share: "much" }), /Could not convert/);
  assert.match(await failure({ ...row, share: [1] }), /Array specified for non-repeated field/);
  assert.match(await failure({ row_count: 1 }), /Missing required field: month/);
  assert.match(await failure({ ...row, other: 1 }), /No such field: other/);
  assert.equal(await failure({ ...row, other: 1 }, { ignoreUnknownValues: true }), "");
  assert.deepEqual(await lab.column("SELECT count(*) FROM raw.ledger"), ["2"]);
  const torn = await load(lab, `${lines(row)}\n{"month": `);
  assert.match(torn.status.errorResult.message, /row 2: Parser terminated/);
  const { status, statistics } = await load(lab, lines(row, { row_count: 1 }), { maxBadRecords: 1 });
  assert.deepEqual([status, statistics.load.outputRows, statistics.load.badRecords], [{ state: "DONE" }, "1", "1"]);
});

test("Google's own client uploads a file in one piece", async () => {
  await using lab = await startKlines();
  const folder = await mkdtemp(join(tmpdir(), "candlelake-test-"));
  try {
    const file = join(folder, "rows.json");
    await writeFile(file, lines(row));
    const table = lab.client.dataset("raw", { location: "us-central1" }).table("ledger");
    await table.load(file, { sourceFormat: "NEWLINE_DELIMITED_JSON", schema, location: "us-central1" });
    assert.deepEqual(await lab.column("SELECT row_count FROM raw.ledger"), ["744"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("an upload comes in pieces, and goes on where it was cut", async () => {
  await using lab = await startKlines();
  const data = Buffer.from(lines(...Array.from({ length: 4_000 }, () => row), { ...row, month: "2025-02" }));
  const piece = 256 * 1024;
  assert.ok(data.length > piece + 100);
  const configuration = { load: { destinationTable: TABLE, sourceFormat: "NEWLINE_DELIMITED_JSON", schema } };
  const reference = { jobId: "pieces" };
  const begin = await fetch(`${lab.url}/upload/bigquery/v2/projects/demo/jobs?uploadType=resumable`, {
    method: "POST",
    body: JSON.stringify({ jobReference: reference, configuration }),
  });
  const session = begin.headers.get("location") ?? "";
  const put = (range: string, body: Uint8Array<ArrayBuffer> = new Uint8Array()) =>
    fetch(session, { method: "PUT", headers: { "content-range": range }, body });
  const half = new Uint8Array(data.subarray(0, piece));
  const first = await put(`bytes 0-${piece - 1}/${data.length}`, half);
  assert.deepEqual([first.status, first.headers.get("range")], [308, `bytes=0-${piece - 1}`]);
  const asked = await put(`bytes */${data.length}`);
  assert.deepEqual([asked.status, asked.headers.get("range")], [308, `bytes=0-${piece - 1}`]);
  assert.equal((await lab.ask("GET", "projects/demo/jobs/pieces?location=us-central1")).status, 404);
  const rest = new Uint8Array(data.subarray(piece - 30));
  // A last answer that got lost is given again: the job is there once.
  for (const _ of [1, 2]) {
    const last = await put(`bytes ${piece - 30}-${data.length - 1}/${data.length}`, rest);
    assert.equal(last.status, 200);
  }
  assert.deepEqual(await lab.column("SELECT DISTINCT month FROM raw.ledger ORDER BY month"), ["2025-01", "2025-02"]);
  assert.deepEqual(await lab.column("SELECT count(*) FROM raw.ledger"), ["4001"]);
});
