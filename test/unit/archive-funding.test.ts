import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeFunding } from "../../src/archive/funding.ts";
import { rowAt } from "../../src/core/batch.ts";
import { HOUR } from "../../src/core/time.ts";
import { decodeCsv, FUNDING_HEADER, fileOf, fundingFile, refusalCode } from "../fakes/archive.ts";
import { column } from "../fakes/rows.ts";

const month = Date.UTC(2026, 3, 1);
const file = fundingFile("2026-04");
const line = (hour: number, rate = "0.00010000", hours = "8", jitter = 0) =>
  `${month + hour * HOUR + jitter},${hours},${rate}`;
const decode = (...lines: readonly string[]) => decodeCsv(file, fileOf([FUNDING_HEADER, ...lines]));
const hours = (...lines: readonly string[]) => column(decode(...lines).batch, "interval_hours");

test("events become rows of the table, times as sent and no mark price", () => {
  const { batch, broken, unit, header, evidence } = decode(line(0), line(8, "-0.00003449", "8", 3), line(16, "1E-8"));
  assert.deepEqual([broken, unit, header, evidence(1)], [[], "ms", true, line(8, "-0.00003449", "8", 3)]);
  assert.deepEqual(rowAt(batch, 1), {
    funding_time: (month + 8 * HOUR + 3) * 1000,
    funding_rate: -0.00003449,
    interval_hours: 8,
    mark_price: null,
    symbol: "BTCUSDT",
    venue: "binance",
    source: "archive-test",
  });
  assert.deepEqual(column(batch, "funding_rate"), [0.0001, -0.00003449, 0.00000001]);
});

test("hours are those since the event before; of the first one the file says them", () => {
  assert.deepEqual(hours(line(0, "0", "4"), line(8), line(12), line(13)), [4, 8, 4, 1]);
  assert.deepEqual(hours(line(8, "0", "4"), line(16, "0", "8", 17)), [4, 8]);
  assert.deepEqual(hours(line(0), line(8), line(8, "0.0002"), line(16)), [8, 8, 8, 8]);
});

test("hours do not depend on the order of the lines", () => {
  assert.deepEqual(hours(line(16), line(0, "0", "2"), line(7)), [8, 2, 7]);
});

test("the symbol's first event has no hours, and the one after a hole those that it states", () => {
  const first = month + 40 * HOUR + 3;
  const events = [line(40, "0", "8", 3), line(48), line(96), line(100, "0", "4")];
  const { batch } = decodeFunding(Buffer.from(fileOf([FUNDING_HEADER, ...events])), file, "x", "y", { first });
  assert.deepEqual(column(batch, "interval_hours"), [null, 8, 8, 4]);
  assert.deepEqual(hours(...events), [8, 8, 8, 4]);
});

describe("events that are missing by the interval that others state", () => {
  const END = 720;
  /** Holes as hours of the month; the file's lines are at hours with the interval that they state. */
  const holes = (lines: readonly string[], known = {}) =>
    decodeFunding(Buffer.from(fileOf([FUNDING_HEADER, ...lines])), file, "x", "y", known).missing.map((gap) => {
      assert.equal(gap.class, "unknown");
      return [(gap.from - month) / HOUR, (gap.to - month) / HOUR, gap.bars];
    });
  const every = (step: number, from = 0, to = END) =>
    Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + i * step);
  const lines = (hoursOfMonth: readonly number[], step = 8) =>
    hoursOfMonth.map((hour) => line(hour, "0.0001", String(step), hour % 17));

  test("are none where all are there, with their jitter", () => {
    for (const step of [1, 2, 4, 8]) assert.deepEqual(holes(lines(every(step), step)), []);
    assert.deepEqual(holes(lines(every(8)).toReversed()), []);
    assert.deepEqual(holes([...lines(every(8)), line(9)]), [], "one that was inserted");
  });

  test("are one stretch each: at the beginning, within, at the end", () => {
    const without = (from: number, to: number, step = 8) =>
      holes(
        lines(
          every(step).filter((hour) => hour < from || hour >= to),
          step,
        ),
      );
    assert.deepEqual(without(240, 248), [[240, 248, 1]]);
    assert.deepEqual(without(216, 456), [[216, 456, 30]]);
    assert.deepEqual(without(100, 101, 4), [[100, 104, 1]]);
    assert.deepEqual(without(0, 24), [[0, 24, 3]]);
    assert.deepEqual(without(480, END), [[480, END, 30]]);
    assert.deepEqual(without(716, END, 4), [[716, END, 1]]);
  });

  test("are none where the interval changes, as the lines before or after it say", () => {
    for (const [short, long] of [
      [1, 8],
      [4, 8],
      [2, 4],
    ] as const) {
      const head = lines(every(long, 0, 240), long);
      const tail = lines(every(short, 240 - long + short), short);
      assert.deepEqual(holes([...head, ...tail]), [], "the shorter one begins");
      assert.deepEqual(holes([...lines(every(short, 0, 240), short), ...lines(every(long, 240), long)]), []);
      assert.deepEqual(
        holes([...lines(every(short, 0, 241 - short), short), ...lines(every(long, 240 - short + long), long)]),
        [],
      );
    }
    assert.deepEqual(holes([...lines(every(8, 0, 240)), ...lines(every(4, 256), 4)]), [[236, 256, 2]]);
  });

  test("are none before the symbol's first event and after its last", () => {
    const some = lines(every(8, 240, 480));
    const first = month + 240 * HOUR + (240 % 17);
    const ended = month + 472 * HOUR + (472 % 17);
    assert.deepEqual(holes(some), [
      [0, 240, 30],
      [480, END, 30],
    ]);
    assert.deepEqual(holes(some, { first, ended }), []);
    assert.deepEqual(holes(some, { first: first - 16 * HOUR, ended }), [[224, 240, 2]]);
  });

  test("are not those whose lines are broken: they took place", () => {
    const all = lines(every(8));
    assert.deepEqual(holes(all.with(9, `${month + 72 * HOUR},8,`)), []);
    assert.deepEqual(holes(all.with(9, `${month + 72 * HOUR},0,0.1`)), []);
    assert.deepEqual(holes(all.with(0, `${month},0,0.1`).with(89, `${month + 712 * HOUR},x,0.1`)), []);
  });
});

