import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { UsageError } from "../../src/core/errors.ts";
import { HOUR } from "../../src/core/time.ts";
import { FAULT_KINDS } from "../../src/twin/faults/kinds.ts";
import { startTwin, type Twin } from "../../src/twin/start.ts";

const NOW = Date.UTC(2025, 0, 10, 10, 20, 30);
const KLINES = "/binance-us/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=5";
const TIME = "/binance-us/api/v3/time";
const FUNDING = "/binance-futures/fapi/v1/fundingRate?symbol=BTCUSDT&limit=5";

async function twinWith(context: TestContext, faults: string): Promise<Twin> {
  const twin = await startTwin({ now: NOW, faults });
  context.after(() => twin.close());
  return twin;
}

type Row = (string | number)[];
type Event = Record<string, string | number>;

const sent = await (async () => {
  const twin = await startTwin({ now: NOW });
  const rows = async (path: string) => JSON.parse(await (await fetch(twin.url + path)).text());
  const [klines, funding]: [Row[], Event[]] = [await rows(KLINES), await rows(FUNDING)];
  await twin.close();
  return { klines, funding };
})();

async function rowsWith<T>(context: TestContext, faults: string, path: string): Promise<T[]> {
  const twin = await twinWith(context, faults);
  const response = await fetch(twin.url + path);
  assert.equal(response.status, 200);
  return JSON.parse(await response.text());
}

const statuses = (twin: Twin, count: number, path = TIME) =>
  Array.from({ length: count }, () => twin.handle(path).status);

test("a number, numbers, a range, every n-th", async (context) => {
  assert.deepEqual(statuses(await twinWith(context, "500@2"), 3), [200, 500, 200]);
  assert.deepEqual(statuses(await twinWith(context, "500@1+3-4"), 5), [500, 200, 500, 500, 200]);
  assert.deepEqual(statuses(await twinWith(context, "500@3-"), 5), [200, 200, 500, 500, 500]);
  assert.deepEqual(statuses(await twinWith(context, "500@every:2"), 5), [200, 500, 200, 500, 200]);
  assert.deepEqual(statuses(await twinWith(context, "500"), 2), [500, 500]);
  assert.deepEqual(statuses(await twinWith(context, " 500@2 , 403@3 "), 4), [200, 500, 403, 200]);
});

test("a chance strikes as often as it says, and the same requests each time", async (context) => {
  const one = statuses(await twinWith(context, "500@p0.25:seed7"), 400);
  assert.deepEqual(statuses(await twinWith(context, "500@p0.25:seed7"), 400), one);
  assert.notDeepEqual(statuses(await twinWith(context, "500@p0.25:seed8"), 400), one);
  const struck = one.filter((status) => status === 500).length;
  assert.ok(struck > 60 && struck < 140, String(struck));
});

test("a path narrows what is counted and struck", async (context) => {
  const twin = await twinWith(context, "451@/fapi, 500@/klines@2");
  assert.deepEqual(statuses(twin, 2, FUNDING), [451, 451]);
  assert.deepEqual(statuses(twin, 2, TIME), [200, 200]);
  assert.deepEqual(statuses(twin, 3, KLINES), [200, 500, 200]);
});

test("a wrong spec is refused with the list of kinds", async () => {
  const wrong = [
    "429@",
    "nope",
    "429@0",
    "429@7-5",
    "451:3",
    "429@every:0",
    "429@p2",
    "429@1@2",
    "429@/a@/b",
    "slow:x",
    "@3",
    "constructor",
  ];
  for (const faults of wrong) {
    await assert.rejects(startTwin({ faults }), (error: unknown) => {
      assert.ok(error instanceof UsageError, faults);
      assert.equal(error.code, "bad-faults");
      for (const kind of Object.keys(FAULT_KINDS)) assert.ok(error.message.includes(kind));
      return true;
    });
  }
  await assert.rejects(startTwin({ faults: "duplicat" }), /did you mean duplicate\?/);
});

