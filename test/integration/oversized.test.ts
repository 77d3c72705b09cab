// Answers that are larger than anything that was asked for can be: no more of them is taken in than that.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { DataError } from "../../src/core/errors.ts";
import { DAY } from "../../src/core/time.ts";
import { HttpClient } from "../../src/net/http-client.ts";
import { nodeTransport } from "../../src/net/node-transport.ts";
import { OversizeError } from "../../src/net/transport.ts";
import type { Wish } from "../../src/pipeline/wish.ts";
import { place, twin } from "../fakes/archive-scene.ts";
import { wish } from "../fakes/lab.ts";
import { listenRaw } from "../fakes/rest-venue.ts";
import { TwinLab } from "../fakes/twin-lab.ts";

const MB = 2 ** 20;
/** What may be under way between two sockets when one of them is closed. */
const UNDER_WAY = 16 * MB;
const zeros = Buffer.alloc(MB);

/** Sends until nobody listens any more, and gives the number of bytes. */
async function sendOn(response: ServerResponse): Promise<number> {
  const gone = once(response, "close");
  let sent = 0;
  while (!response.closed) {
    sent += zeros.length;
    if (!response.write(zeros)) await Promise.race([once(response, "drain"), gone]);
    else await new Promise(setImmediate);
  }
  return sent;
}

test("a refusal says what it says by its status, however much comes with it", async () => {
  await using server = await listenRaw((_, response) => {
    response.writeHead(404);
    void sendOn(response);
  });
  const { status, body } = await nodeTransport()(`${server.base}/`, { signal: undefined, most: MB });
  assert.deepEqual([status, body.length], [404, 0]);
});

test("a body that drips is given up; one that comes in pieces with pauses is taken", async () => {
  const timeouts = { connect: 5000, headers: 5000, body: 400 };
  const steady = Buffer.alloc(8 * 4096, "x");
  await using server = await listenRaw((request, response) => {
    response.writeHead(200);
    let at = 0;
    const size = request.url === "/drip" ? 1 : 4096;
    const timer = setInterval(() => {
      if (size === 1) response.write("x");
      else if (at < steady.length) response.write(steady.subarray(at, at + size));
      else response.end();
      at += size;
    }, 60);
    response.once("close", () => clearInterval(timer));
  });
  const ask = (path: string) => nodeTransport(timeouts)(`${server.base}${path}`, { signal: undefined, most: MB });
  await assert.rejects(ask("/drip"), { code: "ETIMEDOUT", message: "too little of the answer within 0.4 s" });
  assert.deepEqual(Buffer.from((await ask("/steady")).body), steady);
});

for (const [what, headers, body] of [
  ["never ends", {}, undefined],
  ["says how large it is", { "content-length": String(64 * MB) }, undefined],
  ["is small until it is unpacked", { "content-encoding": "gzip" }, gzipSync(Buffer.alloc(64 * MB))],
] as const) {
  test(`a body that ${what} is given up, and not asked for again`, async () => {
    let [asked, sent] = [0, Promise.resolve(0)];
    await using server = await listenRaw((_, response) => {
      asked++;
      response.writeHead(200, headers);
      if (body) response.end(body);
      else sent = sendOn(response);
    });
    const signal = undefined;
    await assert.rejects(nodeTransport()(`${server.base}/`, { signal, most: MB }), OversizeError);
    assert.ok((await sent) < UNDER_WAY);
    const http = new HttpClient({ base: server.base });
    await assert.rejects(
      http.get({ path: "/x", most: MB }, () => assert.fail("it was read")),
      (error) => error instanceof DataError && error.code === "oversized" && error.message.includes(`${http.host}/x`),
    );
    assert.ok((await sent) < UNDER_WAY);
    assert.equal(asked, 2);
    // What is as large as it may be is taken.
    const whole = await nodeTransport()(`${twin.url}/binance-spot/api/v3/time`, { signal, most: 1000 });
    assert.equal(whole.status, 200);
  });
}

const spring = wish("spot", Date.UTC(2025, 1, 1), Date.UTC(2025, 4, 1), { venue: "binance" });

/** A lake that is asked for over a front that never ends where the path is this. */
async function run(path: RegExp, asked: Wish) {
  const sent: Promise<number>[] = [];
  await using server = await listenRaw((request, response) => {
    const url = request.url ?? "/";
    const { status, headers, body } = twin.handle(url);
    if (!path.test(url)) return void response.writeHead(status, headers).end(body);
    response.writeHead(200, { "x-candlelake-synthetic": "1" });
    sent.push(sendOn(response));
  });
  const settings = Object.entries(twin.settings).map(([name, value]) => [name, value.replace(twin.url, server.base)]);
  const listing = { CANDLELAKE_BINANCE_ARCHIVE_LIST: `${server.base}/binance-archive-list` };
  await using lake = new TwinLab(place(), { ...Object.fromEntries(settings), ...listing });
  const { outcomes } = await lake.run(asked);
  const most = Math.max(...(await Promise.all(sent)));
  assert.ok(most > MB && most < 2 * UNDER_WAY, `${most} bytes`);
  return outcomes;
}

const told = (outcomes: Awaited<ReturnType<typeof run>>) =>
  outcomes
    .filter(({ status }) => status !== "done")
    .map(({ step, status, error }) => [step.action === "fetch" && step.day, status, error?.code, error?.next]);

for (const [what, path, code] of [
  ["month's file", /BTCUSDT-1h-2025-03\.zip$/, "oversized"],
  ["month's checksum", /BTCUSDT-1h-2025-03\.zip\.CHECKSUM$/, "bad-checksum"],
] as const) {
  test(`a ${what} that never ends fails its days, and the others are done`, async () => {
    const next = "candlelake ingest spot --symbol BTCUSDT --interval 1h --date 2025-03 --source rest --synthetic";
    const days = Array.from({ length: 31 }, (_, i) => `2025-03-${String(i + 1).padStart(2, "0")}`);
    const outcomes = await run(path, spring);
    assert.equal(outcomes.length, 89);
    assert.deepEqual(
      told(outcomes),
      days.map((day) => [day, "failed", code, next]),
    );
    assert.ok(outcomes.every(({ error }) => !error || error.message.includes("BTCUSDT-1h-2025-03.zip")));
  });
}

test("a list of files that never ends is none: the files are enough", async () => {
  assert.deepEqual(told(await run(/binance-archive-list/, spring)), []);
});

test("an answer of REST that never ends fails its day", async () => {
  const outcomes = await run(/klines\?.*limit=(?!1$)/, { ...spring, to: spring.from + DAY, choice: "rest" });
  assert.deepEqual(told(outcomes), [["2025-02-01", "failed", "oversized", "candlelake config"]]);
});
