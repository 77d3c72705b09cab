import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { Interrupted, SourceError } from "../../src/core/errors.ts";
import { inOrder } from "../../src/core/in-order.ts";
import { HostGate } from "../../src/net/host-gate.ts";
import { networkFailure } from "../../src/net/network-failure.ts";
import { Slots } from "../../src/net/slots.ts";
import { stopOf } from "../../src/net/status.ts";
import { systemClock } from "../../src/net/system-clock.ts";

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

describe("runs in order", () => {
  it("yields in the inputs' order, with no more than the width under way", async () => {
    let running = 0;
    let most = 0;
    const run = async (n: number) => {
      most = Math.max(most, ++running);
      for (let i = n % 4; i < 4; i++) await setImmediate();
      running--;
      return n * 2;
    };
    const inputs = Array.from({ length: 50 }, (_, n) => n);
    assert.deepEqual(
      await collect(inOrder(inputs, 4, run)),
      inputs.map((n) => n * 2),
    );
    assert.equal(most, 4);
    assert.deepEqual(await collect(inOrder([], 4, run)), []);
  });

  it("takes an input only when its turn comes", async () => {
    let taken = 0;
    function* inputs() {
      for (;;) yield taken++;
    }
    for await (const n of inOrder(inputs(), 3, async (n) => n)) {
      assert.ok(taken <= n + 4);
      if (n === 10) break;
    }
  });

  it("gives what came before a failure, then fails, and stops what is under way", async () => {
    const stopped: number[] = [];
    const run = async (n: number, signal: AbortSignal) => {
      if (n === 2) throw new RangeError("two");
      if (n > 2) {
        signal.addEventListener("abort", () => stopped.push(n));
        await systemClock.sleep(60_000, signal);
      }
      return n;
    };
    const seen: number[] = [];
    await assert.rejects(async () => {
      for await (const n of inOrder([0, 1, 2, 3, 4, 5], 4, run)) seen.push(n);
    }, RangeError);
    assert.deepEqual(seen, [0, 1]);
    assert.deepEqual(stopped, [3, 4, 5]);
  });

  it("ends when the run is stopped", async () => {
    const stop = new AbortController();
    const results = collect(inOrder([1, 2, 3], 2, (n, signal) => systemClock.sleep(n * 60_000, signal), stop.signal));
    stop.abort();
    await assert.rejects(results, Interrupted);
  });
});

describe("slots", () => {
  it("are served first come, first served, and not to those who left", async () => {
    const slots = new Slots(1);
    const order: string[] = [];
    const leave = await slots.take();
    const stop = new AbortController();
    const use = async (name: string, signal?: AbortSignal) => {
      const done = await slots.take(signal);
      order.push(name);
      done();
    };
    const all = [use("a"), use("gone", stop.signal), use("b")];
    stop.abort();
    leave();
    const outcomes = await Promise.allSettled(all);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    assert.deepEqual(order, ["a", "b"]);
    await use("c");
    assert.equal(order.at(-1), "c");
  });
});

describe("a host's gate", () => {
  const reason = new SourceError("rate-limited", "wait", "candlelake status");

  it("makes callers wait, keeps the later time, and fails where the wait is too long", () => {
    const gate = new HostGate();
    assert.equal(gate.wait(1000), 0);
    assert.equal(gate.stop(1000, 5000, reason), true);
    assert.equal(gate.stop(1000, 3000, reason), false);
    assert.equal(gate.wait(1000), 4000);
    assert.equal(gate.wait(5000), 0);
    assert.equal(gate.stop(5000, 200_000, reason), true);
    assert.throws(() => gate.wait(5000), reason);
    assert.equal(gate.wait(110_000), 90_000);
    gate.stop(5000, Number.POSITIVE_INFINITY, reason);
    assert.throws(() => gate.wait(1e15), reason);
  });
});

describe("how long a host wants to be left alone", () => {
  const NOW = Date.UTC(2026, 0, 1, 12, 0, 30);
  const pause = (status: number, headers: Record<string, string>, body = "") =>
    stopOf({ status, headers, body: Buffer.from(body) }, "api.binance.com", "/x", NOW).until - NOW;
  const banned = (until: number) =>
    `{"code":-1003,"msg":"Way too much request weight used; IP banned until ${until}. Please"}`;

  it("is what it says: seconds, a date, or the time in a ban's message", () => {
    assert.equal(pause(429, { "retry-after": "17" }), 17_000);
    assert.equal(pause(418, { "retry-after": "17" }, banned(NOW + 99_000)), 17_000);
    assert.equal(pause(429, { "retry-after": new Date(NOW + 40_000).toUTCString() }), 40_000);
    assert.equal(pause(418, {}, banned(NOW + 600_000)), 600_000);
  });

  it("is counted on its own clock, which its answers show", () => {
    const date = new Date(NOW - 10_000).toUTCString();
    assert.equal(pause(418, { date }, banned(NOW + 600_000)), 610_000);
    assert.equal(pause(429, { date }), 40_000);
  });

  it("is the rest of the minute for a 429 and two minutes for a 418 where it does not say", () => {
    assert.equal(pause(429, {}), 30_000);
    assert.equal(pause(418, {}), 120_000);
    assert.equal(pause(418, {}, banned(NOW - 1)), 120_000);
  });
});

describe("a network failure", () => {
  const failed = (code: string) =>
    networkFailure(Object.assign(new Error("x"), { code }), "api.binance.us/api/v3/klines");

  it("has a name, and tells whether another try makes sense", () => {
    const cases = {
      ENOTFOUND: "unreachable",
      ECONNREFUSED: "unreachable",
      ETIMEDOUT: "time-out",
      ECONNRESET: "connection-lost",
      ERR_PROXY_TUNNEL: "connection-lost",
      CERT_HAS_EXPIRED: "tls",
      DEPTH_ZERO_SELF_SIGNED_CERT: "tls",
    };
    for (const [code, name] of Object.entries(cases)) {
      const error = failed(code);
      assert.deepEqual([error.code, error.retryable], [name, name !== "tls"], code);
      assert.match(error.message, /api\.binance\.us\/api\/v3\/klines/);
    }
  });

  it("is found in what several addresses failed of, and in a cause", () => {
    const refused = Object.assign(new Error("x"), { code: "ECONNREFUSED" });
    assert.equal(networkFailure(new AggregateError([refused, refused]), "h").code, "unreachable");
    assert.equal(networkFailure(new Error("fetch failed", { cause: refused }), "h").code, "unreachable");
    assert.equal(networkFailure("odd", "h").code, "connection-lost");
  });
});
