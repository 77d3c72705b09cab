import assert from "node:assert/strict";
import { after, type TestContext, test } from "node:test";
import { inflateRawSync } from "node:zlib";
import { startTwin, type Twin } from "../../src/twin/start.ts";
import {
  bytesOf,
  get,
  linesOf,
  NOW,
  nameOf,
  SPOT,
  sumOf,
  twinWith,
  UM,
  type Unpacked,
  unpack,
} from "../fakes/archive-files.ts";

const twin = await startTwin({ now: NOW, limits: false });
after(() => twin.close());

const FILE = `${SPOT}/1d/BTCUSDT-1d-2025-01.zip`;
const right = await linesOf(twin, FILE);

/** The members of the file with faults in the twin; the checksum fits. */
async function struck(context: TestContext, faults: string, key = FILE): Promise<Unpacked[]> {
  const own = await twinWith(context, { faults, history: "all" });
  const zip = await bytesOf(own, key);
  assert.equal((await bytesOf(own, `${key}.CHECKSUM`)).toString(), `${sumOf(zip)}  ${nameOf(key)}`, faults);
  return unpack(zip);
}

test("faults of rows in files", async (context) => {
  const lines = async (faults: string, key?: string) => {
    const [member, ...others] = await struck(context, faults, key);
    assert.deepEqual(others, []);
    return (member?.text ?? "").split("\n").slice(0, -1);
  };
  const other = (line: string | undefined, field: number, value: string) =>
    line?.split(",").with(field, value).join(",");
  const [at, middle] = [15, right[15] as string];
  assert.deepEqual(await lines("csv-empty"), []);
  assert.deepEqual(await lines("csv-duplicate"), right.toSpliced(at, 0, middle));
  const trades = String(Number(middle.split(",")[8]) + 1);
  assert.deepEqual(await lines("csv-conflict"), right.toSpliced(at + 1, 0, other(middle, 8, trades) ?? ""));
  const off = String(Number(middle.split(",")[0]) + 20_799_000);
  assert.deepEqual(await lines("csv-off-grid"), right.with(at, other(middle, 0, off) ?? ""));
  assert.deepEqual(await lines("csv-unordered"), right.with(0, right.at(-1) ?? "").with(-1, right[0] ?? ""));
  assert.deepEqual(await lines("csv-hole"), right.toSpliced(14, 3));
  assert.deepEqual(await lines("csv-hole:30"), right.toSpliced(0, 30));
  assert.deepEqual(await lines("csv-hole:99"), []);
  const month = await lines("csv-other-month");
  const times = month.flatMap((line) => [0, 6].map((field) => Number(line.split(",")[field])));
  assert.equal(month.length, 31);
  assert.ok(times.every((time) => time >= Date.UTC(2024, 11, 1) * 1000 && time < Date.UTC(2025, 0, 1) * 1000));

  const metrics = `${UM}/daily/metrics/BTCUSDT/BTCUSDT-metrics-2025-01-02.zip`;
  const [header, ...labels] = await lines("csv-off-grid", metrics);
  assert.equal(labels[143]?.slice(0, 19), "2025-01-02 12:00:20");
  assert.deepEqual(await lines("csv-empty", metrics), [header]);
  assert.equal((await lines("csv-other-month", metrics))[1]?.slice(0, 19), "2025-01-01 00:05:00");
  const funding = `${UM}/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2025-01.zip`;
  const [, ...rates] = await lines("csv-conflict", funding);
  assert.equal(rates[46]?.split(",")[0], rates[47]?.split(",")[0]);
  assert.notEqual(rates[46], rates[47]);
});

test("faults of the ZIP around the rows", async (context) => {
  const text = `${right.join("\n")}\n`;
  const name = "BTCUSDT-1d-2025-01.csv";
  assert.deepEqual(await struck(context, "csv-other-symbol"), [{ name: "ETHUSDT-1d-2025-01.csv", text }]);
  assert.deepEqual(await struck(context, "zip-path"), [{ name: `../${name}`, text }]);
  assert.deepEqual(await struck(context, "zip-two"), [
    { name, text },
    { name: `copy-of-${name}`, text },
  ]);
  assert.deepEqual(await struck(context, "zip-path, csv-hole:29"), [
    { name: `../${name}`, text: `${right[0]}\n${right[30]}\n` },
  ]);
  for (const [faults, size] of [
    ["zip-bomb", 2 ** 30],
    ["zip-lie", text.length],
  ] as const) {
    const own = await twinWith(context, { faults });
    const zip = await bytesOf(own, FILE);
    assert.equal((await bytesOf(own, `${FILE}.CHECKSUM`)).toString().slice(0, 64), sumOf(zip));
    assert.equal(zip.readUInt32LE(22), size);
    const packed = zip.subarray(30 + name.length, 30 + name.length + zip.readUInt32LE(18));
    assert.throws(() => inflateRawSync(packed, { maxOutputLength: 64 * 2 ** 20 }), { code: "ERR_BUFFER_TOO_LARGE" });
    assert.ok(zip.length < 2 ** 21);
  }
});

