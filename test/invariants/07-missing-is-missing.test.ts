import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isText } from "../../src/core/batch.ts";
import { countOpens } from "../../src/core/interval.ts";
import { finalRange, seriesGrid } from "../../src/core/partition.ts";
import { DAY, HOUR, iso, MINUTE } from "../../src/core/time.ts";
import { TABLES } from "../../src/market/tables.ts";
import { Lake } from "../../src/pipeline/lake.ts";
import { TemporaryFolder } from "../fakes/folder.ts";
import { Lab, wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";
import { RealLab } from "../fakes/real-lab.ts";

const start = Date.UTC(2025, 0, 30);
const listed = start - 20 * DAY;

test("invariant 7: a row that should be there is there or is in a recorded gap, never both and never neither", async () => {
  const some = (n: number) => (_: unknown, time: number) => Math.floor(time / HOUR) % 24 === n;
  const scene = fc.record({
    missing: fc.nat(40),
    broken: fc.nat(40),
    kept: fc.nat(60),
    hours: fc.integer({ min: 1, max: 60 }),
  });
  await fc.assert(
    fc.asyncProperty(scene, async ({ missing, broken, kept, hours }) => {
      const lab = new Lab(new ModelVenue(listed, start + hours * HOUR + MINUTE));
      lab.venue.quirks = { missing: some(missing), broken: some(broken), kept: () => start + (kept - 30) * HOUR };
      await lab.run(wish("spot", start, undefined), wish("open-interest", start, undefined));
      const lake = new Lake(lab.store, false);
      for (const table of ["spot_klines", "open_interest"] as const) {
        for (const { series, months } of await lake.shelves(table)) {
          await lake.open(table, series, months);
          const grid = seriesGrid(series);
          assert.ok(grid);
          for (const [day, entry] of months.flatMap((month) => lake.entries(table, series, month))) {
            const due = countOpens(grid, finalRange(series, day, entry.asOf));
            const gone = entry.gaps.reduce((sum, gap) => sum + gap.bars, 0);
            assert.equal(entry.rows + gone, due, `${table} ${day}`);
          }
        }
      }
    }),
    { numRuns: 30 },
  );
});

test("invariant 7: nothing is NaN or infinite, and nothing was filled: each stored value is the venue's for its time", async () => {
  const lab = new Lab(new ModelVenue(listed, start + 2 * DAY));
  const whole = new Lab(new ModelVenue(listed, start + 2 * DAY));
  lab.venue.quirks = { missing: (series, time) => series.kind === "klines" && (time / HOUR) % 5 === 0 };
  for (const one of [lab, whole]) await one.run(wish("spot", start, start + DAY));
  const rowsOf = async (from: Lab) => {
    const rows = new Map<number, string>();
    for (const table of TABLES) {
      for await (const { batch } of from.engine.read(table)) {
        const columns = batch.columns.filter((column) => !isText(column));
        const at = table.columns
          .filter(({ type }) => type !== "STRING")
          .findIndex(({ name }) => name === table.eventTime);
        for (let i = 0; i < batch.rows; i++) {
          const values = columns.map((column) => ("values" in column ? column.values[i] : 0));
          assert.ok(values.every(Number.isFinite));
          rows.set(values[at] as number, JSON.stringify(values));
        }
      }
    }
    return rows;
  };
  const [holes, full] = [await rowsOf(lab), await rowsOf(whole)];
  assert.ok(holes.size > 0 && holes.size < full.size);
  for (const [time, row] of holes) assert.equal(row, full.get(time));
});

test("invariant 7: in the middle of a day with a hole there are the closed candles, the hole has a class, and nothing comes after", async () => {
  using folder = new TemporaryFolder();
  const venue = new ModelVenue(listed, start + 12 * HOUR + 30 * MINUTE);
  venue.quirks = { missing: (_, time) => time === start + 5 * HOUR || time === start + 6 * HOUR };
  await using lab = new RealLab(folder.join("data"), venue);
  await lab.run(wish("spot", start, undefined));
  const [row] = await lab.query("SELECT count(*) AS n, max(open_time) AS last FROM spot_klines");
  assert.deepEqual(row, { n: 10, last: iso(start + 11 * HOUR) });
  const [status] = await lab.engine.status();
  assert.deepEqual(status?.gaps, [{ from: start + 5 * HOUR, to: start + 7 * HOUR, class: "unknown", bars: 2 }]);
  assert.equal(status?.watermark, start + 5 * HOUR);
});

test("invariant 7: where no open interest or funding is known the warehouse has NULL, and a value of zero stays a zero", async () => {
  using folder = new TemporaryFolder();
  const venue = new ModelVenue(listed, start + DAY + HOUR);
  const absent = (time: number) => time >= start + 6 * HOUR && time < start + 12 * HOUR;
  venue.quirks = {
    missing: (series, time) =>
      series.kind === "open-interest" ? absent(time) : series.kind === "funding" && time >= start + 8 * HOUR,
  };
  await using lab = new RealLab(folder.join("data"), venue);
  await lab.run(wish("futures", start, start + DAY));
  const [row] = await lab.query(`SELECT count(*) AS n,
    count(*) FILTER (open_interest IS NULL) AS no_oi,
    count(*) FILTER (open_interest IS NULL AND open_interest_value IS NULL AND open_interest_time IS NULL) AS no_oi_at_all,
    count(*) FILTER (funding_rate IS NULL AND funding_time IS NULL) AS no_funding,
    count(*) FILTER (open_interest = 0 OR isnan(open_interest) OR isnan(funding_rate)) AS wrong
    FROM futures_metrics`);
  // The last value, of 05:00, is known for two hours; the rate of midnight for sixteen.
  assert.deepEqual(row, { n: 24, no_oi: 5, no_oi_at_all: 5, no_funding: 8, wrong: 0 });
});
