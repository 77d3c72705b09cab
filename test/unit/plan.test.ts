import assert from "node:assert/strict";
import { test } from "node:test";
import { DataError, SourceError, WarehouseError } from "../../src/core/errors.ts";
import type { Derivation, Target } from "../../src/core/goal.ts";
import { fileStem } from "../../src/core/layout.ts";
import { plan } from "../../src/core/plan.ts";
import { DAY, HOUR } from "../../src/core/time.ts";
import { funding, futures, metrics, openInterest, spot } from "../fakes/series.ts";
import { all, day, days, entry, goal, type Known, key, now, range, state, target, type Unit } from "./plan-states.ts";

const reasons = (known: Known, rest: Partial<Target> = {}, series = spot("1h")) =>
  plan(goal({ targets: [target(series, rest)] }), state(known)).map((step) =>
    step.action === "fetch" ? [step.day, step.reason] : step,
  );
const damage = new DataError("bad-manifest", "cut", "candlelake status");

test("what is missing is fetched, a step a day, in order", () => {
  assert.deepEqual(
    reasons({}),
    days.map((of) => [of, "missing"]),
  );
});

test("a step names its object, its series and where its rows come from", () => {
  const [step] = plan(goal({ targets: [target(spot("1h"))] }), state());
  assert.deepEqual(step, {
    action: "fetch",
    table: "spot_klines",
    series: spot("1h"),
    day: "2025-01-30",
    reason: "missing",
    path: key(spot("1h"), "2025-01-30"),
    route: "rest",
    because: "the venue publishes no archive",
  });
});

test("what is settled is left alone, and the open day is read again when more has closed", () => {
  const entries = all(spot("1h"), () => entry({ asOf: now - HOUR }));
  assert.deepEqual(reasons({ entries }), [["2025-02-02", "more has closed since it was read"]]);
});

test("nothing is planned where everything was read now", () => {
  assert.deepEqual(reasons({ entries: all(spot("1h"), () => entry()) }), []);
});

test("an object that is gone, or another than was written, is fetched again", () => {
  const entries = all(spot("1h"), (of) => entry({ content: of }));
  assert.deepEqual(reasons({ entries, lost: ["2025-01-31"] }), [["2025-01-31", "object missing or changed"]]);
});

test("a day that came from a file that is known to have it wrong is asked for again where REST answers", () => {
  const wrong = target(futures("1m"), { range: { from: Date.UTC(2025, 0, 28), to: Date.UTC(2025, 0, 31) } });
  const days = ["2025-01-28", "2025-01-29", "2025-01-30"];
  const of = (source: string, confirmedBy?: string) =>
    Object.fromEntries(
      days.map((one) => [
        key(futures("1m"), one),
        entry({ source, ...(confirmedBy ? { confirmedBy } : {}), asOf: Date.UTC(2025, 5, 1) }),
      ]),
    );
  const planned = (source: string, rest: Partial<Target> = {}, confirmedBy?: string) =>
    plan(goal({ targets: [{ ...wrong, ...rest }] }), state({ entries: of(source, confirmedBy) })).map((step) =>
      step.action === "fetch" ? [step.day, step.reason, step.route] : step,
    );
  assert.deepEqual(planned("archive-monthly"), [["2025-01-29", "its file is known to be wrong", "rest"]]);
  assert.deepEqual(planned("rest"), []);
  assert.deepEqual(planned("archive-monthly", {}, "rest"), [], "REST has the same rows");
  assert.deepEqual(planned("rest", {}, "archive-monthly"), []);
  assert.equal(planned("archive-monthly", {}, "archive-daily").length, 1);
  assert.deepEqual(planned("archive-monthly", { choice: "archive" }), []);
  const restError = new SourceError("geo-blocked", "not from here", "candlelake status");
  assert.deepEqual(planned("archive-monthly", { restError }), []);
});

test("force reads everything again and says so", () => {
  const entries = { [key(spot("1h"), "2025-01-31")]: entry() };
  assert.deepEqual(
    reasons({ entries }, { force: true }),
    days.map((of) => [of, of === "2025-01-31" ? "forced" : "missing"]),
  );
});

