import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { crc32, deflateRawSync, gzipSync } from "node:zlib";
import { decodeArchive } from "../../src/archive/decode.ts";
import { type ArchiveFile, archiveRange, archiveStem } from "../../src/core/archive-file.ts";
import { DataError } from "../../src/core/errors.ts";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import { check } from "../../src/market/check.ts";
import {
  candleLine,
  candleLines,
  FUNDING_HEADER,
  fileOf,
  fundingFile,
  futuresFile,
  KLINE_HEADER,
  METRICS_HEADER,
  metricsFile,
  metricsLine,
  spotFile,
  WHERE,
} from "../fakes/archive.ts";
import { type Member, type Zip, zipOf } from "../fakes/zip.ts";

const day = Date.UTC(2025, 0, 1);
const hourly = spotFile("1h", "2025-01-01");
const lines = candleLines(day, 24, "1h", "us");
const csv = fileOf(lines);
const name = "BTCUSDT-1h-2025-01-01.csv";
const good: Member = { name, data: csv };
const whole = zipOf([good]);

const member = (change: Partial<Member>, zip?: Zip): Buffer => zipOf([{ ...good, ...change }], zip);
const named = (other: string): Buffer => member({ name: other });
const cut = (bytes: number): Buffer => whole.subarray(0, bytes);
const put = (bytes: Uint8Array, at: number, value: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at] = value;
  return copy;
};
const bytes = (count: number): Buffer => Buffer.alloc(count, 7);

/** A gigabyte of zeros: a deflate block of a megabyte, over and over. */
const megabyte = deflateRawSync(Buffer.alloc(2 ** 20), { finishFlush: 3 });
const gigabyte = Buffer.concat([...Array.from({ length: 1024 }, () => megabyte), deflateRawSync(Buffer.alloc(0))]);

/** What a file is: refused as a whole with a code, or taken; then how many rows pass the checks, and why others do not. */
type Verdict =
  | string
  | { readonly rows: number; readonly refused?: readonly string[]; readonly notes?: readonly string[] };

const full = { rows: 24 };
const hour = (index: number, fields?: Readonly<Record<number, string>>) =>
  candleLine(day + index * HOUR, "1h", "us", fields);
/** The day's lines with others in the place of one. */
const withLine = (index: number, ...others: readonly string[]): string => fileOf(lines.toSpliced(index, 1, ...others));
const candles = (text: string | Uint8Array, file: ArchiveFile = hourly): readonly [Buffer, ArchiveFile] => [
  zipOf([{ name: `${archiveStem(file)}.csv`, data: text }]),
  file,
];

