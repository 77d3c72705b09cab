import assert from "node:assert/strict";
import { test } from "node:test";
import { DataError } from "../../src/core/errors.ts";
import type { Derivation, Target } from "../../src/core/goal.ts";
import { inputHashes, plan } from "../../src/core/plan.ts";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import { funding, futures, metrics, openInterest } from "../fakes/series.ts";
import { all, day, entry, goal, key, now, state, target } from "./plan-states.ts";

const damage = new DataError("bad-manifest", "cut", "candlelake status");

const derivation: Derivation = {
  table: "futures_metrics",
  series: metrics("1h"),
  range: { from: day, to: day + 2 * DAY },
  now,
  first: undefined,
  force: false,
  candles: { table: "futures_klines", series: futures("1h") },
  lookUps: [
    { table: "funding_rates", series: funding(), lookBack: 16 * HOUR },
    { table: "open_interest", series: openInterest(), lookBack: 10 * MINUTE },
  ],
};
const candles = all(futures("1h"), (of) => entry({ content: `candles ${of}` }));
const made = all(metrics("1h"), (of) => entry({ inputs: inputHashes(derivation, of, state({ entries: candles })) }));
const derives = (known: Parameters<typeof state>[0], rest: Partial<Derivation> = {}, targets: Target[] = []) =>
  plan(goal({ targets, derivations: [{ ...derivation, ...rest }] }), state(known)).filter(
    (step) => step.action === "derive",
  );
const derived = (...given: Parameters<typeof derives>) => derives(...given).map((step) => [step.day, step.reason]);

test("a derived day is made where its candles are, and not where they are not", () => {
  const there = key(futures("1h"), "2025-01-31");
  assert.deepEqual(derived({ entries: { [there]: entry() } }), [["2025-01-31", "missing"]]);
  assert.deepEqual(derived({ entries: { [there]: entry({ rows: 0, object: null }) } }), []);
});

test("a derived day whose inputs are as they were is left alone, and made again where one changed", () => {
  assert.deepEqual(derived({ entries: { ...candles, ...made } }), []);
  const changed = { ...candles, ...made, [key(funding(), "2025-01-30")]: entry({ content: "more" }) };
  assert.deepEqual(derived({ entries: changed }), [
    ["2025-01-30", "an input changed"],
    // Its first close looks back on the day before.
    ["2025-01-31", "an input changed"],
  ]);
});

test("a derived day after the range that looks back into it is made again where it is there, and else not", () => {
  const more = { [key(funding(), "2025-01-31")]: entry({ content: "more" }) };
  const one = { from: day + DAY, to: day + 2 * DAY };
  assert.deepEqual(derived({ entries: { ...candles, ...made, ...more } }, { range: one }), [
    ["2025-01-31", "an input changed"],
    ["2025-02-01", "an input changed"],
  ]);
  assert.deepEqual(derived({ entries: { ...candles, ...more } }, { range: one }), [["2025-01-31", "missing"]]);
});

test("a long candle that opened before the range and closes in it is made again where it is there", () => {
  const weekly: Derivation = {
    ...derivation,
    series: metrics("1w"),
    candles: { table: "futures_klines", series: futures("1w") },
    range: { from: Date.UTC(2025, 0, 12), to: Date.UTC(2025, 0, 13) },
  };
  const opened = "2025-01-06";
  const entries = {
    [key(futures("1w"), opened)]: entry(),
    [key(metrics("1w"), opened)]: entry({ inputs: {} }),
  };
  const steps = plan(goal({ derivations: [weekly] }), state({ entries }));
  assert.deepEqual(
    steps.map((step) => step.action === "derive" && [step.day, step.reason]),
    [[opened, "an input changed"]],
  );
});

test("a derived day of which an input will be fetched is planned too", () => {
  const targets = [target(openInterest(), { range: { from: day + DAY, to: day + 2 * DAY } })];
  // Only funding is looked for as far back as the day before the first close.
  assert.deepEqual(derived({ entries: { ...candles, ...made } }, {}, targets), [["2025-01-31", "an input is fetched"]]);
});

test("the days of the range are made again by force, and no others", () => {
  assert.deepEqual(derived({ entries: { ...candles, ...made } }, { force: true }), [
    ["2025-01-30", "forced"],
    ["2025-01-31", "forced"],
  ]);
});

test("a derived day whose own manifest is damaged fails, unless it is to be made anew", () => {
  const known = { entries: candles, damaged: { "futures_metrics/2025-01": damage } };
  const errors = (force: boolean) => derives(known, { force }).map((step) => step.error?.code);
  assert.deepEqual(errors(false), ["bad-manifest", "bad-manifest"]);
  assert.deepEqual(errors(true), [undefined, undefined]);
});

test("a derived day with an input in a damaged manifest fails, unless that input is fetched anew", () => {
  const known = { entries: candles, damaged: { "funding_rates/2025-01": damage } };
  const errors = (targets: Target[]) => derives(known, {}, targets).map((step) => step.error?.code);
  assert.deepEqual(errors([]), ["bad-manifest", "bad-manifest"]);
  const wide = { from: day - DAY, to: day + 2 * DAY };
  assert.deepEqual(errors([target(funding(), { force: true, range: wide })]), [undefined, undefined]);
});

test("the hashes of the inputs name every day that is looked at, and nothing where there is nothing", () => {
  const before = { [key(funding(), "2025-01-29")]: entry({ content: "f", rows: 3 }) };
  assert.deepEqual(
    { ...inputHashes(derivation, "2025-01-30", state({ entries: { ...candles, ...before } })) },
    {
      "futures_klines/1h/2025-01-30": "candles 2025-01-30",
      "funding_rates/2025-01-29": "f",
      "funding_rates/2025-01-30": "",
      "open_interest/5m/2025-01-30": "",
    },
  );
});