test("days before the series began, and days that have not begun, are nothing to do", () => {
  assert.deepEqual(reasons({}, { first: Date.UTC(2025, 1, 1, 6) }), [
    ["2025-02-01", "missing"],
    ["2025-02-02", "missing"],
  ]);
  const coming = { from: Date.UTC(2025, 1, 2), to: Date.UTC(2025, 1, 6) };
  assert.deepEqual(reasons({}, { range: coming }), [["2025-02-02", "missing"]]);
});

test("only days in which a long candle opens, and that has closed, are anything to do", () => {
  const weeks = reasons({}, { range: { from: Date.UTC(2025, 0, 1), to: Date.UTC(2025, 1, 1) } }, spot("1w"));
  assert.deepEqual(
    weeks,
    ["2025-01-06", "2025-01-13", "2025-01-20"].map((of) => [of, "missing"]),
  );
});

test("a source that failed leaves its steps with its error, and the others go on", () => {
  const error = new SourceError("unreachable", "no route", "candlelake config");
  const steps = plan(goal({ targets: [target(spot("1h"), { error }), target(funding())] }), state());
  assert.deepEqual(
    steps.map((step) => step.error),
    [...days.map(() => error), ...days.map(() => undefined)],
  );
});

test("a damaged manifest fails its month alone, unless it is to be made anew", () => {
  const known = state({ damaged: { "spot_klines/2025-01": damage } });
  const errors = (force: boolean) =>
    plan(goal({ targets: [target(spot("1h"), { force })] }), known).map((step) => step.error?.code);
  assert.deepEqual(errors(false), ["bad-manifest", "bad-manifest", undefined, undefined]);
  assert.deepEqual(errors(true), [undefined, undefined, undefined, undefined]);
});

const own = fileStem(spot("1h"));
const other = fileStem(spot("1h", "ETHUSDT"));
const unit = (content: string, rows = 24): Unit => ({ [own]: { content, rows } });
const loads = (known: Known, targets: Target[] = []) =>
  plan(goal({ targets, load: [{ table: "spot_klines", months: ["2025-01", "2025-02"] }] }), state(known)).flatMap(
    (step) => (step.action === "load" ? [[step.month, step.reason, step.rows, step.error?.code]] : []),
  );

test("a load unit is loaded where the ledger lacks it or has other content", () => {
  const units = { "spot_klines/2025-01": unit("a"), "spot_klines/2025-02": unit("b", 30) };
  assert.deepEqual(loads({ units }), [
    ["2025-01", "missing", 24, undefined],
    ["2025-02", "missing", 30, undefined],
  ]);
  const loaded = { "spot_klines/2025-01": { [own]: "a" }, "spot_klines/2025-02": { [own]: "a" } };
  assert.deepEqual(loads({ units, loaded }), [["2025-02", "content differs from the ledger", 30, undefined]]);
});

test("a unit that gained a series, or lost one, is loaded again", () => {
  const gained = { ...unit("a"), [other]: { content: "e", rows: 1 } };
  const cases: [have: Unit, loaded: Record<string, string>][] = [
    [gained, { [own]: "a" }],
    [unit("a"), { [own]: "a", [other]: "e" }],
  ];
  for (const [have, loaded] of cases) {
    const known = { units: { "spot_klines/2025-01": have }, loaded: { "spot_klines/2025-01": loaded } };
    assert.deepEqual(
      loads(known).map(([, reason]) => reason),
      ["content differs from the ledger"],
    );
  }
});

test("a unit of which a partition will change is planned, an empty one is not", () => {
  const known = {
    units: { "spot_klines/2025-01": unit("a") },
    loaded: { "spot_klines/2025-01": { [own]: "a" } },
  };
  assert.deepEqual(loads(known), []);
  const targets = [target(spot("1h"), { range: { from: day, to: day + DAY } })];
  assert.deepEqual(loads(known, targets), [["2025-01", "a partition changes", 24, undefined]]);
});