test("faults of the checksum, and a ZIP that is cut under its checksum", async (context) => {
  const zip = await bytesOf(twin, FILE);
  const sum = `${sumOf(zip)}  ${nameOf(FILE)}`;
  const cut = await twinWith(context, { faults: "zip-cut" });
  assert.deepEqual(await bytesOf(cut, FILE), zip.subarray(0, zip.length >> 1));
  assert.equal((await bytesOf(cut, `${FILE}.CHECKSUM`)).toString(), sum);
  const bad = await twinWith(context, { faults: "bad-checksum@1" });
  assert.deepEqual(await bytesOf(bad, FILE), zip);
  const wrong = (await bytesOf(bad, `${FILE}.CHECKSUM`)).toString();
  assert.match(wrong, /^[0-9a-f]{64} {2}BTCUSDT-1d-2025-01\.zip$/);
  assert.notEqual(wrong, sum);
  assert.equal((await bytesOf(bad, `${FILE}.CHECKSUM`)).toString(), sum);
  const none = await twinWith(context, { faults: "no-checksum" });
  const missing = await get(none, `${FILE}.CHECKSUM`);
  assert.equal(missing.status, 404);
  assert.match(await missing.text(), new RegExp(`<Key>${FILE}.CHECKSUM</Key>`));
});

test("faults of ZIPs count files that are there, each with its checksum once, in either order", async (context) => {
  const january = FILE;
  const march = FILE.replace("2025-01", "2025-03");
  const fits = (own: Twin, first: string, second: string) => {
    const [a, b] = [first, second].map((key) => own.handle(`/binance-archive/${key}`).body);
    const [zip, sum] = first.endsWith("CHECKSUM") ? [b, a] : [a, b];
    assert.equal(
      Buffer.from(sum ?? [])
        .toString()
        .slice(0, 64),
      sumOf(zip ?? Buffer.alloc(0)),
    );
    return unpack(Buffer.from(zip ?? []))[0]?.text === "";
  };
  const sum = (key: string) => `${key}.CHECKSUM`;
  const own = await twinWith(context, { faults: "csv-empty@2" });
  own.handle(`/binance-archive/${FILE.replace("2025-01", "2026-08")}`);
  own.handle(`/binance-archive/${january}`, { head: true });
  own.handle("/binance-spot/api/v3/time");
  assert.deepEqual(
    [1, 2, 3].map(() => fits(own, january, sum(january))),
    [false, true, false],
  );
  const other = await twinWith(context, { faults: "csv-empty@2+4" });
  assert.deepEqual(
    [1, 2, 3, 4].map(() => fits(other, sum(march), march)),
    [false, true, false, true],
  );
  const narrow = await twinWith(context, { faults: "csv-empty@/BTCUSDT-1d-2025-03@1" });
  const found = [january, march, march].map((key) => fits(narrow, sum(key), key));
  assert.deepEqual(found, [false, true, false]);
  const part = narrow.handle(`/binance-archive/${january}`, { range: "bytes=0-3" });
  assert.deepEqual([part.status, Buffer.from(part.body).toString()], [206, "PK\x03\x04"]);
});

test("faults of any answer strike the archive too", async (context) => {
  const own = await twinWith(context, { faults: "503@1, html200@2, cut@3, 451@/binance-archive-list, timeout@5" });
  const ask = (path = `/binance-archive/${FILE}`) => own.handle(path);
  const answers = [ask(), ask(), ask(), ask("/binance-archive-list"), ask()];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [503, 200, 200, 451, 200],
  );
  assert.equal(answers[1]?.headers["content-type"], "text/html");
  assert.equal(answers[2]?.body.byteLength, (await bytesOf(twin, FILE)).length >> 1);
  assert.deepEqual(answers[4]?.delivery, { kind: "silence" });
});