const containers: Readonly<Record<string, readonly [Uint8Array, Verdict]>> = {
  "nothing is wrong": [whole, full],
  "stored without compression": [member({ method: 0 }), full],
  "with a comment": [member({}, { comment: "made by hand" }), full],
  "with a comment that looks like an end": [member({}, { comment: "PK\x05\x06 and no more of it" }), full],
  "with an extra field in the local header": [member({ extra: bytes(28) }), full],
  "sizes behind the data": [member({ descriptor: "signed" }), full],
  "sizes behind the data, without a signature": [member({ descriptor: "bare" }), full],
  "wrong sizes behind the data": [member({ descriptor: "wrong" }), "bad-zip"],
  "sizes promised behind the data, and missing": [member({ flags: 8 }), "bad-zip"],
  "a name in UTF-8": [member({ flags: 1 << 11 }), full],
  "wrong CRC": [member({ crc: 1 }), "zip-crc"],
  "wrong CRC of stored data": [member({ crc: 1, method: 0 }), "zip-crc"],
  "no bytes": [Buffer.alloc(0), "bad-zip"],
  "one byte": [Buffer.from("P"), "bad-zip"],
  "cut in the local header": [cut(10), "bad-zip"],
  "cut in the data": [cut(200), "bad-zip"],
  "cut in the directory": [cut(whole.length - 40), "bad-zip"],
  "cut in the end record": [cut(whole.length - 1), "bad-zip"],
  "only an end record": [zipOf([]), "zip-members"],
  "two members": [zipOf([good, { name: "README.txt", data: "hello" }]), "zip-members"],
  "the member twice": [zipOf([good, good]), "zip-members"],
  "two members, and says one": [zipOf([good, good], { count: 1 }), "bad-zip"],
  "one member, and says two": [member({}, { count: 2 }), "zip-members"],
  "a directory and a member": [zipOf([{ name: "data/", data: "" }, good]), "zip-members"],
  "only a directory": [zipOf([{ name: "data/", data: "", method: 0 }]), "zip-path"],
  "a path upwards": [named(`../${name}`), "zip-path"],
  "a path": [named(`data/${name}`), "zip-path"],
  "an absolute path": [named(`/etc/${name}`), "zip-path"],
  "a path with backslashes": [named(`..\\${name}`), "zip-path"],
  "a drive": [named(`C:${name}`), "zip-path"],
  "a name that ends early": [named(`${name}\0.exe`), "zip-path"],
  "another symbol": [named("ETHUSDT-1h-2025-01-01.csv"), "mislabelled"],
  "another interval": [named("BTCUSDT-1m-2025-01-01.csv"), "mislabelled"],
  "another day": [named("BTCUSDT-1h-2025-01-02.csv"), "mislabelled"],
  "the month": [named("BTCUSDT-1h-2025-01.csv"), "mislabelled"],
  "the name in lower case": [named(name.toLowerCase()), "mislabelled"],
  "a name of no file": [named("data.csv"), "zip-name"],
  "no name": [named(""), "zip-name"],
  "another name in the local header": [member({ local: { name: "ETHUSDT-1h-2025-01-01.csv" } }), "bad-zip"],
  "another size in the local header": [member({ local: { size: 1 } }), "bad-zip"],
  "another CRC in the local header": [member({ local: { crc: 1 } }), "bad-zip"],
  "another method in the local header": [member({ local: { method: 0 } }), "bad-zip"],
  encrypted: [member({ flags: 1 }), "zip-encrypted"],
  "strongly encrypted": [member({ flags: 1 | (1 << 6) }), "zip-encrypted"],
  "flags that nobody knows": [member({ flags: 1 << 5 }), "bad-zip"],
  "packed with LZMA": [member({ method: 14 }), "zip-method"],
  "packed with an unknown method": [member({ method: 77 }), "zip-method"],
  "stored in other bytes than it says": [member({ method: 0, size: csv.length + 1 }), "bad-zip"],
  "a bomb that says so": [member({ packed: gigabyte, size: 2 ** 30 }), "zip-bomb"],
  "a bomb that does not say so": [member({ packed: gigabyte }), "zip-bomb"],
  "a bomb that says that it is nothing": [member({ packed: gigabyte, size: 0 }), "zip-bomb"],
  "a byte more than it says": [member({ size: csv.length - 1 }), "zip-bomb"],
  "a byte less than it says": [member({ size: csv.length + 1 }), "bad-zip"],
  "data that are no deflate stream": [member({ packed: bytes(100) }), "bad-zip"],
  "data that break off": [member({ packed: deflateRawSync(csv).subarray(0, -9) }), "bad-zip"],
  "data beyond the directory": [member({ packedSize: 100_000 }), "bad-zip"],
  "less data than there are": [member({ packedSize: 100 }), "bad-zip"],
  "a member that begins elsewhere": [member({ offset: 4 }), "bad-zip"],
  "a member that begins beyond the file": [member({ offset: 2 ** 31 }), "bad-zip"],
  "on another disk": [member({ disk: 1 }), "bad-zip"],
  "of several disks": [member({}, { disk: 1 }), "bad-zip"],
  "a directory elsewhere": [member({}, { directoryAt: 3 }), "bad-zip"],
  "a directory beyond the file": [member({}, { directoryAt: 2 ** 31 }), "bad-zip"],
  "a directory that is too short": [member({}, { directorySize: 10 }), "bad-zip"],
  "Zip64 in the end record": [member({}, { directoryAt: 0xffff_ffff }), "zip64"],
  "Zip64 in the directory": [member({ size: 0xffff_ffff }), "zip64"],
  "bytes before it": [member({}, { prefix: bytes(7) }), "bad-zip"],
  "bytes before it that it knows of": [
    member({ offset: 7 }, { prefix: bytes(7), directoryAt: whole.readUInt32LE(whole.length - 6) + 7 }),
    "bad-zip",
  ],
  "bytes between data and directory": [member({}, { between: bytes(16) }), "bad-zip"],
  "bytes behind it": [member({}, { suffix: bytes(7) }), "bad-zip"],
  "a page for browsers": [Buffer.from("<!DOCTYPE html><html><body>503</body></html>"), "html-body"],
  "an answer of the bucket": [
    Buffer.from('\uFEFF<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>'),
    "html-body",
  ],
  "a gzip file": [gzipSync(csv), "bad-zip"],
  "the bare CSV": [Buffer.from(csv), "bad-zip"],
  "a bit of the data flipped": [put(whole, 120, (whole[120] as number) ^ 1), "zip-crc|bad-zip|zip-bomb"],
};

