import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DataError } from "../../src/core/errors.ts";
import { objectKey } from "../../src/core/layout.ts";
import { type Entry, type Manifest, manifestText } from "../../src/core/manifest.ts";
import { parseManifest } from "../../src/core/manifest-reader.ts";
import { spot } from "../fakes/series.ts";
import { anyManifest, MONTH } from "./manifests.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const series = spot("1h");
const object = objectKey("spot_klines", series, "2025-02-03");
const ENTRY: Entry = {
  object,
  sha256: "a".repeat(64),
  content: "b".repeat(64),
  bytes: 3512,
  rows: 24,
  span: [Date.UTC(2025, 1, 3), Date.UTC(2025, 1, 3, 23)],
  gaps: [{ from: Date.UTC(2025, 1, 3, 5), to: Date.UTC(2025, 1, 3, 6), class: "unknown", bars: 1 }],
  notes: [{ kind: "zero-volume", count: 2 }],
  quarantined: null,
  inputs: { "funding_rates/2025-02-03": "" },
  source: "rest",
  confirmedBy: "archive-daily",
  host: "api.binance.us",
  archives: null,
  disagreements: [],
  asOf: Date.UTC(2025, 1, 4, 1),
  revisions: [{ content: "c".repeat(64), sha256: null, rows: 23, asOf: Date.UTC(2025, 1, 3, 23) }],
};
const MANIFEST: Manifest = {
  table: "spot_klines",
  series,
  month: MONTH,
  listed: Date.UTC(2019, 8, 23),
  ended: undefined,
  partitions: new Map([["2025-02-03", ENTRY]]),
};
const TEXT = manifestText(MANIFEST);

const read = (text: string): Manifest => parseManifest(bytesOf(text), "spot_klines", series, MONTH);

/** The manifest with one value of its JSON put in the place of another. */
function changed(path: readonly string[], value: unknown): string {
  const file = JSON.parse(TEXT);
  let at = file;
  for (const name of path.slice(0, -1)) at = at[name];
  const last = path.at(-1) as string;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return JSON.stringify(file);
}

function refusedBecause(why: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof DataError, String(error));
    assert.equal(error.code, "bad-manifest");
    assert.equal(error.exitCode, 3);
    assert.ok(
      error.message.startsWith("_manifests/spot_klines/binance-us_btcusdt_spot_1h_2025-02.json cannot be read: "),
    );
    assert.match(error.message, why);
    assert.equal(
      error.next,
      "candlelake ingest spot --venue binance-us --symbol BTCUSDT --interval 1h --date 2025-02 --force",
    );
    return true;
  };
}

test("what is written is what is read", () => {
  fc.assert(
    fc.property(anyManifest, (manifest) => {
      const { table, series: of, month } = manifest;
      assert.deepEqual(parseManifest(bytesOf(manifestText(manifest)), table, of, month), manifest);
    }),
  );
});

test("the same manifest is the same text, in whatever order its days were recorded", () => {
  fc.assert(
    fc.property(anyManifest, (manifest) => {
      const partitions = new Map([...manifest.partitions].reverse());
      assert.equal(manifestText({ ...manifest, partitions }), manifestText(manifest));
    }),
  );
});

test("a day's entry is a line of its own", () => {
  const lines = TEXT.trimEnd().split("\n");
  assert.equal(lines.length, 4);
  assert.ok(lines[2]?.startsWith(`  "2025-02-03": {"object":"${object}"`));
});

test("a file cut anywhere is refused, never read as less", () => {
  for (let length = 0; length < TEXT.trimEnd().length; length++) {
    assert.throws(() => read(TEXT.slice(0, length)), refusedBecause(/it is no JSON/));
  }
});

test("a newer format is told from damage, and nothing but the version is said of it", () => {
  for (const text of [changed(["format"], 2), '{"format": 7}']) {
    assert.throws(() => read(text), { code: "newer-format", exitCode: 3, next: "candlelake --version" });
  }
});

