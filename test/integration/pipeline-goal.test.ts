import assert from "node:assert/strict";
import { test } from "node:test";
import { SourceError } from "../../src/core/errors.ts";
import type { Interval, Period } from "../../src/core/interval.ts";
import { DAY, HOUR } from "../../src/core/time.ts";
import { FUTURES_METRICS } from "../../src/market/futures-metrics.ts";
import { Engine } from "../../src/pipeline/engine.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { Lab, modelPorts, request, wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";
import { column } from "../fakes/rows.ts";
import { metrics } from "../fakes/series.ts";

const start = Date.UTC(2025, 0, 30);
const now = start + 5 * DAY + HOUR;
const at = (day: number) => start + day * DAY;
const make = () => new Lab(new ModelVenue(start - 60 * DAY, now));
const names = (steps: Awaited<ReturnType<Lab["steps"]>>) =>
  steps.map((step) => (step.action === "load" ? "" : `${step.action} ${step.path}`));

test("what several wishes want of one series is read once, whatever the order of their ranges", async () => {
  const ranges = [
    [0, 1],
    [3, 4],
    [1, 3],
    [0, 2],
  ] as const;
  const lab = make();
  const steps = names(await lab.steps(...ranges.map(([from, to]) => wish("spot", at(from), at(to)))));
  assert.deepEqual(steps, [...new Set(steps)]);
  assert.equal(steps.length, 4);
  const { outcomes } = await lab.run(...ranges.map(([from, to]) => wish("spot", at(from), at(to))));
  assert.ok(outcomes.every((outcome) => outcome.status === "done" && outcome.rows === 24));
});

test("ranges that do not touch stay two", async () => {
  const lab = make();
  await lab.run(wish("spot", at(0), at(1)), wish("spot", at(3), at(4)));
  assert.deepEqual(await lab.steps(wish("spot", at(0), at(1)), wish("spot", at(3), at(4))), []);
  assert.equal((await lab.steps(wish("spot", at(0), at(4)))).length, 2);
});

test("two intervals of a symbol share its funding and open interest, and each is derived", async () => {
  const lab = make();
  const both = [wish("futures", at(0), at(1)), wish("futures", at(0), at(1), { interval: "4h" })];
  const { outcomes } = await lab.run(...both);
  const tables = outcomes.map(({ step }) => `${step.action} ${step.table}`).sort();
  assert.deepEqual(tables, [
    "derive futures_metrics",
    "derive futures_metrics",
    "fetch funding_rates",
    "fetch futures_klines",
    "fetch futures_klines",
    "fetch open_interest",
  ]);
  assert.deepEqual(await lab.steps(...both), []);
});

test("a series that is wished for twice is as if it had been wished for once", async () => {
  const [twice, once] = [make(), make()];
  const same = wish("futures", at(0), at(2));
  const { outcomes } = await twice.run(same, same);
  assert.ok(outcomes.every((outcome) => !outcome.error));
  await once.run(same);
  assert.deepEqual(twice.contents(), once.contents());
});

const long: [interval: Interval, period: Period, from: number][] = [
  ["1d", "5m", start],
  ["3d", "1h", start],
  ["1w", "1h", Date.UTC(2025, 0, 20)],
  ["1M", "1d", Date.UTC(2025, 0, 1)],
];
for (const [interval, period, from] of long) {
  test(`a ${interval} candle asked for by its first day alone has what was known at its close`, async () => {
    const lab = make();
    const days = interval === "3d" ? 3 * DAY : DAY;
    await lab.run(wish("futures", from, from + days, { interval, period }));
    const rows = await lab.rows(FUTURES_METRICS, metrics(interval));
    assert.equal(rows.rows, 1);
    for (const name of ["open_interest", "funding_rate"]) assert.notDeepEqual(column(rows, name), [null], name);
    const [close, known] = [column(rows, "ts")[0] as number, column(rows, "open_interest_time")[0] as number];
    assert.ok(known <= close && close - known < 2 * DAY * 1000);
  });
}

