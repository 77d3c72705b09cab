import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { numbers } from "../../src/core/batch.ts";
import { objectKey } from "../../src/core/layout.ts";
import type { Series } from "../../src/core/series.ts";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import { SPOT_KLINES } from "../../src/market/klines.ts";
import { OPEN_INTEREST } from "../../src/market/open-interest.ts";
import { tableOf } from "../../src/market/tables.ts";
import type { Outcome } from "../../src/pipeline/outcome.ts";
import { Lab, wish } from "../fakes/lab.ts";
import { ModelVenue, type Quirks } from "../fakes/model-venue.ts";
import { column } from "../fakes/rows.ts";
import { funding, openInterest, spot } from "../fakes/series.ts";

const start = Date.UTC(2025, 0, 30);
const listed = Date.UTC(2024, 11, 20);
/** Ten hours and a bit into the third day. */
const now = start + 2 * DAY + 10 * HOUR + MINUTE;
const day = "2025-01-30";

/** A lake that was read at `now`, and a venue that has changed its mind since. */
async function changed(quirks: Quirks, later = now): Promise<Lab> {
  const lab = new Lab(new ModelVenue(listed, now));
  await lab.run(wish("spot", start, undefined), wish("futures", start, undefined));
  lab.venue.quirks = quirks;
  lab.venue.time = later;
  return lab;
}

const force = (lab: Lab, topic: Parameters<typeof wish>[0] = "spot") =>
  lab.run(wish(topic, start, start + DAY, { force: true }));
const only = ({ outcomes }: { outcomes: readonly Outcome[] }, table: string): Outcome =>
  outcomes.find((outcome) => outcome.step.table === table) ?? assert.fail(table);
const at = (hour: number) => start + hour * HOUR;
const is =
  (kind: Series["kind"], ...hours: number[]) =>
  (series: Series, time: number) =>
    series.kind === kind && hours.some((hour) => Math.floor((time - start) / HOUR) === hour);

test("rows that the venue leaves out without a word fail the step, and nothing changes", async () => {
  const lab = await changed({ missing: is("klines", 53, 54) }, now + HOUR);
  const before = lab.contents();
  const outcome = only(await lab.run(wish("spot", start, undefined)), "spot_klines");
  assert.equal(outcome.status, "failed");
  assert.equal(outcome.error?.code, "rows-vanished");
  assert.match(outcome.error?.message ?? "", /no longer sends 2 of 10 stored rows, the first at 2025-02-01T05:00/);
  assert.match(outcome.error?.next ?? "", /--date 2025-02-01 --force$/);
  assert.deepEqual(lab.contents(), before);
});

test("by force they stay, and what came beside them is taken", async () => {
  const lab = await changed({ missing: is("klines", 5, 6), version: (_, time) => (time === at(9) ? 1 : 0) });
  const before = await lab.rows(SPOT_KLINES, spot("1h"));
  const outcome = only(await force(lab), "spot_klines");
  assert.deepEqual([outcome.status, outcome.revised, outcome.gaps], ["done", true, []]);
  const after = await lab.rows(SPOT_KLINES, spot("1h"));
  const [old, fresh] = [numbers(before, "close").values, numbers(after, "close").values];
  const differing = [...old.keys()].filter((row) => old[row] !== fresh[row]);
  assert.deepEqual([after.rows, differing], [before.rows, [9]]);
  const manifest = lab.contents()["_manifests/spot_klines/binance-us_btcusdt_spot_1h_2025-01.json"] ?? "";
  assert.match(manifest, /"kind":"vanished","count":2/);
  const again = only(await force(lab), "spot_klines");
  assert.deepEqual([again.status, again.revised], ["unchanged", false]);
});

test("rows that were kept by force need no second word as the day goes on; others do", async () => {
  const lab = await changed({ missing: is("klines", 53, 54) }, now + HOUR);
  const forced = only(await lab.run(wish("spot", start + 2 * DAY, undefined, { force: true })), "spot_klines");
  assert.deepEqual([forced.status, forced.rows], ["done", 11]);
  lab.venue.time = now + 3 * HOUR;
  const later = only(await lab.run(wish("spot", start, undefined)), "spot_klines");
  assert.deepEqual([later.status, later.rows, later.gaps], ["done", 13, []]);
  const manifest = lab.contents()["_manifests/spot_klines/binance-us_btcusdt_spot_1h_2025-02.json"] ?? "";
  assert.match(manifest, /"kind":"vanished","count":2/);
  lab.venue.time = now + 4 * HOUR;
  lab.venue.quirks = { missing: is("klines", 53, 54, 55) };
  assert.equal(only(await lab.run(wish("spot", start, undefined)), "spot_klines").error?.code, "rows-vanished");
});

