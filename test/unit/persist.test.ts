import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StoreError } from "../../src/core/errors.ts";
import { MINUTE, SECOND } from "../../src/core/time.ts";
import { persist } from "../../src/google/persist.ts";
import type { Clock } from "../../src/ports.ts";

/** A clock that sleeps by moving on. */
function sleeper() {
  let now = 0;
  const pauses: number[] = [];
  const clock: Clock = {
    now: () => now,
    async sleep(ms) {
      pauses.push(ms);
      now += ms;
    },
  };
  const pass = (ms: number) => {
    now += ms;
  };
  return { clock, pauses, pass };
}

const failure = (retryable: boolean, retryAfter?: number): StoreError =>
  new StoreError("x", "x.", "candlelake status", { retryable, retryAfter });

async function tries(errors: readonly (StoreError | undefined)[], took = 0) {
  const { clock, pauses, pass } = sleeper();
  let sent = 0;
  let retries = 0;
  const work = persist(
    async () => {
      pass(took);
      const error = errors[Math.min(sent++, errors.length - 1)];
      if (error) throw error;
      return "done";
    },
    { clock, signal: undefined, onRetry: () => void retries++ },
  );
  const result = await work.catch((error: unknown) => error);
  return { result, sent, retries, pauses, now: clock.now() };
}

describe("a request that may be sent again", () => {
  it("is, until it succeeds, with longer and longer pauses", async () => {
    const again = failure(true);
    const { result, sent, retries, pauses } = await tries([again, again, again, again, undefined]);
    assert.deepEqual([result, sent, retries], ["done", 5, 4]);
    for (const [i, pause] of pauses.entries()) {
      const usual = (SECOND / 2) * 2 ** i;
      assert.ok(pause >= usual / 2 && pause <= usual, `pause ${i} of ${pause} ms`);
    }
  });

  it("waits as long as it is told to", async () => {
    const { result, pauses } = await tries([failure(true, 20 * SECOND), undefined]);
    assert.deepEqual([result, pauses], ["done", [20 * SECOND]]);
  });

  it("is given up after eight tries, or where the next one would begin after a minute", async () => {
    const again = failure(true);
    const quick = await tries([again]);
    assert.deepEqual([quick.result, quick.sent, quick.retries], [again, 8, 7]);
    assert.ok(quick.now <= MINUTE);
    const slow = await tries([again], 25 * SECOND);
    assert.deepEqual([slow.result, slow.sent], [again, 3]);
    const late = failure(true, 2 * MINUTE);
    assert.deepEqual((await tries([late])).sent, 1);
  });

  it("is not repeated where that would not help, or where it is a defect", async () => {
    const never = failure(false);
    const { result, sent } = await tries([never]);
    assert.deepEqual([result, sent], [never, 1]);
    const { clock } = sleeper();
    let calls = 0;
    const broken = () => {
      calls++;
      throw new TypeError("a defect");
    };
    await assert.rejects(
      persist(async () => broken(), { clock, signal: undefined, onRetry: assert.fail }),
      TypeError,
    );
    assert.equal(calls, 1);
  });

  it("fails with what was thrown, whatever it was judged by", async () => {
    const { clock, pauses } = sleeper();
    const thrown = new Error("as the client says it");
    const heard: string[] = [];
    const work = persist(() => Promise.reject(thrown), {
      clock,
      signal: undefined,
      patience: SECOND,
      failureOf: () => failure(true),
      onRetry: ({ code }) => heard.push(code),
    });
    await assert.rejects(work, thrown);
    assert.ok(pauses.length > 0 && clock.now() <= SECOND, `${pauses}`);
    assert.deepEqual(new Set(heard), new Set(["x"]));
  });
});
