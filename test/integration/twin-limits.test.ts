import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { HOUR, MINUTE, SECOND } from "../../src/core/time.ts";
import type { TwinAnswer } from "../../src/twin/answer.ts";
import { startTwin, type Twin } from "../../src/twin/start.ts";

/** Ten seconds into a minute that begins five of them. */
const NOW = Date.UTC(2025, 0, 10, 10, 20, 10);

async function twinAt(context: TestContext): Promise<{ twin: Twin; wait: (ms: number) => void }> {
  let time = NOW;
  const twin = await startTwin({ now: () => time });
  context.after(() => twin.close());
  return {
    twin,
    wait: (ms) => {
      time += ms;
    },
  };
}

const used = (answer: TwinAnswer) => answer.headers["x-mbx-used-weight-1m"];
const message = (answer: TwinAnswer): string => JSON.parse(Buffer.from(answer.body).toString()).msg;
const repeat = (times: number, ask: () => TwinAnswer): TwinAnswer[] => Array.from({ length: times }, ask);

const US = "/binance-us/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1";
const SPOT = "/binance-spot/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1";
const UM = "/binance-futures/fapi/v1/klines?symbol=BTCUSDT&interval=1m";
const FUNDING = "/binance-futures/fapi/v1/fundingRate?symbol=BTCUSDT&limit=1";
const DATA = "/binance-futures/futures/data/openInterestHist?symbol=BTCUSDT&period=1d&limit=1";

test("each host counts weight of its own, refused requests too", async (context) => {
  const { twin } = await twinAt(context);
  assert.equal(used(twin.handle(US)), "1");
  assert.equal(used(twin.handle(US.replace("BTC", "NOPE"))), "2");
  assert.equal(used(twin.handle(SPOT)), "2");
  assert.equal(used(twin.handle(SPOT)), "4");
  assert.equal(twin.handle(SPOT).headers["x-mbx-used-weight"], "6");
});

test("futures klines cost by their limit, and more without one", async (context) => {
  const { twin } = await twinAt(context);
  const costs = [
    ["&limit=100", 1],
    ["&limit=101", 2],
    ["&limit=500", 2],
    ["&limit=501", 5],
    ["&limit=1000", 5],
    ["&limit=1001", 10],
    ["", 5],
  ] as const;
  let total = 0;
  for (const [limit, cost] of costs) {
    total += cost;
    assert.equal(used(twin.handle(UM + limit)), String(total), limit);
  }
});

test("over the limit: 429 with the time to wait, until the clock's minute is over", async (context) => {
  const { twin, wait } = await twinAt(context);
  assert.ok(repeat(1_200, () => twin.handle(US)).every(({ status }) => status === 200));
  const refused = twin.handle(US);
  assert.equal(refused.status, 429);
  assert.equal(refused.headers["retry-after"], "50");
  assert.equal(used(refused), "1201");
  assert.equal(
    message(refused),
    "Too much request weight used; current limit is 1200 request weight per 1 MINUTE. Please use the websocket for live updates to avoid polling the API.",
  );
  assert.equal(twin.handle(SPOT).status, 200, "another host is another budget");
  wait(50 * SECOND - 1);
  assert.equal(twin.handle(US).status, 429);
  wait(1);
  assert.equal(twin.handle(US).status, 200);
  assert.equal(used(twin.handle(US)), "2");
});

test("who goes on after 429 is banned, longer each time", async (context) => {
  const { twin, wait } = await twinAt(context);
  const exhaust = () => repeat(1_500, () => twin.handle(US)).at(-1) as TwinAnswer;
  const banned = exhaust();
  assert.equal(banned.status, 418);
  assert.equal(banned.headers["retry-after"], "120");
  assert.equal(
    message(banned),
    `Way too much request weight used; IP banned until ${NOW + 2 * MINUTE}. Please use the websocket for live updates to avoid bans.`,
  );
  wait(2 * MINUTE - 1);
  assert.equal(twin.handle(US).status, 418);
  assert.equal(twin.handle(SPOT).status, 200);
  wait(1);
  assert.equal(twin.handle(US).status, 200);
  assert.equal(exhaust().headers["retry-after"], "240");
  wait(HOUR);
  assert.equal(exhaust().headers["retry-after"], "480");
});

test("funding and futures data have budgets of their own over five minutes, and no weight header", async (context) => {
  const { twin, wait } = await twinAt(context);
  for (const [path, limit] of [
    [FUNDING, 500],
    [DATA, 1_000],
  ] as const) {
    const answers = repeat(limit, () => twin.handle(path));
    assert.ok(answers.every((answer) => answer.status === 200 && used(answer) === undefined));
    const refused = twin.handle(path);
    assert.equal(refused.status, 429);
    assert.equal(refused.headers["retry-after"], "290");
    assert.equal(
      message(refused),
      `Too many requests; current limit of IP(127.0.0.1) is ${limit} requests per 5 minutes. Please use the websocket for live updates to avoid polling the API.`,
    );
  }
  assert.equal(used(twin.handle(`${UM}&limit=1`)), "1");
  wait(5 * MINUTE);
  assert.equal(twin.handle(FUNDING).status, 200);
});

test("many cheap requests meet the limit of raw requests", async (context) => {
  const { twin, wait } = await twinAt(context);
  wait(-10 * SECOND);
  const answers = Array.from({ length: 5 }, () => {
    const batch = repeat(1_001, () => twin.handle(US));
    wait(MINUTE);
    return batch;
  }).flat();
  assert.equal(answers.filter(({ status }) => status === 200).length, 5_000);
  assert.equal(answers.at(-1)?.status, 429);
});

test("the limits' clock goes on while the server's time stands still", async () => {
  const twin = await startTwin({ now: Date.UTC(2025, 0, 10, 10, 20, 59) });
  try {
    const ask = () => twin.handle("/binance-us/api/v3/time");
    assert.equal(repeat(1_201, ask).at(-1)?.status, 429);
    while (ask().status === 429) await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(used(ask()), "2");
  } finally {
    await twin.close();
  }
});

test("limits can be left out", async () => {
  const twin = await startTwin({ now: NOW, limits: false });
  try {
    assert.ok(repeat(2_000, () => twin.handle(US)).every(({ status }) => status === 200));
  } finally {
    await twin.close();
  }
});
