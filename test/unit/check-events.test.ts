import assert from "node:assert/strict";
import { test } from "node:test";
import { numbers, rowAt } from "../../src/core/batch.ts";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import { check } from "../../src/market/check.ts";
import { column, type Row, received } from "../fakes/rows.ts";
import { funding, openInterest } from "../fakes/series.ts";

const day = Date.UTC(2025, 0, 1);
const range = { from: day, to: day + DAY };
const events = (...rows: readonly Row[]) => check(funding(), received(funding(), rows), range);
const values = (rows: readonly Row[], rest?: Parameters<typeof received>[2]) =>
  check(openInterest("1h"), received(openInterest("1h"), rows, rest), range);
const hourly = (change: (hour: number) => Partial<Row> | undefined = () => ({})): Row[] =>
  Array.from({ length: 24 }, (_, hour) => hour).flatMap((hour) => {
    const row = change(hour);
    return row ? [{ time: day + hour * HOUR, ...row }] : [];
  });

test("funding events pass with their jitter, and a day without them is no gap", () => {
  const checked = events({ time: day + 3 }, { time: day + 8 * HOUR + 11 }, { time: day + 16 * HOUR });
  assert.deepEqual(
    column(checked.batch, "funding_time"),
    [3, 8 * HOUR + 11, 16 * HOUR].map((ms) => (day + ms) * 1000),
  );
  assert.deepEqual([checked.gaps, checked.refused, checked.notes], [[], [], []]);
  assert.deepEqual(events().gaps, []);
});

test("a funding event a millisecond before midnight is the day before's", () => {
  assert.equal(events({ time: day - 1 }, { time: day }, { time: day + DAY }).batch.rows, 1);
});

for (const rate of [1, -1, 5, Number.NaN, Number.POSITIVE_INFINITY]) {
  test(`a funding rate of ${rate} is refused`, () => {
    const checked = events({ time: day, funding_rate: rate }, { time: day + 8 * HOUR });
    assert.deepEqual(
      checked.refused.map((row) => row.reason),
      ["invalid"],
    );
    assert.equal(checked.batch.rows, 1);
    assert.deepEqual(checked.gaps, [{ from: day, to: day + 1, class: "quarantined", bars: 1 }]);
  });
}

test("a negative rate, a rate of zero and an unknown mark price are what they are", () => {
  const checked = events(
    { time: day, funding_rate: -0.0003, mark_price: null },
    { time: day + 8 * HOUR, funding_rate: 0, interval_hours: null },
  );
  assert.deepEqual(column(checked.batch, "mark_price"), [null, 60_000]);
  assert.deepEqual(column(checked.batch, "interval_hours"), [8, null]);
  assert.deepEqual(checked.refused, []);
});

test("a funding event sent twice is one, and two that differ are none", () => {
  assert.equal(events({ time: day }, { time: day }).batch.rows, 1);
  assert.equal(events({ time: day }, { time: day, mark_price: null }).refused.length, 2);
});

test("two funding events of one time that differ leave one gap, in order with the others", () => {
  const rows = received(funding(), [{ time: day + 9 * HOUR }, { time: day + 9 * HOUR, mark_price: null }], {
    broken: [{ time: day + HOUR, reason: "shape", evidence: "{}" }],
    unpublished: [{ from: day + 2 * HOUR, to: day + 8 * HOUR }],
  });
  assert.deepEqual(
    check(funding(), rows, range).gaps.map((gap) => [(gap.from - day) / HOUR, gap.class, gap.bars]),
    [
      [1, "quarantined", 1],
      [2, "not-published", 0],
      [9, "quarantined", 1],
    ],
  );
});

test("what a venue no longer keeps of funding is a gap within the day", () => {
  const rows = received(funding(), [{ time: day + 16 * HOUR }], {
    unpublished: [
      { from: day - 5 * DAY, to: day + 8 * HOUR },
      { from: day + 2 * DAY, to: day + 3 * DAY },
    ],
  });
  assert.deepEqual(check(funding(), rows, range).gaps, [
    { from: day, to: day + 8 * HOUR, class: "not-published", bars: 0 },
  ]);
});

test("open interest lies on its period's grid, the day's first value included", () => {
  const checked = values(hourly());
  assert.equal(checked.batch.rows, 24);
  assert.deepEqual(checked.gaps, []);
  assert.equal(column(checked.batch, "time")[0], day * 1000);
});

const worthless: Record<string, Partial<Row>> = {
  "zero, which is how the venue writes that it does not know": { open_interest: 0 },
  "zero, whatever its value": { open_interest: 0, open_interest_value: 0 },
  "a negative value": { open_interest_value: -1 },
  "a negative amount": { open_interest: -3 },
  "no number": { open_interest: Number.NaN },
  "an endless amount": { open_interest_value: Number.POSITIVE_INFINITY },
};
for (const [what, row] of Object.entries(worthless)) {
  test(`open interest of ${what} is refused and leaves a gap`, () => {
    const checked = values(hourly((hour) => (hour === 5 ? row : {})));
    assert.equal(checked.batch.rows, 23);
    assert.deepEqual(checked.gaps, [{ from: day + 5 * HOUR, to: day + 6 * HOUR, class: "quarantined", bars: 1 }]);
  });
}

test("of open interest with a value of zero the value alone is missing", () => {
  const received = hourly((hour) => (hour === 5 ? { open_interest_value: 0 } : hour === 6 ? { open_interest: 0 } : {}));
  const { batch, gaps, notes } = values(received);
  assert.deepEqual([batch.rows, gaps.length], [23, 1]);
  assert.deepEqual(notes, [{ kind: "zero-value", count: 1 }]);
  const { values: amounts, valid } = numbers(batch, "open_interest_value");
  assert.deepEqual([...(valid ?? [])].indexOf(0), 5);
  assert.ok([...amounts].every((amount, row) => amount > 0 || row === 5));
  assert.equal(rowAt(batch, 5)["open_interest_value"], null);
  assert.equal(rowAt(batch, 5)["open_interest"], rowAt(batch, 4)["open_interest"]);
});

test("open interest off its grid is refused", () => {
  const checked = values(hourly((hour) => (hour === 5 ? { time: day + 5 * HOUR + 5 * MINUTE } : {})));
  assert.deepEqual(
    checked.refused.map((row) => row.reason),
    ["off-grid"],
  );
});

test("open interest that the venue no longer keeps is a gap of that class", () => {
  const kept = day + 10 * HOUR;
  const checked = values(
    hourly((hour) => (hour >= 10 ? {} : undefined)),
    { unpublished: [{ from: 0, to: kept }] },
  );
  assert.deepEqual(checked.gaps, [{ from: day, to: kept, class: "not-published", bars: 10 }]);
});