const damaged: [what: string, path: string[], value: unknown, why: RegExp][] = [
  ["no format", ["format"], undefined, /format is missing/],
  ["a format in words", ["format"], "1", /format is missing/],
  ["format 0", ["format"], 0, /format is missing/],
  ["another table", ["table"], "futures_klines", /it is of futures_klines/],
  ["another kind", ["kind"], "metrics", /it is of spot_klines metrics/],
  ["another venue", ["venue"], "binance", /it is of spot_klines klines binance/],
  ["the other world", ["venue"], "synthetic", /it is of spot_klines klines synthetic/],
  ["another market", ["market"], "um", /it is of/],
  ["another symbol", ["symbol"], "ETHUSDT", /it is of/],
  ["another interval", ["step"], "5m", /it is of .* 5m/],
  ["no interval", ["step"], null, /it is of/],
  ["another month", ["month"], "2025-03", /it is of/],
  ["no symbol", ["symbol"], undefined, /symbol is missing/],
  ["a number for a listing", ["listed"], 5, /listed is missing/],
  ["a listing that is no time", ["listed"], "soon", /listed is missing/],
  ["no partitions", ["partitions"], undefined, /partitions is no object/],
  ["a list of partitions", ["partitions"], [], /partitions is no object/],
  ["a day of another month", ["partitions"], { "2025-03-03": ENTRY }, /2025-03-03: it is no day of 2025-02/],
  ["a day that does not exist", ["partitions"], { "2025-02-30": ENTRY }, /2025-02-30: it is no day of 2025-02/],
  ["a day in words", ["partitions"], { yesterday: ENTRY }, /yesterday: it is no day/],
  ["no entry", ["partitions", "2025-02-03"], null, /2025-02-03: an entry is no object/],
  ["a list for an entry", ["partitions", "2025-02-03"], [], /an entry is no object/],
];
const entryDamage: [what: string, name: string, value: unknown, why: RegExp][] = [
  ["a number for an object", "object", 5, /object is missing/],
  ["the object of another day", "object", object.replaceAll("03", "04"), /object is not spot_klines/],
  ["an object outside the lake", "object", "../../secret", /object is not spot_klines/],
  ["rows without an object", "object", null, /disagree/],
  ["rows without a hash", "sha256", null, /disagree/],
  ["a hash in capitals", "sha256", "A".repeat(64), /sha256 is missing/],
  ["a short hash", "sha256", "abc", /sha256 is missing/],
  ["no content", "content", undefined, /content is missing/],
  ["a content hash in words", "content", "none", /content is missing/],
  ["bytes in words", "bytes", "3512", /bytes is missing/],
  ["an object without bytes", "bytes", 0, /disagree/],
  ["half a row", "rows", 23.5, /rows is missing/],
  ["fewer rows than none", "rows", -1, /rows is missing/],
  ["an object without rows", "rows", 0, /disagree/],
  ["more rows than can be counted", "rows", 1e300, /rows is missing/],
  ["a span of one time", "span", ["2025-02-03T00:00:00.000Z"], /span is no pair/],
  ["a span in numbers", "span", [1, 2], /span is no pair/],
  ["a span of another day", "span", ["2025-02-04T00:00:00.000Z", "2025-02-04T01:00:00.000Z"], /span lies outside/],
  ["a span that runs backward", "span", ["2025-02-03T05:00:00.000Z", "2025-02-03T01:00:00.000Z"], /span lies outside/],
  ["no gaps", "gaps", undefined, /gaps is missing/],
  ["a gap in words", "gaps", ["all"], /a gap is no object/],
  [
    "a gap of no class",
    "gaps",
    [{ from: "2025-02-03T00:00:00.000Z", to: "2025-02-03T01:00:00.000Z", bars: 1 }],
    /class/,
  ],
  ["notes that are an object", "notes", {}, /notes is missing/],
  ["a note without a count", "notes", [{ kind: "x" }], /count is missing/],
  ["quarantined in words", "quarantined", "some", /quarantined is no object/],
  ["evidence outside the lake", "quarantined", { rows: 1, object: "/etc/passwd" }, /quarantined is not _quarantine/],
  ["inputs that are a list", "inputs", [], /inputs is no object/],
  ["an input that is no hash", "inputs", { a: 5 }, /a is missing/],
  ["no source", "source", undefined, /source is missing/],
  ["no host", "host", null, /host is missing/],
  ["a local time", "asOf", "2025-02-04T01:00:00", /asOf is missing/],
  ["a day for a time", "asOf", "2025-02-04", /asOf is missing/],
  ["revisions in words", "revisions", "two", /revisions is missing/],
  [
    "a revision of no rows",
    "revisions",
    [{ content: "b".repeat(64), asOf: "2025-02-04T01:00:00.000Z" }],
    /rows is missing/,
  ],
];
for (const [what, path, value, why] of damaged) {
  test(`refused: ${what}`, () => assert.throws(() => read(changed(path, value)), refusedBecause(why)));
}
for (const [what, name, value, why] of entryDamage) {
  const text = changed(["partitions", "2025-02-03", name], value);
  test(`refused: ${what}`, () => assert.throws(() => read(text), refusedBecause(why)));
}

for (const text of ["", "null", "[]", '"manifest"', "12", "{}", "\u0000\u0000\u0000", "<html></html>"]) {
  test(`refused: a file that holds ${JSON.stringify(text)}`, () => {
    assert.throws(() => read(text), refusedBecause(/no JSON|no object|format is missing/));
  });
}

test("a manifest that names nothing it should not know is still read", () => {
  assert.deepEqual(read(changed(["comment"], "kept by hand")), MANIFEST);
});
