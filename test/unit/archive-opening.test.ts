import assert from "node:assert/strict";
import { test } from "node:test";
import { opensOnTime } from "../../src/archive/opening.ts";
import { archiveStem } from "../../src/core/archive-file.ts";
import { DAY, MINUTE } from "../../src/core/time.ts";
import { candleLines, fileOf, futuresFile, KLINE_HEADER, metricsFile, spotFile } from "../fakes/archive.ts";
import { type Member, zipOf } from "../fakes/zip.ts";

const month = Date.UTC(2025, 0, 1);
const spot = spotFile("1m", "2025-01");
const futures = futuresFile("1m", "2025-01");

const zip = (file: typeof spot, lines: readonly string[], rest: Partial<Member> = {}): Uint8Array =>
  zipOf([{ name: `${archiveStem(file)}.csv`, data: fileOf(lines), ...rest }]);

/** Far more than the bytes that are looked at. */
const whole = (unit: "ms" | "us") => candleLines(month, 31 * 1440, "1m", unit);

test("a file that opens with its month says so, in both units, with a header and without, packed and not", () => {
  for (const unit of ["ms", "us"] as const) {
    for (const header of [[], [KLINE_HEADER]]) {
      for (const method of [0, 8]) {
        assert.equal(opensOnTime(zip(spot, [...header, ...whole(unit)], { method }), spot), true);
        assert.equal(opensOnTime(zip(futures, [...header, ...whole(unit)], { method }), futures), true);
      }
    }
  }
});

test("a file that opens later, or earlier, does not, however little", () => {
  const behind = whole("ms").slice(1);
  assert.equal(opensOnTime(zip(spot, behind), spot), false);
  assert.equal(opensOnTime(zip(spot, candleLines(month - MINUTE, 1440, "1m", "ms")), spot), false);
  assert.equal(opensOnTime(zip(spot, candleLines(month + DAY, 1440, "1m", "us")), spot), false);
  const micro = whole("us").map((line, i) => (i === 0 ? line.replace(/^\d+/, String(month * 1000 + 1)) : line));
  assert.equal(opensOnTime(zip(spot, micro), spot), false);
});

test("what is wrong with a file is for the whole reading to tell", () => {
  const good = zip(spot, whole("ms"));
  assert.equal(opensOnTime(good.subarray(0, good.length - 1), spot), false);
  assert.equal(opensOnTime(new Uint8Array(0), spot), false);
  assert.equal(opensOnTime(new TextEncoder().encode("<html>"), spot), false);
  assert.equal(opensOnTime(zip(spot, []), spot), false);
  assert.equal(opensOnTime(zip(spot, [KLINE_HEADER]), spot), false);
  assert.equal(opensOnTime(zip(spot, whole("ms"), { packed: Buffer.alloc(5000, 0xff) }), spot), false);
});

test("only files of candles are looked at so", () => {
  const file = metricsFile("2025-01-01");
  assert.equal(opensOnTime(zipOf([{ name: `${archiveStem(file)}.csv`, data: fileOf(whole("ms")) }]), file), false);
});