test("rows that come broken stay as they were stored, with the refusal on record", async () => {
  const lab = await changed({ broken: is("klines", 5) });
  const before = await lab.rows(SPOT_KLINES, spot("1h"));
  const outcome = only(await force(lab), "spot_klines");
  assert.deepEqual([outcome.status, outcome.quarantined, outcome.gaps], ["unchanged", 1, []]);
  assert.deepEqual(await lab.rows(SPOT_KLINES, spot("1h")), before);
  assert.ok(lab.store.objects.has(`_quarantine/spot_klines/binance-us_btcusdt_spot_1h_${day}.json`));
});

test("a broken row that was stored and one that never was are told apart", async () => {
  const lab = new Lab(new ModelVenue(listed, now));
  lab.venue.quirks = { missing: is("klines", 6) };
  await lab.run(wish("spot", start, start + DAY));
  lab.venue.quirks = { broken: is("klines", 5, 6, 7) };
  const outcome = only(await force(lab), "spot_klines");
  assert.deepEqual(outcome.gaps, [{ from: at(6), to: at(7), class: "quarantined", bars: 1 }]);
});

test("rows that the venue no longer keeps stay as they were stored", async () => {
  for (const kept of [start + 5 * HOUR, start + 2 * DAY]) {
    const lab = await changed({ kept: () => kept });
    const before = await lab.times();
    for (const topic of ["spot", "futures"] as const) {
      const { outcomes } = await force(lab, topic);
      assert.deepEqual(new Set(outcomes.map((outcome) => outcome.status)), new Set(["unchanged"]));
      assert.ok(outcomes.every((outcome) => outcome.gaps.length === 0));
    }
    assert.deepEqual(await lab.times(), before);
  }
});

test("what was never stored and is no longer kept is a gap, and the step is done", async () => {
  const lab = new Lab(new ModelVenue(listed, now));
  lab.venue.quirks = { kept: (series) => (series.kind === "open-interest" ? start + 30 * HOUR : 0) };
  const { outcomes } = await lab.run(wish("open-interest", start, start + 2 * DAY));
  assert.deepEqual(
    outcomes.map((outcome) => [outcome.status, outcome.rows, outcome.gaps]),
    [
      ["done", 0, [{ from: start, to: start + DAY, class: "not-published", bars: 24 }]],
      ["done", 18, [{ from: start + DAY, to: start + 30 * HOUR, class: "not-published", bars: 6 }]],
    ],
  );
});

test("a funding event that comes broken stays as it was stored", async () => {
  const lab = await changed({ broken: is("funding", 8) });
  const before = await lab.rows(tableOf(funding()), funding());
  const outcome = only(await force(lab, "funding"), "funding_rates");
  assert.deepEqual([outcome.status, outcome.quarantined, outcome.gaps], ["unchanged", 1, []]);
  assert.deepEqual(await lab.rows(tableOf(funding()), funding()), before);
});