test("a broken event took place as well", () => {
  const { batch, broken } = decode(line(0), line(8, "n/a"), line(16));
  assert.deepEqual(column(batch, "interval_hours"), [8, 8]);
  assert.deepEqual(broken, [{ time: month + 8 * HOUR, reason: "type", evidence: line(8, "n/a") }]);
});

test("rows that cannot be one are set aside", () => {
  const odd: readonly (readonly [string, string])[] = [
    [line(8, ""), "blank"],
    [line(8, "0.1", ""), "blank"],
    [line(8, "0.1", "0"), "type"],
    [line(8, "0.1", "7.5"), "type"],
    [`${line(8)},1`, "shape"],
    [`${month + 8 * HOUR},8`, "shape"],
    [`"${month + 8 * HOUR}",8,0.1`, "type"],
    [`${month + 8 * HOUR}000,8,0.1`, "time-unit"],
    [`${(month + 8 * HOUR) / 1000},8,0.1`, "time-unit"],
  ];
  for (const [evidence, reason] of odd) {
    const { batch, broken } = decode(line(0), evidence, line(16));
    assert.equal(batch.rows, 2, evidence);
    assert.deepEqual(broken, [{ time: month + 8 * HOUR, reason, evidence }]);
  }
});

test("events of other months are set aside, and refused where they are the most", () => {
  assert.deepEqual(decode(line(-8), line(0)).broken, [
    { time: month - 8 * HOUR, reason: "outside", evidence: line(-8) },
  ]);
  assert.equal(
    refusalCode(() => decode(line(-8), line(-16), line(0))),
    "mislabelled",
  );
});

test("another form is refused", () => {
  assert.equal(
    refusalCode(() => decode("a,b,c", "d,e,f")),
    "format-changed",
  );
  assert.equal(
    refusalCode(() => decode("a,b,c")),
    "format-changed",
  );
  assert.equal(
    refusalCode(() => decodeCsv(file, "calc_time,last_funding_rate,x\n1,2,3\n")),
    "format-changed",
  );
  assert.equal(
    refusalCode(() => decode()),
    "empty-archive",
  );
});

test("a column more, which the header names, and times in microseconds are read", () => {
  const wide = decodeCsv(file, `${FUNDING_HEADER},mark_price\n${month},8,0.1,5\n${month + 8 * HOUR},8,0.1,5\n`);
  assert.deepEqual([wide.batch.rows, wide.broken.length], [2, 0]);
  const micros = decodeCsv(file, `${month}000,8,0.1\n${month + 8 * HOUR}123,8,0.1\n`);
  assert.deepEqual([micros.unit, micros.header], ["us", false]);
  assert.deepEqual(column(micros.batch, "funding_time"), [month * 1000, (month + 8 * HOUR) * 1000]);
});

describe("a line whose time cannot be made out", () => {
  const events = [0, 8, 16, 24, 32, 40].map((hour) => line(hour));
  const told = (...lines: readonly string[]) => {
    const { batch, broken, missing } = decode(...lines);
    const isBefore = ({ from }: { from: number }) => from < month + 41 * HOUR;
    return {
      rows: batch.rows,
      broken: broken.map(({ time, reason }) => [(time - month) / HOUR, reason]),
      holes: missing
        .filter(isBefore)
        .map((hole) => [(hole.from - month) / HOUR, (hole.to - month) / HOUR, hole.class, hole.bars]),
    };
  };
  for (const [what, text, reason] of [
    ["blank", ",8,0.0001", "blank"],
    ["garbled", "2025-01-01,8,0.0001", "type"],
    ["nothing but text", "x", "shape"],
  ] as const) {
    test(`${what}: a row came where one is missing, and the line is kept beside a neighbour of that day`, () => {
      for (const [at, beside, from, to] of [
        [0, 8, 0, 8],
        [1, 0, 8, 16],
        [2, 8, 16, 24],
        [3, 32, 24, 32],
      ] as const) {
        assert.deepEqual(told(...events.with(at, text)), {
          rows: 5,
          broken: [[beside, reason]],
          holes: [[from, to, "quarantined", 1]],
        });
      }
    });

    test(`${what}: where none is missing nothing is`, () => {
      for (const at of [0, 2, 6]) {
        const { rows, broken, holes } = told(...events.toSpliced(at, 0, text));
        assert.deepEqual([rows, broken.length, holes], [6, 1, []]);
      }
    });
  }

  test("is none of another hole's", () => {
    assert.deepEqual(told(...events.slice(0, 1), ...events.slice(2, 4), "x", ...events.slice(5)), {
      rows: 4,
      broken: [[24, "shape"]],
      holes: [
        [8, 16, "unknown", 1],
        [32, 40, "quarantined", 1],
      ],
    });
  });
});