test("ranges are widened to whole days, and that is said", async () => {
  const lab = make();
  const plan = await lab.engine.plan(request(wish("spot", start + 5 * HOUR, start + 30 * HOUR)));
  assert.deepEqual(plan.notes, ["Widened to whole UTC days: 2025-01-30 to 2025-02-01."]);
  assert.equal(plan.steps.length, 2);
  assert.deepEqual((await lab.engine.plan(request(wish("spot", at(0), at(1))))).notes, []);
  assert.deepEqual((await lab.engine.plan(request(wish("spot", at(0), undefined)))).notes, []);
});

test("a plan asks, but writes nothing", async () => {
  const lab = make();
  assert.ok((await lab.steps(wish("futures", at(0), undefined))).length > 0);
  assert.deepEqual(lab.contents(), {});
  assert.equal(lab.venue.requests, 0);
});

test("a venue that does not answer leaves its own steps with the reason, and the other's go on", async () => {
  const venue = new ModelVenue(start - 60 * DAY, now);
  const silent = new ModelVenue(start - 60 * DAY, now);
  silent.now = () =>
    Promise.reject(new SourceError("unreachable", "api.example cannot be reached.", "candlelake config"));
  const ports = modelPorts(venue, new MemoryStore());
  const engine = new Engine({ ...ports, source: async (_, market) => (market === "spot" ? silent : venue) });
  const asked = request(wish("spot", at(0), at(1)), wish("futures", at(0), at(1)));
  const { outcomes, fatal } = await engine.apply(asked, "test");
  assert.equal(fatal, undefined);
  assert.deepEqual(
    outcomes.map(({ step, status, error }) => [step.table, status, error?.code]),
    [
      ["spot_klines", "failed", "unreachable"],
      ["futures_klines", "done", undefined],
      ["funding_rates", "done", undefined],
      ["open_interest", "done", undefined],
      ["futures_metrics", "done", undefined],
    ],
  );
});

test("where an input cannot be read the derived day is deferred, and made when it can", async () => {
  const lab = make();
  const read = lab.venue.read.bind(lab.venue);
  lab.venue.read = (series, range) => {
    if (series.kind === "funding") throw new SourceError("geo-blocked", "Not from here.", "candlelake config");
    return read(series, range);
  };
  const first = await lab.run(wish("futures", at(0), at(1)));
  assert.deepEqual(
    first.outcomes.map(({ step, status }) => [step.table, status]),
    [
      ["futures_klines", "done"],
      ["funding_rates", "deferred"],
      ["open_interest", "done"],
      ["futures_metrics", "deferred"],
    ],
  );
  lab.venue.read = read;
  await lab.run(wish("futures", at(0), at(1)));
  const once = make();
  await once.run(wish("futures", at(0), at(1)));
  assert.deepEqual(lab.contents(), once.contents());
});

test("a damaged manifest, of a derived table too, is made anew by the command that its error names", async () => {
  for (const table of ["futures_klines", "funding_rates", "futures_metrics"]) {
    const lab = make();
    await lab.run(wish("futures", at(0), at(1)));
    const before = lab.contents();
    const key = Object.keys(before).find((name) => name.startsWith(`_manifests/${table}/`)) ?? assert.fail(table);
    await lab.store.write(key, new TextEncoder().encode("{"));
    const { outcomes } = await lab.run(wish("futures", at(0), at(1)));
    assert.ok(
      outcomes.some((outcome) => outcome.error?.code === "bad-manifest"),
      table,
    );
    await lab.run(wish("futures", at(0), at(1), { force: true }));
    const { [`_quarantine/${key}`]: kept, ...after } = lab.contents();
    assert.equal(kept, "{", "the damaged one is kept");
    assert.deepEqual(after, before);
  }
});

test("of several wishes one that has not begun is left out and said; alone it is refused", async () => {
  const lab = make();
  const early = wish("spot", at(10), at(11));
  const plan = await new Engine(modelPorts(new ModelVenue(start - 60 * DAY, now), new MemoryStore())).plan(
    request(wish("spot", at(0), at(1)), early),
  );
  assert.deepEqual(names([...plan.steps]), names(await lab.steps(wish("spot", at(0), at(1)))));
  assert.match(plan.notes.join(" "), /has not come yet.*Left out/);
  await assert.rejects(lab.steps(early), { code: "future" });
});
