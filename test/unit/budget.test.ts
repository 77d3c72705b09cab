import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Interrupted } from "../../src/core/errors.ts";
import { HttpClient } from "../../src/net/http-client.ts";
import { RequestBudget } from "../../src/net/request-budget.ts";
import { VirtualClock } from "../fakes/virtual-clock.ts";

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 1, 12, 0, 30);

interface Spending {
  readonly weight: number;
  /** When somebody wants it, how long it travels, and how long its answer does; milliseconds. */
  readonly wantedAt: number;
  readonly there: number;
  readonly back: number;
  readonly sent: boolean;
}

const spending = (limit: number): fc.Arbitrary<Spending> =>
  fc.record({
    weight: fc.integer({ min: 1, max: limit }),
    wantedAt: fc.nat(3 * MINUTE),
    there: fc.nat(5000),
    back: fc.nat(5000),
    sent: fc.boolean(),
  });

const scenario = fc
  .integer({ min: 1, max: 30 })
  .chain((limit) =>
    fc.record({ limit: fc.constant(limit), spendings: fc.array(spending(limit), { minLength: 1, maxLength: 40 }) }),
  );

/** Sends everything through one budget; returns when each request reached the venue. */
async function arrivals(limit: number, window: number, spendings: readonly Spending[]) {
  const clock = new VirtualClock(START);
  const budget = new RequestBudget(limit, window, clock);
  const seen: { at: number; weight: number }[] = [];
  await Promise.all(
    spendings.map(async ({ weight, wantedAt, there, back, sent }) => {
      await clock.sleep(wantedAt);
      const charge = await budget.reserve(weight);
      if (!sent) return charge.refund();
      await clock.sleep(there);
      seen.push({ at: clock.now(), weight });
      await clock.sleep(back);
      return charge.settle();
    }),
  );
  return { seen, end: clock.now() };
}

describe("a request budget", () => {
  it("is never exceeded in any window, wherever the venue's windows begin", async () => {
    await fc.assert(
      fc.asyncProperty(scenario, fc.constantFrom(MINUTE, 5 * MINUTE), async ({ limit, spendings }, window) => {
        const { seen } = await arrivals(limit, window, spendings);
        assert.equal(seen.length, spendings.filter(({ sent }) => sent).length);
        for (const { at } of seen) {
          const spent = seen.filter((other) => other.at >= at && other.at < at + window);
          assert.ok(spent.reduce((sum, { weight }) => sum + weight, 0) <= limit, `over ${limit} from ${at}`);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("is used up: what fits goes out at once, the rest when the window is over", async () => {
    const each = { weight: 2, wantedAt: 0, there: 0, back: 100, sent: true };
    const { seen, end } = await arrivals(
      2400,
      MINUTE,
      Array.from({ length: 3000 }, () => each),
    );
    const waits = [...new Set(seen.map(({ at }) => at - START))];
    assert.deepEqual(waits, [0, MINUTE + 100, 2 * MINUTE + 200]);
    assert.equal(end - START, 2 * MINUTE + 300);
  });

  it("leaves room for what others behind the same address used, until the venue's minute is over", async () => {
    const clock = new VirtualClock(START);
    const budget = new RequestBudget(1200, MINUTE, clock);
    budget.report(1170, START - 20_000); // the venue's clock is behind: its minute has 50 s to go
    (await budget.reserve(5)).settle();
    assert.equal(clock.now(), START);
    budget.report(1175, START - 20_000);
    (await budget.reserve(5)).settle();
    assert.equal(clock.now(), START + 50_000);
  });

  it("goes by the newest report, whatever order the answers come in", async () => {
    const clock = new VirtualClock(START);
    const budget = new RequestBudget(100, MINUTE, clock);
    budget.report(100, START);
    budget.report(40, START); // an older answer of the same minute
    budget.report(99, START - MINUTE); // and one of the minute before
    (await budget.reserve(1)).settle();
    assert.equal(clock.now(), START + 30_000);
    budget.report(100, START);
    budget.report(3, START + MINUTE);
    (await budget.reserve(90)).settle();
    assert.equal(clock.now(), START + 30_000);
  });

  it("lets a waiting caller go when the run is stopped, and serves the next", async () => {
    const clock = new VirtualClock(START);
    const budget = new RequestBudget(10, MINUTE, clock);
    const first = await budget.reserve(10);
    const stop = new AbortController();
    const [waiting, queued, other] = [
      budget.reserve(1, stop.signal),
      budget.reserve(1, stop.signal),
      budget.reserve(10),
    ];
    stop.abort();
    await Promise.all([assert.rejects(waiting, Interrupted), assert.rejects(queued, Interrupted)]);
    first.settle();
    await other;
    assert.equal(clock.now(), START + MINUTE);
    await assert.rejects(budget.reserve(1, stop.signal), Interrupted);
  });

  it("refuses what can never fit", async () => {
    await assert.rejects(new RequestBudget(10, MINUTE, new VirtualClock(START)).reserve(11), RangeError);
  });
});

describe("a client with a budget", () => {
  const calls = fc.array(fc.record({ weight: fc.integer({ min: 1, max: 10 }), wantedAt: fc.nat(2 * MINUTE) }), {
    minLength: 1,
    maxLength: 60,
  });
  const fates = fc.infiniteStream(fc.constantFrom(200, 200, 200, 400, 500, 503, "lost"));

  it("keeps to it with every try, refused and failed ones too", async () => {
    await fc.assert(
      fc.asyncProperty(calls, fates, fc.nat(3000), fc.nat(MINUTE), async (wanted, fate, travel, ahead) => {
        const clock = new VirtualClock(START);
        const budget = new RequestBudget(40, MINUTE, clock);
        const perMinute = new Map<number, number>();
        const client = new HttpClient({
          base: "http://venue",
          clock,
          transport: async (url) => {
            await clock.sleep(travel);
            const minute = Math.floor((clock.now() + ahead) / MINUTE);
            const used = (perMinute.get(minute) ?? 0) + Number(new URL(url).searchParams.get("weight"));
            perMinute.set(minute, used);
            await clock.sleep(travel);
            const status = fate.next().value;
            if (status === "lost") throw Object.assign(new Error("reset"), { code: "ECONNRESET" });
            return { status, headers: {}, body: new Uint8Array() };
          },
        });
        const asking = wanted.map(async ({ weight, wantedAt }) => {
          await clock.sleep(wantedAt);
          await client.get({ path: "/x", query: { weight }, budget, weight }, () => undefined);
        });
        await Promise.allSettled(asking);
        assert.ok(client.usage.requests >= wanted.length);
        assert.ok(Math.max(...perMinute.values()) <= 40);
      }),
      { numRuns: 100 },
    );
  });
});
