import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND } from "../../src/core/time.ts";
import { Engine } from "../../src/pipeline/engine.ts";
import type { Ports } from "../../src/ports.ts";
import { BINANCE_FUTURES, BINANCE_US, type Endpoint } from "../../src/sources/binance/endpoints.ts";
import { BinanceRest } from "../../src/sources/binance/rest.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { modelPorts, request, wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";
import { madeVenue, type Reply, transportOf } from "../fakes/rest-venue.ts";
import { VirtualClock } from "../fakes/virtual-clock.ts";

const start = Date.UTC(2025, 0, 30);
const now = start + 5 * DAY + HOUR;
const hours = Array.from({ length: 9 * 24 }, (_, i) => start - 3 * DAY + i * HOUR);

/** The venue's hosts with a small part of their allowances, and few rows a request. */
const US: Endpoint = {
  ...BINANCE_US,
  klines: { ...BINANCE_US.klines, limit: 10 },
  allowance: { weight: 6, window: MINUTE },
};
const { funding, openInterest } = BINANCE_FUTURES;
const FUTURES: Endpoint = {
  ...BINANCE_FUTURES,
  klines: { ...BINANCE_FUTURES.klines, limit: 10, weight: () => 2 },
  allowance: { weight: 9, window: MINUTE },
  ...(funding ? { funding: { ...funding, limit: 5, allowance: { weight: 3, window: 5 * MINUTE } } } : {}),
  ...(openInterest
    ? { openInterest: { ...openInterest, limit: 10, allowance: { weight: 4, window: 5 * MINUTE } } }
    : {}),
};

interface Arrival {
  readonly at: number;
  readonly host: "us" | "futures";
  readonly path: string;
}

/** The whole pipeline over two hosts of one virtual world; `strike` may answer in a host's place. */
function world(strike: (arrival: Arrival, n: number) => Reply | undefined = () => undefined) {
  const clock = new VirtualClock(now);
  const arrivals: Arrival[] = [];
  const venue = madeVenue({
    now: () => clock.now(),
    klines: hours,
    length: HOUR,
    funding: hours.filter((time) => time % (8 * HOUR) === 0),
    openInterest: hours,
  });
  const source = (host: Arrival["host"], endpoint: Endpoint) =>
    new BinanceRest({
      endpoint,
      clock,
      random: () => 0.5,
      transport: transportOf(async (asked) => {
        // The way there and back takes its time.
        await clock.sleep(40);
        const arrival = { at: clock.now(), host, path: asked.path };
        const n = arrivals.push(arrival);
        const answer = strike(arrival, n) ?? (await venue(asked));
        await clock.sleep(40);
        return answer;
      }),
    });
  const sources = { spot: source("us", US), um: source("futures", FUTURES) };
  const base = modelPorts(new ModelVenue(start, now), new MemoryStore());
  const ports: Ports = { ...base, clock, source: async (_, market) => sources[market] };
  return { engine: new Engine(ports), arrivals };
}

const asked = request(wish("spot", start, start + 4 * DAY), wish("futures", start, start + 4 * DAY));

const budgets: [
  name: string,
  host: Arrival["host"],
  of: (path: string) => boolean,
  weight: (path: string) => number,
  limit: number,
  window: number,
][] = [
  ["binance.us", "us", () => true, () => 1, 6, MINUTE],
  [
    "futures",
    "futures",
    (path) => !/fundingRate|openInterestHist/.test(path),
    (path) => (path.endsWith("/time") ? 1 : 2),
    9,
    MINUTE,
  ],
  ["funding", "futures", (path) => path.endsWith("/fundingRate"), () => 1, 3, 5 * MINUTE],
  ["open interest", "futures", (path) => path.endsWith("/openInterestHist"), () => 1, 4, 5 * MINUTE],
];

test("invariant 9: every request that a venue counts is within its budget, in whatever window it counts", async () => {
  const { engine, arrivals } = world();
  const { outcomes } = await engine.apply(asked, "test");
  assert.ok(outcomes.length > 0 && outcomes.every((outcome) => outcome.status === "done"));
  for (const [name, host, of, weight, limit, window] of budgets) {
    const counted = arrivals.filter((one) => one.host === host && of(one.path));
    const total = counted.reduce((sum, { path }) => sum + weight(path), 0);
    assert.ok(total > limit, `${name}: ${total} would fit into one window, and proves nothing`);
    for (const { at } of counted) {
      const spent = counted
        .filter((one) => one.at >= at && one.at < at + window)
        .reduce((sum, { path }) => sum + weight(path), 0);
      assert.ok(spent <= limit, `${name}: ${spent} of ${limit} within a window`);
    }
  }
});

for (const [status, seconds, goesOn] of [
  [429, 45, true],
  // Who was banned once does not come back in the same run.
  [418, 110, false],
] as const) {
  test(`invariant 9: a ${status} stops all requests to that host until the time it names, and none to another`, async () => {
    const refusal: Reply = {
      status,
      headers: { "retry-after": String(seconds) },
      body: '{"code":-1003,"msg":"Too many"}',
    };
    let refusedAt: number | undefined;
    const seen = new Set<string>();
    const { engine, arrivals } = world((arrival) => {
      seen.add(arrival.host + arrival.path);
      // Both hosts are at work.
      if (arrival.host !== "us" || refusedAt !== undefined || seen.size < 6) return undefined;
      refusedAt = arrival.at;
      return refusal;
    });
    const { outcomes } = await engine.apply(asked, "test");
    const put = outcomes.filter((outcome) => outcome.status !== "done");
    assert.deepEqual(
      new Set(put.map((one) => `${one.step.table} ${one.status} ${one.error?.code}`)),
      new Set(goesOn ? [] : ["spot_klines deferred banned"]),
    );
    const since = refusedAt ?? assert.fail("nothing was refused");
    const within = arrivals.filter(({ at }) => at > since && at < since + seconds * SECOND);
    assert.deepEqual(
      within.filter(({ host }) => host === "us"),
      [],
    );
    assert.ok(within.some(({ host }) => host === "futures"));
    assert.equal(
      arrivals.some(({ host, at }) => host === "us" && at >= since + seconds * SECOND),
      goesOn,
    );
  });
}

test("invariant 9: a ban that is too long to wait for ends all requests to that host, and its steps are deferred", async () => {
  const banned: Reply = { status: 418, headers: { "retry-after": "7200" }, body: '{"code":-1003,"msg":"banned"}' };
  let refusals = 0;
  const { engine, arrivals } = world(({ host, path }, n) => {
    if (host !== "us" || n < 4 || !path.endsWith("/klines")) return undefined;
    refusals++;
    return banned;
  });
  const { outcomes } = await engine.apply(asked, "test");
  const spot = outcomes.filter((outcome) => outcome.step.table === "spot_klines");
  assert.ok(spot.some((outcome) => outcome.status === "deferred" && outcome.error?.code === "banned"));
  assert.ok(
    outcomes.filter((outcome) => outcome.step.table !== "spot_klines").every(({ status }) => status === "done"),
  );
  // Those that were under way when the first refusal came, and none after them.
  const first = arrivals.findIndex(({ host, path }, i) => host === "us" && i >= 3 && path.endsWith("/klines"));
  const late = arrivals.slice(first).filter(({ host, at }) => host === "us" && at > (arrivals[first]?.at ?? 0) + 100);
  assert.deepEqual(late, []);
  assert.ok(refusals > 0);
});