const files: Readonly<Record<string, readonly [readonly [Buffer, ArchiveFile], Verdict]>> = {
  "an empty file": [candles(""), "empty-archive"],
  "only line ends": [candles("\n\r\n"), "empty-archive"],
  "only a header": [candles(`${KLINE_HEADER}\n`, futuresFile("1h", "2025-01-01")), "empty-archive"],
  "a page in the ZIP": [candles("<html>\n<body>\n503\n</body>\n</html>\n"), "format-changed"],
  "a binary file in the ZIP": [candles(deflateRawSync(csv)), "format-changed"],
  CRLF: [candles(csv.replaceAll("\n", "\r\n")), full],
  "no end of the last line": [candles(csv.trimEnd()), full],
  "blank lines": [candles(csv.replaceAll("\n", "\n\n")), full],
  "a header where there was none": [candles(`${KLINE_HEADER}\n${csv}`), full],
  "a header in the middle": [candles(withLine(5, lines[5] ?? "", KLINE_HEADER)), { rows: 24, refused: ["type"] }],
  "columns in another order": [candles(`${KLINE_HEADER.replace("open,high", "high,open")}\n${csv}`), "format-changed"],
  "a byte order mark": [candles(`\uFEFF${csv}`), { rows: 23, refused: ["type"] }],
  "quotes around a price": [candles(withLine(5, hour(5, { 1: '"100.5"' }))), { rows: 23, refused: ["type"] }],
  "quotes around everything": [candles(csv.replaceAll(/[^,\n]+/g, '"$&"')), "format-changed"],
  semicolons: [candles(csv.replaceAll(",", ";")), "format-changed"],
  "a row twice": [candles(withLine(5, hour(5), hour(5))), { rows: 24, notes: ["duplicate"] }],
  "every row twice": [candles(fileOf([...lines, ...lines])), { rows: 24, notes: ["duplicate", "unordered"] }],
  "a row twice with two values": [
    candles(withLine(5, hour(5), hour(5, { 5: "11" }))),
    { rows: 23, refused: ["conflict", "conflict"] },
  ],
  "a row off the grid": [
    candles(withLine(5, hour(5, { 0: `${day + 5 * HOUR + 20_799}000` }))),
    { rows: 23, refused: ["off-grid"] },
  ],
  "a row off the grid by a microsecond": [
    candles(withLine(5, hour(5, { 0: `${day + 5 * HOUR}001` }))),
    { rows: 23, refused: ["off-grid"] },
  ],
  "out of order": [candles(fileOf(lines.toReversed())), { rows: 24, notes: ["unordered"] }],
  "rows are missing": [candles(fileOf(lines.toSpliced(3, 9))), { rows: 15 }],
  "the month before": [candles(fileOf(candleLines(day - 31 * DAY, 24, "1h", "us"))), "mislabelled"],
  "mostly the day before": [candles(fileOf(candleLines(day - 14 * HOUR, 24, "1h", "us"))), "mislabelled"],
  "a row of the next day": [candles(`${csv}${hour(24)}\n`), { rows: 24, refused: ["outside"] }],
  "minutes in a file of hours": [candles(fileOf(candleLines(day, 1440, "1m", "us"))), "mislabelled"],
  "five minutes in a file of minutes": [
    candles(fileOf(candleLines(day, 288, "5m")), spotFile("1m", "2025-01-01")),
    "mislabelled",
  ],
  "a row in milliseconds": [
    candles(withLine(5, candleLine(day + 5 * HOUR, "1h", "ms"))),
    { rows: 23, refused: ["time-unit"] },
  ],
  "a row in microseconds, the others in milliseconds": [
    candles(fileOf([...candleLines(day, 23, "1h"), hour(23)])),
    { rows: 23, refused: ["time-unit"] },
  ],
  "the first row in milliseconds": [
    candles(withLine(0, candleLine(day, "1h", "ms"))),
    { rows: 23, refused: ["time-unit"] },
  ],
  "all in seconds": [
    candles(fileOf(candleLines(day, 24, "1h").map((line) => line.replaceAll(/(\d{10})\d{3},/g, "$1,")))),
    "format-changed",
  ],
  "a field less": [candles(withLine(5, hour(5).slice(0, -2))), { rows: 23, refused: ["shape"] }],
  "a field more": [candles(withLine(5, `${hour(5)},0`)), { rows: 23, refused: ["shape"] }],
  "a field more in all": [candles(csv.replaceAll("\n", ",0\n")), "format-changed"],
  "a line that breaks off": [candles(csv.slice(0, -40)), { rows: 23, refused: ["shape"] }],
  "a line without a time": [candles(withLine(5, hour(5), "x")), { rows: 24, refused: ["shape"] }],
  "the first line without a time": [candles(withLine(0, hour(0, { 0: "" }))), { rows: 23, refused: ["blank"] }],
  "the first line behind a header without a time": [
    candles(`${KLINE_HEADER}\n${withLine(0, "x")}`),
    { rows: 23, refused: ["shape"] },
  ],
  "text for a number": [candles(withLine(5, hour(5, { 5: "ten" }))), { rows: 23, refused: ["type"] }],
  "NaN for a number": [candles(withLine(5, hour(5, { 5: "NaN" }))), { rows: 23, refused: ["type"] }],
  "nothing for a number": [candles(withLine(5, hour(5, { 5: "" }))), { rows: 23, refused: ["blank"] }],
  "a negative volume": [candles(withLine(5, hour(5, { 5: "-1" }))), { rows: 23, refused: ["invalid"] }],
  "a high below the low": [candles(withLine(5, hour(5, { 2: "80" }))), { rows: 23, refused: ["invalid"] }],
  "a price of zero": [candles(withLine(5, hour(5, { 3: "0" }))), { rows: 23, refused: ["invalid"] }],
  "takers beyond the total": [candles(withLine(5, hour(5, { 9: "11" }))), { rows: 23, refused: ["invalid"] }],
  "a close before the open": [
    candles(withLine(5, hour(5, { 6: `${day + 4 * HOUR}000` }))),
    { rows: 23, refused: ["invalid"] },
  ],
  "a close that a halt cut short": [
    candles(withLine(5, hour(5, { 6: `${day + 5 * HOUR + 20 * MINUTE}000` }))),
    { rows: 24, notes: ["short-close"] },
  ],
  "a volume of zero, with an exponent": [
    candles(withLine(5, hour(5, { 5: "0E-8", 7: "0E-8", 9: "0E-8", 10: "0E-8" }))),
    { rows: 24, notes: ["zero-volume"] },
  ],
};

