import fc from "fast-check";
import type { Gap } from "../../src/core/gap.ts";
import { objectKey, quarantineKey } from "../../src/core/layout.ts";
import type { ArchiveFacts, Disagreement, Entry, Manifest, Revision } from "../../src/core/manifest.ts";
import type { Series } from "../../src/core/series.ts";
import type { TableName } from "../../src/core/table.ts";
import { DAY, type Day, dayRange, iso } from "../../src/core/time.ts";
import { tableOf } from "../../src/market/tables.ts";
import { funding, futures, metrics, openInterest, spot } from "../fakes/series.ts";

const hash = fc
  .array(fc.constantFrom(..."0123456789abcdef"), { minLength: 64, maxLength: 64 })
  .map((digits) => digits.join(""));
const anyTime = fc.integer({ min: Date.UTC(2017, 0, 1), max: Date.UTC(2030, 0, 1) });
const count = fc.nat();
/** As `JSON.parse` makes them, with a prototype. */
const plain = { noNullPrototype: true } as const;

const anyGap: fc.Arbitrary<Gap> = fc.record(
  {
    from: anyTime,
    to: anyTime,
    class: fc.constantFrom("exchange-halt", "not-published", "not-fetched", "unknown", "quarantined"),
    bars: count,
  },
  plain,
);

const anyRevision: fc.Arbitrary<Revision> = fc.record(
  {
    content: hash,
    sha256: fc.option(hash),
    rows: count,
    asOf: anyTime,
    archives: fc.dictionary(fc.string({ minLength: 1 }), hash, { minKeys: 1, maxKeys: 2, ...plain }),
  },
  { ...plain, requiredKeys: ["content", "sha256", "rows", "asOf"] },
);

const filled = (object: string, { from }: { from: number }) =>
  fc
    .record({
      sha256: hash,
      bytes: fc.integer({ min: 1, max: 1e9 }),
      rows: fc.integer({ min: 1, max: 1e6 }),
      span: fc
        .tuple(fc.nat({ max: DAY - 1 }), fc.nat({ max: DAY - 1 }))
        .map(([a, b]) => [from + Math.min(a, b), from + Math.max(a, b)] as const),
    })
    .map((rest) => ({ object, ...rest }));

const empty = fc.constant({ object: null, sha256: null, bytes: 0, rows: 0, span: null });

const ARCHIVES: Readonly<Record<string, ArchiveFacts>> = {
  "BTCUSDT-1m-2025-02.zip": { sha256: "a".repeat(64), unit: "us", header: false },
  "BTCUSDT-1m-2025-02-03.zip": { sha256: "b".repeat(64), unit: "ms", header: true },
  "BTCUSDT-metrics-2025-02-03.zip": { sha256: "c".repeat(64), unit: "text", header: true, labels: "end" },
};
/** What was published under the same names later. */
const REPUBLISHED: Readonly<Record<string, ArchiveFacts>> = {
  "BTCUSDT-1m-2025-02.zip": { sha256: "d".repeat(64), unit: "ms", header: true },
  "BTCUSDT-metrics-2025-02-03.zip": { sha256: "e".repeat(64), unit: "text", header: false, labels: "unclear" },
};
const anyArchives = fc
  .tuple(fc.subarray(Object.keys(ARCHIVES), { minLength: 1 }), fc.boolean())
  .map(([names, isLater]) =>
    Object.fromEntries(
      names.map((name) => [name, ((isLater ? REPUBLISHED[name] : undefined) ?? ARCHIVES[name]) as ArchiveFacts]),
    ),
  );

const anyValue = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0));
const anyDisagreement: fc.Arbitrary<Disagreement> = fc.record(
  {
    time: anyTime,
    kept: fc.string(),
    dropped: fc.string(),
    columns: fc.dictionary(fc.constantFrom("open", "volume"), fc.tuple(anyValue, anyValue), plain),
  },
  plain,
);

function anyEntry(table: TableName, series: Series, day: Day): fc.Arbitrary<Entry> {
  const quarantine = quarantineKey(table, series, day);
  return fc
    .tuple(
      fc.oneof({ weight: 3, arbitrary: filled(objectKey(table, series, day), dayRange(day)) }, empty),
      fc.record({
        content: hash,
        gaps: fc.array(anyGap, { maxLength: 3 }),
        notes: fc.array(fc.record({ kind: fc.string(), count }, plain), { maxLength: 2 }),
        quarantined: fc.option(count.map((rows) => ({ rows, object: quarantine }))),
        inputs: fc.option(
          fc.dictionary(fc.string({ minLength: 1 }), fc.oneof(hash, fc.constant("")), { maxKeys: 3, ...plain }),
        ),
        source: fc.string(),
        host: fc.string(),
        archives: fc.option(anyArchives),
        disagreements: fc.array(anyDisagreement, { maxLength: 2 }),
        asOf: anyTime,
        revisions: fc.array(anyRevision, { maxLength: 2 }),
      }),
    )
    .map(([written, rest]) => ({ ...written, ...rest }));
}

export const MONTH = "2025-02";
const DAYS = Array.from({ length: 28 }, (_, i) => iso(Date.UTC(2025, 1, 1 + i)).slice(0, 10));

/** Any manifest of a month that can be written. */
export const anyManifest: fc.Arbitrary<Manifest> = fc
  .tuple(
    fc.constantFrom(spot("1m"), futures("1h"), metrics("1M"), funding(), openInterest()),
    fc.subarray(DAYS, { maxLength: 5 }),
    fc.option(anyTime, { nil: undefined }),
    fc.option(anyTime, { nil: undefined }),
  )
  .chain(([series, days, listed, ended]) => {
    const { name: table } = tableOf(series);
    return fc.tuple(...days.map((day) => anyEntry(table, series, day))).map((entries) => ({
      table,
      series,
      month: MONTH,
      listed,
      ended,
      partitions: new Map(days.map((day, i) => [day, entries[i] as Entry])),
    }));
  });