test("refusals look like the venue's", async (context) => {
  const twin = await twinWith(context, "429:7@1, 429:0@2, 418@3, 451@4, 403@5, 500@6, 503@7, html200@8");
  const answers = [];
  for (let i = 0; i < 9; i++) {
    const response = await fetch(twin.url + TIME);
    answers.push({ status: response.status, headers: response.headers, body: await response.text() });
  }
  assert.deepEqual(
    answers.map(({ status }) => status),
    [429, 429, 418, 451, 403, 500, 503, 200, 200],
  );
  assert.deepEqual(
    answers.map(({ headers }) => headers.get("retry-after")),
    ["7", null, "120", null, null, null, null, null, null],
  );
  const [limited, , banned, blocked, forbidden, internal, unavailable, page] = answers;
  assert.match(limited?.body ?? "", /^\{"code":-1003,"msg":"Too much request weight used; current limit is 1200 /);
  assert.match(banned?.body ?? "", new RegExp(`IP banned until ${NOW + 120_000}\\.`));
  assert.deepEqual(Object.keys(JSON.parse(blocked?.body ?? "")), ["code", "msg"]);
  assert.equal(JSON.parse(blocked?.body ?? "").code, 0);
  for (const html of [forbidden, page]) {
    assert.equal(html?.headers.get("content-type"), "text/html");
    assert.match(html?.body ?? "", /^<!DOCTYPE HTML/);
  }
  assert.equal(JSON.parse(internal?.body ?? "").code, -1000);
  assert.equal(JSON.parse(unavailable?.body ?? "").code, -1001);
});

test("cut: half of the JSON, with the length of the half", async (context) => {
  const twin = await twinWith(context, "cut");
  const response = await fetch(twin.url + KLINES);
  const body = await response.text();
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-length"), String(body.length));
  assert.ok(JSON.stringify(sent.klines).startsWith(body));
  assert.throws(() => JSON.parse(body), SyntaxError);
});

test("timeout: no answer until the client gives up", async (context) => {
  const twin = await twinWith(context, "timeout@1");
  await assert.rejects(fetch(twin.url + TIME, { signal: AbortSignal.timeout(100) }), { name: "TimeoutError" });
  assert.equal((await fetch(twin.url + TIME)).status, 200);
});

test("reset: the connection breaks", async (context) => {
  const twin = await twinWith(context, "reset@1");
  await assert.rejects(fetch(twin.url + TIME), TypeError);
  assert.equal((await fetch(twin.url + TIME)).status, 200);
});

test("slow: the answer is whole, later", async (context) => {
  const twin = await twinWith(context, "slow:120");
  const before = performance.now();
  const response = await fetch(twin.url + KLINES);
  assert.deepEqual(JSON.parse(await response.text()), sent.klines);
  assert.ok(performance.now() - before >= 115);
});

test("closing ends slow and silent answers too", async () => {
  const twin = await startTwin({ now: NOW, faults: "timeout@1, slow:60000@2" });
  const asked = [fetch(twin.url + TIME), fetch(twin.url + TIME).then((response) => response.text())];
  const settled = Promise.allSettled(asked);
  while (twin.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  await twin.close();
  assert.deepEqual(
    (await settled).map(({ status }) => status),
    ["rejected", "rejected"],
  );
});

test("pages that lack rows", async (context) => {
  assert.deepEqual(await rowsWith(context, "empty", KLINES), []);
  assert.deepEqual(await rowsWith(context, "short", KLINES), sent.klines.slice(0, 3));
  assert.deepEqual(await rowsWith(context, "short:1", FUNDING), sent.funding.slice(0, 1));
  const [first, second, third, , open] = sent.klines;
  assert.deepEqual(await rowsWith(context, "late", KLINES), [first, second, third, open]);
  assert.deepEqual(await rowsWith(context, "late", FUNDING), sent.funding.slice(0, -1));
});

test("rows that come twice, or in another order", async (context) => {
  const [a, b, c, d, e] = sent.klines as [Row, Row, Row, Row, Row];
  assert.deepEqual(await rowsWith(context, "duplicate", KLINES), [a, b, c, c, d, e]);
  assert.deepEqual(await rowsWith(context, "conflict", KLINES), [a, b, c, c.with(8, Number(c[8]) + 1), d, e]);
  assert.deepEqual(await rowsWith(context, "unordered", KLINES), [e, b, c, d, a]);
  const events = await rowsWith<Event>(context, "conflict", FUNDING);
  assert.equal(events[2]?.["fundingTime"], events[3]?.["fundingTime"]);
  assert.notEqual(events[2]?.["fundingRate"], events[3]?.["fundingRate"]);
});

test("rows that are wrong", async (context) => {
  const wrong = async (faults: string) => {
    const rows = await rowsWith<Row>(context, faults, KLINES);
    assert.deepEqual(rows.toSpliced(2, 1), sent.klines.toSpliced(2, 1));
    return rows[2] as Row;
  };
  const right = sent.klines[2] as Row;
  assert.deepEqual(await wrong("off-grid"), right.with(0, Number(right[0]) + 20_799));
  assert.deepEqual(await wrong("row-length"), right.slice(0, 11));
  assert.deepEqual(await wrong("row-type"), right.with(1, Number(right[1])));
  assert.ok(Number((await wrong("impossible"))[2]) < Number(right[3]));
  const event = async (faults: string) => (await rowsWith<Event>(context, faults, FUNDING))[2] as Event;
  assert.equal((await event("off-grid"))["fundingTime"], Number(sent.funding[2]?.["fundingTime"]) + 20_799);
  assert.equal("fundingRate" in (await event("row-length")), false);
  assert.equal(typeof (await event("row-type"))["fundingRate"], "number");
});

test("faults of rows count pages of rows only, and leave refusals alone", async (context) => {
  const twin = await twinWith(context, "empty@2");
  const lengths = [TIME, KLINES, KLINES, KLINES].map((path) => twin.handle(path).body.byteLength);
  assert.equal(lengths[2], 2);
  assert.equal(lengths[1], lengths[3]);
  const refused = (await twinWith(context, "duplicate")).handle(KLINES.replace("BTC", "NOPE"));
  assert.equal(refused.status, 400);
});

test("faults add up: a page may be short and slow and cut", async (context) => {
  const twin = await twinWith(context, "cut, short:2, slow:10");
  const answer = twin.handle(KLINES);
  assert.deepEqual(answer.delivery, { kind: "slow", delay: 10 });
  assert.ok(JSON.stringify(sent.klines.slice(0, 2)).startsWith(Buffer.from(answer.body).toString()));
});

test("in the process a fault of delivery is named instead of played", async (context) => {
  const twin = await twinWith(context, "timeout@1, reset@2");
  assert.deepEqual(twin.handle(TIME).delivery, { kind: "silence" });
  assert.deepEqual(twin.handle(TIME).delivery, { kind: "reset" });
  assert.equal(twin.handle(TIME).delivery, undefined);
});

test("a paging client meets a fault once and gets everything in the end", async (context) => {
  const twin = await twinWith(context, "short:10@2, 429:0@4");
  const from = NOW - 300 * HOUR;
  const opens: number[] = [];
  for (let cursor = from; cursor < NOW; ) {
    const answer = twin.handle(`/binance-us/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=50&startTime=${cursor}`);
    if (answer.status === 429) continue;
    const page: Row[] = JSON.parse(Buffer.from(answer.body).toString());
    opens.push(...page.map((row) => Number(row[0])));
    cursor = Number(page.at(-1)?.[0]) + HOUR;
  }
  assert.equal(opens.length, 300);
  assert.ok(opens.every((open, i) => i === 0 || open === (opens[i - 1] ?? 0) + HOUR));
});

test("docs/twin.md names every fault", async () => {
  const page = await readFile(new URL("../../docs/twin.md", import.meta.url), "utf8");
  for (const [name, { argument }] of Object.entries(FAULT_KINDS)) {
    assert.match(page, new RegExp(`\`${name}${argument ? ":[A-Z]+" : ""}\``), name);
  }
});