const values = metricsFile("2025-01-01");
const STEP = 5 * MINUTE;
const labels = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => metricsLine(day + (from + i) * STEP));
const metrics = (rows: readonly string[]): readonly [Buffer, ArchiveFile] =>
  candles(fileOf([METRICS_HEADER, ...rows]), values);
const noon = day + 12 * HOUR;
const ended = labels(1, 288);
const endedWith = (...others: readonly string[]) => metrics(ended.toSpliced(143, 1, ...others));

// Of labels that end at the next midnight, 287 are of the day itself.
const openInterest: typeof files = {
  "labels end": [metrics(ended), { rows: 287 }],
  "labels begin": [metrics(labels(0, 288)), { rows: 287 }],
  "labels at both midnights": [metrics(labels(0, 289)), { rows: 287, refused: ["outside"] }],
  "only a header": [metrics([]), "empty-archive"],
  "every row twice": [metrics([...ended, ...ended]), { rows: 287, notes: ["duplicate", "unordered"] }],
  "out of order": [metrics(ended.toReversed()), { rows: 287, notes: ["unordered"] }],
  "a row twice with two values": [
    endedWith(metricsLine(noon), metricsLine(noon, { 2: "5" })),
    { rows: 286, refused: ["conflict", "conflict"] },
  ],
  "an amount of zero": [endedWith(metricsLine(noon, { 2: "0" })), { rows: 286, refused: ["invalid"] }],
  "an amount of 0E-8": [endedWith(metricsLine(noon, { 2: "0E-8", 3: "0E-8" })), { rows: 286, refused: ["invalid"] }],
  "a value of 0E-8": [endedWith(metricsLine(noon, { 3: "0E-8" })), { rows: 287, notes: ["zero-value"] }],
  "ratios of 0E-8": [endedWith(metricsLine(noon, { 4: "0E-8", 5: "0", 6: "0", 7: "0E-8" })), { rows: 287 }],
  "a blank value": [endedWith(metricsLine(noon, { 2: "" })), { rows: 286, refused: ["blank"] }],
  "blank ratios": [endedWith(metricsLine(noon, { 4: "", 5: "", 6: "", 7: "" })), { rows: 287 }],
  "a label off the grid": [endedWith(metricsLine(noon + 12_000)), { rows: 286, refused: ["off-grid"] }],
  "a row of another symbol": [endedWith(metricsLine(noon, { 1: "ETHUSDT" })), { rows: 286, refused: ["key"] }],
  "all rows of another symbol": [metrics(ended.map((line) => line.replace("BTC", "ETH"))), "mislabelled"],
  "another day": [metrics(labels(290, 288)), "mislabelled"],
  "a label that is no time": [
    endedWith(metricsLine(noon, { 0: "2025-01-01 25:00:00" })),
    { rows: 286, refused: ["type"] },
  ],
  "a blank label": [endedWith(metricsLine(noon, { 0: "" })), { rows: 286, refused: ["blank"] }],
  "a line of a few cells without a label": [endedWith(",BTCUSDT,"), { rows: 286, refused: ["shape"] }],
  "numbers for labels": [
    metrics(ended.map((line, i) => line.replace(/^[^,]+/, `${day + i * STEP}`))),
    "format-changed",
  ],
};