test("a corrected row takes the place of the old one, and the manifest remembers what was there", async () => {
  const lab = await changed({ version: (_, time) => (time === at(5) ? 1 : 0) });
  const before = await lab.rows(SPOT_KLINES, spot("1h"));
  const outcome = only(await force(lab), "spot_klines");
  assert.deepEqual([outcome.status, outcome.revised], ["done", true]);
  const after = await lab.rows(SPOT_KLINES, spot("1h"));
  const [old, fresh] = [numbers(before, "close").values, numbers(after, "close").values];
  assert.deepEqual(
    [...old.keys()].filter((i) => old[i] !== fresh[i]),
    [5],
  );
  assert.match(
    lab.contents()["_manifests/spot_klines/binance-us_btcusdt_spot_1h_2025-01.json"] ?? "",
    /"revisions":\[\{/,
  );
});

test("rows that were extended are no revision", async () => {
  const lab = await changed({}, now + 3 * HOUR);
  const { outcomes } = await lab.run(wish("spot", start, undefined));
  assert.deepEqual(
    outcomes.map((outcome) => [outcome.status, outcome.revised, outcome.rows]),
    [["done", false, 13]],
  );
});

test("one bad day fails alone: the days around it are stored", async () => {
  const lab = await changed({ missing: (_, time) => time === at(29) });
  for (const key of [...lab.store.objects.keys()]) if (key.startsWith("spot_klines/")) lab.store.objects.delete(key);
  const { outcomes } = await lab.run(wish("spot", start, undefined));
  assert.deepEqual(
    outcomes.map(({ status, error }) => error?.code ?? status),
    ["done", "rows-lost", "done"],
  );
});

/** The object of the first day, and a way to put other bytes there behind the lake's back. */
function tamper(lab: Lab, series: Series, bytes: (old: Uint8Array) => Uint8Array | undefined): void {
  const key = objectKey(tableOf(series).name, series, day);
  const now = bytes(lab.store.objects.get(key) as Uint8Array);
  lab.store.objects.delete(key);
  if (now) void lab.store.write(key, now);
}

const tampers: Record<string, (old: Uint8Array) => Uint8Array | undefined> = {
  "that is gone": () => undefined,
  "that was cut": (old) => old.slice(0, old.length / 2),
  "of which one byte differs": (old) => old.with(200, (old[200] as number) ^ 1),
};
for (const [what, bytes] of Object.entries(tampers)) {
  test(`an object ${what} is noticed, and fetched again to the byte`, async () => {
    const lab = await changed({});
    const before = lab.contents();
    tamper(lab, spot("1h"), bytes);
    const { outcomes } = await lab.run(wish("spot", start, undefined));
    assert.deepEqual(
      outcomes.map(({ step, status }) => [step.action === "fetch" && step.day, step.reason, status]),
      [[day, "object missing or changed", "done"]],
    );
    assert.deepEqual(lab.contents(), before);
  });

  test(`an object ${what}, and of which the venue keeps less, is not replaced by less but by force`, async () => {
    const lab = await changed({ kept: () => at(12) });
    tamper(lab, openInterest("1h"), bytes);
    const before = lab.contents();
    const refused = only(await lab.run(wish("open-interest", start, start + DAY)), "open_interest");
    assert.deepEqual([refused.status, refused.error?.code], ["failed", "rows-lost"]);
    assert.match(refused.error?.next ?? "", /--date 2025-01-30 --force$/);
    assert.deepEqual(lab.contents(), before);
    const taken = only(await force(lab, "open-interest"), "open_interest");
    assert.deepEqual([taken.status, taken.rows], ["done", 12]);
    assert.equal(column(await lab.rows(OPEN_INTEREST, openInterest("1h")), "time")[0], at(12) * 1000);
  });
}

test("whatever a venue does, no stored row ever vanishes", async () => {
  type Mood = "well" | "missing" | "broken" | "forgetful" | "corrected";
  const mood = fc.constantFrom<Mood>("well", "missing", "broken", "forgetful", "corrected");
  const visits = fc.array(
    fc.record({ mood, salt: fc.nat(9), hours: fc.integer({ min: 0, max: 40 }), forced: fc.boolean() }),
    { minLength: 2, maxLength: 6 },
  );
  const quirksOf = (name: Mood, salt: number): Quirks => {
    const some = (_: Series, time: number) => Math.floor(time / HOUR) % 10 === salt;
    if (name === "missing") return { missing: some };
    if (name === "broken") return { broken: some };
    if (name === "forgetful") return { kept: (_, at) => at - (salt + 1) * 5 * HOUR };
    return name === "corrected" ? { version: () => salt } : {};
  };
  await fc.assert(
    fc.asyncProperty(visits, async (all) => {
      const lab = new Lab(new ModelVenue(listed, start + 5 * HOUR));
      let before = await lab.times();
      for (const visit of all) {
        lab.venue.time += visit.hours * HOUR;
        lab.venue.quirks = quirksOf(visit.mood, visit.salt);
        const rest = { force: visit.forced };
        await lab.run(wish("spot", start, undefined, rest), wish("futures", start, undefined, rest));
        const after = await lab.times();
        for (const [series, times] of before) {
          assert.deepEqual(new Set(times).difference(new Set(after.get(series))), new Set(), series);
        }
        before = after;
      }
    }),
    { numRuns: 40 },
  );
});
