import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { numbers, take } from "../../src/core/batch.ts";
import { DAY, HOUR } from "../../src/core/time.ts";
import { SPOT_KLINES } from "../../src/market/klines.ts";
import { Receiver } from "../../src/pipeline/received.ts";
import type { Page } from "../../src/ports.ts";
import { batchOf, hours } from "../fakes/rows.ts";
import { spot } from "../fakes/series.ts";

const start = Date.UTC(2025, 0, 1);
const DAYS = 4;
const rows = hours(start, DAYS * 24);

/** A page of the rows between two places, in order or not; the evidence of a row is its time. */
function page(from: number, to: number, shuffle: boolean, rest: Partial<Page> = {}): Page {
  const own = rows.slice(from, to);
  const order = [...own.keys()].sort((a, b) => (shuffle ? ((a * 5) % 7) - ((b * 5) % 7) || a - b : a - b));
  const batch = take(batchOf(spot("1h"), own), order);
  const times = numbers(batch, "open_time").values;
  return {
    batch,
    evidence: (index) => `at ${(times[index] as number) / 1000}`,
    broken: [],
    unpublished: [],
    until: start + to * HOUR,
    ...rest,
  };
}

const cuts = fc
  .array(fc.integer({ min: 1, max: DAYS * 24 - 1 }), { maxLength: 6 })
  .map((inner) => [0, ...[...new Set(inner)].sort((a, b) => a - b), DAYS * 24]);

test("pages cut anywhere are handed out day by day, each row once, with its own evidence", () => {
  fc.assert(
    fc.property(cuts, fc.boolean(), (places, shuffle) => {
      const receiver = new Receiver(SPOT_KLINES, start);
      const taken: number[][] = [];
      let day = 0;
      for (let i = 1; i < places.length; i++) {
        receiver.add(page(places[i - 1] as number, places[i] as number, shuffle));
        for (; day < DAYS && receiver.until >= start + (day + 1) * DAY; day++) {
          const got = receiver.take({ from: start + day * DAY, to: start + (day + 1) * DAY });
          const times = Array.from(numbers(got.batch, "open_time").values, (micros) => micros / 1000);
          for (const [index, time] of times.entries()) assert.equal(got.evidence(index), `at ${time}`);
          taken.push(times.sort((a, b) => a - b));
        }
      }
      assert.deepEqual(
        taken,
        Array.from({ length: DAYS }, (_, n) => rows.slice(n * 24, n * 24 + 24).map((row) => row.time)),
      );
    }),
  );
});

test("nothing has been delivered before a page came, and never less than before", () => {
  const receiver = new Receiver(SPOT_KLINES, start);
  assert.equal(receiver.until, start);
  receiver.add(page(0, 30, false));
  assert.equal(receiver.until, start + 30 * HOUR);
  receiver.add(page(30, 30, false, { until: start }));
  assert.equal(receiver.until, start + 30 * HOUR);
});

test("rows that could not be read go to the day that they are of", () => {
  const receiver = new Receiver(SPOT_KLINES, start);
  const broken = [3, 26, 50].map((hour) => ({ time: start + hour * HOUR, reason: "shape", evidence: `${hour}` }));
  receiver.add(page(0, DAYS * 24, false, { broken }));
  const evidence = (day: number) =>
    receiver.take({ from: start + day * DAY, to: start + (day + 1) * DAY }).broken.map((row) => row.evidence);
  assert.deepEqual([0, 1, 2, 3].map(evidence), [["3"], ["26"], ["50"], []]);
});

test("a stretch that is not kept is told to every day that it reaches", () => {
  const receiver = new Receiver(SPOT_KLINES, start);
  const gone = { from: start, to: start + 30 * HOUR };
  receiver.add(page(30, DAYS * 24, false, { unpublished: [gone] }));
  const told = (day: number) => receiver.take({ from: start + day * DAY, to: start + (day + 1) * DAY }).unpublished;
  assert.deepEqual([0, 1, 2].map(told), [[gone], [gone], []]);
});

test("there is no evidence of a row that did not come", () => {
  const receiver = new Receiver(SPOT_KLINES, start);
  receiver.add(page(0, 24, false));
  const got = receiver.take({ from: start, to: start + DAY });
  assert.throws(() => got.evidence(24), RangeError);
});
