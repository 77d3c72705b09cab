import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeArchive } from "../../src/archive/decode.ts";
import { type ArchiveFile, archiveRange } from "../../src/core/archive-file.ts";
import { isText } from "../../src/core/batch.ts";
import { DataError } from "../../src/core/errors.ts";
import { HOUR, iso, MINUTE } from "../../src/core/time.ts";
import { check } from "../../src/market/check.ts";
import {
  archiveOf,
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

const day = Date.UTC(2025, 0, 1);

const samples: readonly (readonly [ArchiveFile, string])[] = [
  [spotFile("1h", "2025-01-01"), fileOf(candleLines(day, 24, "1h", "us"))],
  [futuresFile("4h", "2025-01-01"), fileOf([KLINE_HEADER, ...candleLines(day, 6, "4h")])],
  [
    fundingFile("2025-01"),
    fileOf([FUNDING_HEADER, ...Array.from({ length: 20 }, (_, i) => `${day + i * 8 * HOUR},8,0.00010000`)]),
  ],
  [
    metricsFile("2025-01-01"),
    fileOf([METRICS_HEADER, ...Array.from({ length: 30 }, (_, i) => metricsLine(day + i * 5 * MINUTE))]),
  ],
];

/** Seeded, so that a failure can be repeated. */
function whole(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return Math.floor(((state >>> 0) / 2 ** 32) * below);
  };
}

const INTERESTING = Buffer.from('\0\n\r,.-+eE "<0123456789\uFEFF\xff', "latin1");

/** A few bytes changed, taken out, put in or doubled, or the end cut off. */
function damage(bytes: Uint8Array, random: (below: number) => number): Buffer {
  let damaged = Buffer.from(bytes);
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(damaged.length + 1);
    const [before, after] = [damaged.subarray(0, at), damaged.subarray(at)];
    const length = 1 + random(random(20) === 0 ? 200 : 4);
    const some = Buffer.from(Array.from({ length }, () => INTERESTING[random(INTERESTING.length)] ?? random(256)));
    const kind = random(6);
    if (kind === 0) damaged = Buffer.concat([before, after.subarray(length)]);
    else if (kind === 1) damaged = Buffer.concat([before, some, after]);
    else if (kind === 2) damaged = Buffer.concat([before, some, after.subarray(length)]);
    else if (kind === 3) damaged = Buffer.concat([before, after.subarray(0, length), after]);
    else if (kind === 4 && random(10) === 0) damaged = Buffer.from(before);
    else if (at < damaged.length) damaged[at] = (damaged[at] as number) ^ (1 << random(8));
  }
  return damaged;
}

/** Reads a file as far as it lets itself be read. True where it was taken. */
function survive(zip: Uint8Array, file: ArchiveFile): boolean {
  let rows: ReturnType<typeof decodeArchive>;
  try {
    rows = decodeArchive(zip, file, WHERE, "archive-test");
  } catch (error) {
    if (error instanceof DataError && error.message.startsWith(WHERE)) return false;
    throw error;
  }
  for (const column of rows.batch.columns) {
    assert.ok(isText(column) || (column.values.length === rows.batch.rows && !column.values.includes(Number.NaN)));
  }
  for (let i = 0; i < rows.batch.rows; i++) assert.match(rows.evidence(i), /^[^\n]+$/);
  for (const row of rows.broken) assert.match(iso(row.time), /Z$/);
  check(file.series, { ...rows, unpublished: [] }, archiveRange(file));
  return true;
}

test("a damaged ZIP is refused with a reason, or read", () => {
  const random = whole(21);
  let taken = 0;
  for (let i = 0; i < 20_000; i++) {
    const [file, csv] = samples[i % samples.length] as (typeof samples)[number];
    if (survive(damage(archiveOf(file, csv), random), file)) taken++;
  }
  // The dates of a member, and what it costs to unpack it, are not looked at.
  assert.ok(taken > 0 && taken < 5_000, `${taken} were taken`);
});

test("a damaged text is refused with a reason, or read but for the damage", () => {
  const random = whole(22);
  let taken = 0;
  for (let i = 0; i < 20_000; i++) {
    const [file, csv] = samples[i % samples.length] as (typeof samples)[number];
    if (survive(archiveOf(file, damage(Buffer.from(csv), random)), file)) taken++;
  }
  assert.ok(taken > 5_000, `${taken} were taken`);
});

test("no ZIP is cut anywhere without being noticed", () => {
  for (const [file, csv] of samples) {
    const zip = archiveOf(file, csv);
    for (let length = 0; length < zip.length; length++) {
      assert.equal(survive(zip.subarray(0, length), file), false, `${length} bytes`);
    }
  }
});