test("a month of which the lake has no rows stays, unless it is to be pruned", () => {
  const loaded = { "spot_klines/2025-01": { [own]: "a" } };
  assert.deepEqual(loads({ loaded }), []);
  const asked = (known: Known, targets: Target[] = []) => {
    const load = [{ table: "spot_klines" as const, months: ["2025-01", "2025-02"], prune: true }];
    return plan(goal({ targets, load }), state(known)).filter((step) => step.action === "load");
  };
  const action = { action: "load", table: "spot_klines", month: "2025-01" };
  assert.deepEqual(asked({ loaded }), [{ ...action, reason: "no longer in the lake", rows: 0, empties: true }]);
  assert.deepEqual(asked({}), []);
  // What is fetched may bring rows.
  const [first] = asked({ loaded }, [target(spot("1h"))]);
  assert.deepEqual(first, { ...action, reason: "a partition changes", rows: 0 });
});

test("what somebody else wrote to a month is replaced where the lake has it, and goes where it does not when asked", () => {
  const [units, loaded] = [{ "spot_klines/2025-01": unit("a") }, { "spot_klines/2025-01": { [own]: "a" } }];
  const touched = ["spot_klines/2025-01"];
  assert.deepEqual(loads({ units, loaded, touched }), [
    ["2025-01", "changed in the warehouse after its load", 24, undefined],
  ]);
  const strange = "the ledger does not know what is there";
  assert.deepEqual(loads({ units, touched }), [["2025-01", strange, 24, undefined]]);
  assert.deepEqual(loads({ touched }), []);
  const load = [{ table: "spot_klines" as const, months: ["2025-01"], prune: true }];
  const [step, ...others] = plan(goal({ targets: [], load }), state({ touched }));
  assert.deepEqual(others, []);
  assert.deepEqual(step, {
    action: "load",
    table: "spot_klines",
    month: "2025-01",
    reason: strange,
    rows: 0,
    empties: true,
  });
});

test("a unit with a damaged manifest is not loaded without it", () => {
  const known = { units: { "spot_klines/2025-01": unit("a") }, damaged: { "spot_klines/2025-01": damage } };
  assert.deepEqual(loads(known), [["2025-01", "bad-manifest", 24, "bad-manifest"]]);
});

test("a month that the warehouse cannot keep is refused where it is due, and nowhere else", () => {
  const months = ["spot_klines/2025-01", "spot_klines/2025-02"];
  const refusal = new WarehouseError("partitions-expired", "gone at once", "candlelake status");
  const unloadable = { "spot_klines/2025-01": refusal };
  const units = Object.fromEntries(months.map((month) => [month, unit("a")]));
  assert.deepEqual(loads({ units, unloadable }), [
    ["2025-01", "missing", 24, "partitions-expired"],
    ["2025-02", "missing", 24, undefined],
  ]);
  const loaded = Object.fromEntries(months.map((month) => [month, { [own]: "a" }]));
  assert.deepEqual(loads({ units, loaded, unloadable }), []);
  const damaged = { "spot_klines/2025-01": damage };
  assert.equal(loads({ units, damaged, unloadable })[0]?.[3], "bad-manifest");
  // To take a month away needs no room for it.
  const load = [{ table: "spot_klines" as const, months: ["2025-01"], prune: true }];
  const [step] = plan(goal({ targets: [], load }), state({ loaded, unloadable }));
  assert.deepEqual([step?.reason, step?.error], ["no longer in the lake", undefined]);
});

const derivation: Derivation = {
  table: "futures_metrics",
  series: metrics("1h"),
  range,
  now,
  first: undefined,
  force: false,
  candles: { table: "futures_klines", series: futures("1h") },
  lookUps: [{ table: "funding_rates", series: funding(), lookBack: 16 * HOUR }],
};

test("fetches come first, then what is derived from them, then the loads", () => {
  const targets = [target(futures("1h")), target(funding()), target(openInterest())];
  const load = [{ table: "futures_metrics" as const, months: ["2025-01"] }];
  const actions = plan(goal({ targets, derivations: [derivation], load }), state()).map((step) => step.action);
  const order = ["fetch", "derive", "load"];
  assert.deepEqual([...new Set(actions)], order);
  assert.deepEqual(
    actions,
    actions.toSorted((a, b) => order.indexOf(a) - order.indexOf(b)),
  );
});