const month = Date.UTC(2025, 0, 1);
const funding = (rows: readonly string[]): readonly [Buffer, ArchiveFile] =>
  candles(fileOf([FUNDING_HEADER, ...rows]), fundingFile("2025-01"));
const settled = Array.from({ length: 93 }, (_, i) => `${month + i * 8 * HOUR + (i % 5)},8,0.00010000`);

const events: typeof files = {
  "a month": [funding(settled), { rows: 93 }],
  "only a header": [funding([]), "empty-archive"],
  "an event twice": [funding(settled.toSpliced(9, 0, settled[9] ?? "")), { rows: 93, notes: ["duplicate"] }],
  "an event twice with two rates": [
    funding(settled.toSpliced(9, 0, (settled[9] ?? "").replace("0.0001", "0.0002"))),
    { rows: 92, refused: ["conflict", "conflict"] },
  ],
  "a rate beyond reason": [
    funding(settled.with(9, (settled[9] ?? "").replace("0.0001", "1.5"))),
    { rows: 92, refused: ["invalid"] },
  ],
  "no rate": [funding(settled.with(9, (settled[9] ?? "").replace(/[^,]+$/, ""))), { rows: 92, refused: ["blank"] }],
  "a blank time": [funding(settled.with(9, ",8,0.00010000")), { rows: 92, refused: ["blank"] }],
  "a first line without a time": [funding(settled.with(0, "x")), { rows: 92, refused: ["shape"] }],
  "out of order": [funding(settled.toReversed()), { rows: 93, notes: ["unordered"] }],
  "the month before": [
    funding(settled.map((line) => line.replace(/^\d+/, (time) => `${Number(time) - 31 * DAY}`))),
    "mislabelled",
  ],
  "an event of the next month": [
    funding([...settled, `${month + 31 * DAY},8,0.1`]),
    { rows: 93, refused: ["outside"] },
  ],
};

