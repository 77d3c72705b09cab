import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { UsageError } from "../../src/core/errors.ts";
import {
  DAY,
  dayOf,
  dayRange,
  daysOf,
  HOUR,
  iso,
  isoMicros,
  monthOf,
  monthRange,
  monthsOf,
  parseTime,
  startOfDay,
  timeOfDay,
} from "../../src/core/time.ts";

const at = (text: string): number => Date.parse(text);
const anyTime = fc.integer({ min: Date.UTC(2010, 0, 1), max: Date.UTC(2099, 11, 31) });
const anyRange = fc
  .tuple(anyTime, fc.integer({ min: 0, max: 500 * DAY }))
  .map(([from, ms]) => ({ from, to: from + ms }));

const accepted: [text: string, from: string, to: string][] = [
  ["2025-01-01", "2025-01-01T00:00Z", "2025-01-02T00:00Z"],
  ["2024-02-29", "2024-02-29T00:00Z", "2024-03-01T00:00Z"],
  ["2025-12-31", "2025-12-31T00:00Z", "2026-01-01T00:00Z"],
  ["2025-01", "2025-01-01T00:00Z", "2025-02-01T00:00Z"],
  ["2024-02", "2024-02-01T00:00Z", "2024-03-01T00:00Z"],
  ["2025-12", "2025-12-01T00:00Z", "2026-01-01T00:00Z"],
  ["2025-01-01T12:00Z", "2025-01-01T12:00Z", "2025-01-01T12:00Z"],
  ["2025-01-01T12:00:30.250Z", "2025-01-01T12:00:30.250Z", "2025-01-01T12:00:30.250Z"],
  ["2025-01-01T00:30+02:00", "2024-12-31T22:30Z", "2024-12-31T22:30Z"],
  ["2024-12-31T23:00-05:00", "2025-01-01T04:00Z", "2025-01-01T04:00Z"],
  ["2009-01-03", "2009-01-03T00:00Z", "2009-01-04T00:00Z"],
];

for (const [text, from, to] of accepted) {
  test(`${text} is [${from}, ${to})`, () => {
    assert.deepEqual(parseTime(text, "--date"), { from: at(from), to: at(to) });
  });
}

const refused: Record<string, string> = {
  "2025-13-01": "there is no such date",
  "2025-00-10": "there is no such date",
  "2025-02-30": "there is no such date",
  "2025-02-29": "there is no such date",
  "2025-06-31": "there is no such date",
  "2025-01-00": "there is no such date",
  "2025-13": "there is no such date",
  "2025-00": "there is no such date",
  "0000-01-01": "there is no such date",
  "2025-02-30T12:00Z": "there is no such time",
  "2025-01-01T25:00Z": "there is no such time",
  "2025-01-01T12:60Z": "there is no such time",
  "2025-01-01T12:00+99:99": "there is no such time",
  "2025-01-01T12:00": "an instant says in which clock: end it with Z, or an offset such as +01:00",
  "2025-01-01 12:00Z": "not a date",
  "2025-1-1": "not a date",
  "2025": "not a date",
  "01.02.2025": "not a date",
  "1735689600": "not a date",
  "1735689600000": "not a date",
  "2025-01-01T12Z": "not a date",
  today: "not a date",
  "": "not a date",
  " 2025-01-01": "not a date",
  "2009-01-02": "no market was open then",
  "1999-12": "no market was open then",
};

for (const [text, why] of Object.entries(refused)) {
  test(`${JSON.stringify(text)} is refused: ${why}`, () => {
    assert.throws(
      () => parseTime(text, "--from"),
      (error) => {
        assert.ok(error instanceof UsageError);
        assert.equal(error.code, "bad-date");
        assert.equal(error.exitCode, 2);
        assert.ok(error.message.startsWith(`--from ${JSON.stringify(text)}: ${why}`), error.message);
        return true;
      },
    );
  });
}

test("an instant reads the same whatever the machine's time zone is", () => {
  const before = process.env["TZ"];
  try {
    for (const zone of ["Asia/Tokyo", "America/New_York", "UTC"]) {
      process.env["TZ"] = zone;
      assert.equal(parseTime("2025-07-01", "--date").from, Date.UTC(2025, 6, 1));
      assert.equal(parseTime("2025-07-01T00:00Z", "--date").from, Date.UTC(2025, 6, 1));
    }
  } finally {
    if (before === undefined) delete process.env["TZ"];
    else process.env["TZ"] = before;
  }
});

test("the days of a range are those that it touches, each once and in order", () => {
  fc.assert(
    fc.property(anyRange, (range) => {
      const days = daysOf(range);
      assert.deepEqual([...new Set(days)].sort(), days);
      const touched = (day: string) => dayRange(day).from < range.to && dayRange(day).to > range.from;
      assert.ok(days.every(touched));
      const span = range.from === range.to ? 0 : (startOfDay(range.to - 1) - startOfDay(range.from)) / DAY + 1;
      assert.equal(days.length, span);
    }),
  );
});

test("the months of a range are those of its days", () => {
  fc.assert(
    fc.property(anyRange, (range) => {
      if (range.from === range.to) assert.deepEqual(monthsOf(range), []);
      else assert.deepEqual(monthsOf(range), [...new Set(daysOf(range).map(monthOf))]);
    }),
  );
});

test("an empty range touches no day and no month", () => {
  for (const time of [at("2025-01-01T00:00Z"), at("2025-01-01T12:00Z")]) {
    assert.deepEqual(daysOf({ from: time, to: time }), []);
    assert.deepEqual(monthsOf({ from: time, to: time }), []);
  }
});

test("a month's range is its days", () => {
  for (const [month, days] of [
    ["2025-01", 31],
    ["2025-02", 28],
    ["2024-02", 29],
    ["2025-12", 31],
  ] as const) {
    const { from, to } = monthRange(month);
    assert.equal((to - from) / DAY, days);
    assert.equal(monthOf(dayOf(from)), month);
    assert.equal(monthOf(dayOf(to - 1)), month);
    assert.notEqual(monthOf(dayOf(to)), month);
  }
});

test("a time's day holds it", () => {
  fc.assert(
    fc.property(anyTime, (time) => {
      const { from, to } = dayRange(dayOf(time));
      assert.ok(from <= time && time < to);
      assert.equal(timeOfDay(dayOf(time)), startOfDay(time));
    }),
  );
});

test("times are written with three digits, and with six where microseconds are not zero", () => {
  const time = at("2025-01-01T00:59:59.999Z");
  assert.equal(iso(time), "2025-01-01T00:59:59.999Z");
  assert.equal(isoMicros(time * 1000), "2025-01-01T00:59:59.999Z");
  assert.equal(isoMicros(time * 1000 + 7), "2025-01-01T00:59:59.999007Z");
  assert.equal(isoMicros(-1), "1969-12-31T23:59:59.999999Z");
  assert.equal(isoMicros(HOUR * 1000), "1970-01-01T01:00:00.000Z");
});