/** What becomes of a file: the code of its refusal, or what the checks make of its rows. */
function verdictOf(zip: Uint8Array, file: ArchiveFile): Verdict {
  try {
    const rows = decodeArchive(zip, file, WHERE, "archive-test");
    const checked = check(file.series, { ...rows, unpublished: [] }, archiveRange(file));
    const refused = [
      ...checked.refused.map(({ reason }) => reason),
      ...rows.broken.filter(({ reason }) => reason === "outside").map(({ reason }) => reason),
    ];
    const notes = checked.notes.map(({ kind }) => kind);
    return {
      rows: checked.batch.rows,
      ...(refused.length > 0 ? { refused } : {}),
      ...(notes.length > 0 ? { notes } : {}),
    };
  } catch (error) {
    assert.ok(error instanceof DataError, String(error));
    assert.deepEqual([error.next, error.exitCode], ["candlelake status", 3]);
    assert.ok(error.message.startsWith(WHERE), error.message);
    assert.match(error.message, /^[^\n]{20,400}\.$/);
    return error.code;
  }
}

function expectVerdict(zip: Uint8Array, file: ArchiveFile, expected: Verdict): void {
  const verdict = verdictOf(zip, file);
  if (typeof expected === "string") assert.ok(expected.split("|").includes(String(verdict)), JSON.stringify(verdict));
  else assert.deepEqual(verdict, expected);
}

describe("a ZIP", () => {
  for (const [what, [zip, expected]] of Object.entries(containers)) {
    test(what, () => expectVerdict(zip, hourly, expected));
  }

  test("that is a bomb takes no memory", () => {
    for (const size of [2 ** 30, csv.length, 0]) {
      const bomb = member({ packed: gigabyte, size, crc: crc32(csv) });
      const before = process.memoryUsage().arrayBuffers + process.memoryUsage().rss;
      const start = performance.now();
      expectVerdict(bomb, hourly, "zip-bomb");
      const grown = process.memoryUsage().arrayBuffers + process.memoryUsage().rss - before;
      assert.ok(grown < 32 * 2 ** 20, `${grown} bytes`);
      assert.ok(performance.now() - start < 1000);
    }
  });
});

const kinds = { candles: files, "open interest": openInterest, funding: events };
for (const [kind, corpus] of Object.entries(kinds)) {
  describe(`a file of ${kind}`, () => {
    for (const [what, [[zip, file], expected]] of Object.entries(corpus)) {
      test(what, () => expectVerdict(zip, file, expected));
    }
  });
}
