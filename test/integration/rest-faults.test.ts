import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { AppError } from "../../src/core/errors.ts";
import type { Series } from "../../src/core/series.ts";
import { nodeTransport } from "../../src/net/node-transport.ts";
import { BINANCE_SPOT } from "../../src/sources/binance/endpoints.ts";
import { BinanceRest } from "../../src/sources/binance/rest.ts";
import { type Listening, listenRaw, madeVenue } from "../fakes/rest-venue.ts";
import { VirtualClock } from "../fakes/virtual-clock.ts";

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 0, 10, 12, 0, 20);
const FROM = Date.UTC(2026, 0, 1);
const TO = FROM + 10 * MINUTE;
const SERIES: Series = { kind: "klines", venue: "binance", market: "spot", symbol: "BTCUSDT", step: "1m" };

const opens = Array.from({ length: 12_000 }, (_, i) => FROM + i * MINUTE);
const venue = madeVenue({ now: () => NOW, klines: opens, headers: { "content-type": "application/json" } });

/** What goes wrong with the n-th kline request, from 1; false where nothing does. */
type Fault = (response: ServerResponse, n: number) => boolean;

interface Scene extends AsyncDisposable {
  readonly source: BinanceRest;
  readonly clock: VirtualClock;
  /** When each kline request came, by the client's clock, from the start. */
  readonly arrivals: number[];
  readonly base: string;
  readonly warnings: string[];
  rows(from?: number, to?: number): Promise<number>;
}

/** A real server on the loopback address, and a client whose pauses take no time. */
async function scene(fault: Fault): Promise<Scene> {
  const clock = new VirtualClock(NOW);
  const arrivals: number[] = [];
  const warnings: string[] = [];
  const log = { warn: (message: string) => void warnings.push(message), debug() {} };
  const server: Listening = await listenRaw(async (request, response) => {
    // The machine's date has no place beside the client's clock.
    response.sendDate = false;
    const url = new URL(request.url ?? "/", "http://venue");
    if (url.pathname.endsWith("/klines")) {
      arrivals.push(clock.now() - NOW);
      if (fault(response, arrivals.length)) return;
    }
    const { status = 200, headers, body } = await venue({ path: url.pathname, query: url.searchParams });
    response.writeHead(status, headers).end(body);
  });
  const transport = nodeTransport({ connect: 500, headers: 150, body: 150 });
  const source = new BinanceRest({
    endpoint: BINANCE_SPOT,
    base: server.base,
    clock,
    transport,
    log,
    random: () => 0.5,
  });
  return {
    source,
    clock,
    arrivals,
    base: server.base,
    warnings,
    async rows(from = FROM, to = TO) {
      let rows = 0;
      for await (const page of source.read(SERIES, { from, to })) rows += page.batch.rows;
      return rows;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const answer =
  (status: number, body: string, headers: Record<string, string> = {}) =>
  (response: ServerResponse): boolean => {
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
    return true;
  };

const failed = async (reading: Promise<unknown>): Promise<AppError> => {
  try {
    await reading;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  return assert.fail("nothing failed");
};

const WEIGHT =
  '{"code":-1003,"msg":"Too much request weight used; current limit is 1200 request weight per 1 MINUTE."}';
const banned = (until: number) =>
  `{"code":-1003,"msg":"Way too much request weight used; IP banned until ${until}. Please use the websocket."}`;
const GEO =
  '{\n  "code": 0,\n  "msg": "Service unavailable from a restricted location according to \'b. Eligibility\' in https://www.binance.com/en/terms."\n}';
const FIREWALL = "<!DOCTYPE HTML><HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD></HTML>";

describe("what passes is asked for again", () => {
  const tries: [string, (response: ServerResponse) => boolean][] = [
    ["a page for browsers with status 200", answer(200, FIREWALL, { "content-type": "text/html" })],
    ["JSON that breaks off", answer(200, '[[1767225600000,"30760.00","307')],
    ["no body at all", answer(200, "")],
    ["a server error", answer(500, '{"code":-1000,"msg":"An unknown error occurred."}')],
    ["a bad gateway's page", answer(502, "<html>502</html>", { "content-type": "text/html" })],
    ["an overloaded server", answer(503, "Service Unavailable.")],
    [
      "a server's own time-out",
      answer(408, '{"code":-1007,"msg":"Timeout waiting for response from backend server."}'),
    ],
    [
      "a transient code with status 400",
      answer(400, '{"code":-1001,"msg":"Internal error; unable to process your request."}'),
    ],
    ["broken compression", answer(200, "not gzip", { "content-encoding": "gzip" })],
    [
      "a connection reset before the answer",
      (response) => {
        response.socket?.resetAndDestroy();
        return true;
      },
    ],
    [
      "a connection lost within the body",
      (response) => {
        response.writeHead(200, { "content-length": "5000" }).write("[[1767225600000,");
        setTimeout(() => response.destroy(), 20);
        return true;
      },
    ],
    ["silence", () => true],
    [
      "silence within the body",
      (response) => {
        response.writeHead(200).write("[[1767225600000,");
        return true;
      },
    ],
  ];

  for (const [name, fault] of tries) {
    it(name, async () => {
      await using at = await scene((response, n) => n === 1 && fault(response));
      assert.equal(await at.rows(), 10);
      assert.deepEqual(at.source.usage, { requests: 3, retries: 1 });
      assert.deepEqual(at.arrivals, [0, 500]);
    });
  }

  it("five times, each pause twice as long, and then no more", async () => {
    await using at = await scene(answer(503, "Service Unavailable."));
    const error = await failed(at.rows());
    assert.deepEqual([error.code, error.exitCode, error.retryable], ["server-error", 4, true]);
    assert.match(error.message, /127\.0\.0\.1:\d+\/api\/v3\/klines \(BTCUSDT 1m\).*503.*5 tries/);
    assert.deepEqual(at.arrivals, [0, 500, 1500, 3500, 7500]);
    assert.deepEqual(at.source.usage, { requests: 6, retries: 4 });
  });

  it("after the time that a server error names", async () => {
    await using at = await scene((response, n) => n === 1 && answer(503, "", { "retry-after": "9" })(response));
    assert.equal(await at.rows(), 10);
    assert.deepEqual(at.arrivals, [0, 9000]);
  });
});

describe("what does not pass is asked for once", () => {
  const refusals: [string, number, string, string, number][] = [
    ["an unknown symbol", 400, '{"code":-1121,"msg":"Invalid symbol."}', "unknown-symbol", 4],
    ["an unknown interval", 400, '{"code":-1120,"msg":"Invalid interval."}', "unknown-interval", 4],
    [
      "another bad request",
      400,
      `{"code":-1100,"msg":"Illegal characters found in parameter 'startTime'."}`,
      "bad-request",
      4,
    ],
    ["a bad request without words", 400, "", "bad-request", 4],
    ["a path that is not there", 404, "<html>404</html>", "not-found", 4],
    ["a retired path", 410, "", "bad-request", 4],
    ["a refusal with status 200", 200, '{"code":-1102,"msg":"Mandatory parameter was not sent."}', "bad-request", 4],
    ["another format", 200, '[{"open":"1"},{"open":"2"}]', "format-changed", 3],
    [
      "a row without a time",
      200,
      '[[1767225600000,"1","1","1","1","1",1767225659999,"1",1,"1","1","0"],["x"]]',
      "malformed-row",
      3,
    ],
  ];
  for (const [name, status, body, code, exitCode] of refusals) {
    it(name, async () => {
      await using at = await scene(answer(status, body));
      const error = await failed(at.rows());
      assert.deepEqual([error.code, error.exitCode, error.retryable], [code, exitCode, false]);
      assert.match(error.message, /127\.0\.0\.1:\d+\/api\/v3\/klines \(BTCUSDT 1m\)/);
      assert.match(error.next, /^candlelake /);
      assert.equal(at.arrivals.length, 1);
    });
  }

  it("a symbol without any candle", async () => {
    await using at = await scene(answer(200, "[]"));
    const error = await failed(at.source.first(SERIES));
    assert.equal(error.code, "unknown-symbol");
    assert.match(error.message, /127\.0\.0\.1.*BTCUSDT/);
    assert.equal(at.arrivals.length, 2, "nothing is believed only when it is said twice");
  });

  it("a host that refuses connections, unless it was there before", async () => {
    const at = await scene(() => false);
    await at.source.now();
    await at[Symbol.asyncDispose]();
    const lost = await failed(at.rows());
    assert.deepEqual([lost.code, at.source.usage.retries], ["unreachable", 4]);
    const again = await failed(at.rows());
    assert.deepEqual([again.code, at.source.usage.retries], ["unreachable", 4]);
    const fresh = new BinanceRest({ endpoint: BINANCE_SPOT, base: at.base });
    const error = await failed(fresh.now());
    assert.deepEqual([error.code, fresh.usage.retries], ["unreachable", 0]);
    assert.match(error.message, /127\.0\.0\.1.*ECONNREFUSED/);
  });

  it("a single row of another length: it is set aside, and tells the time", async () => {
    const short = `[${FROM},"1"]`;
    await using at = await scene(answer(200, `[${short}]`));
    assert.equal(await at.source.first(SERIES), FROM);
    const pages = [];
    for await (const page of at.source.read(SERIES, { from: FROM, to: FROM + MINUTE })) pages.push(page);
    assert.deepEqual(pages[0]?.broken, [{ time: FROM, reason: "shape", evidence: short }]);
  });

  it("a row of another length or type: it is set aside, the others are kept", async () => {
    const good = '[1767225600000,"1","1","1","1","1",1767225659999,"1",1,"1","1","0"]';
    const short = '[1767225660000,"1","1"]';
    const typed = '[1767225720000,1,1,1,1,1,1767225779999,"1",1,"1","1","0"]';
    await using at = await scene((response, n) => n === 1 && answer(200, `[${good},${short},${typed}]`)(response));
    const pages = [];
    for await (const page of at.source.read(SERIES, { from: FROM, to: FROM + 3 * MINUTE })) pages.push(page);
    assert.equal(at.arrivals.length, 1);
    assert.equal(pages[0]?.batch.rows, 1);
    assert.deepEqual(pages[0]?.broken, [
      { time: FROM + MINUTE, reason: "shape", evidence: short },
      { time: FROM + 2 * MINUTE, reason: "type", evidence: typed },
    ]);
  });
});

describe("a host that wants to be left alone", () => {
  /** More windows than are read at once. */
  const FAR = FROM + 11_000 * MINUTE;
  const both = (at: Scene) => Promise.all([at.rows(FROM, FAR), at.rows(FROM, FAR)]);

  const pauses: [string, number, string, Record<string, string>, number][] = [
    ["429 with seconds", 429, WEIGHT, { "retry-after": "17" }, 17_000],
    ["429 without a word: until its minute is over", 429, WEIGHT, {}, 40_000],
    ["418 with seconds", 418, banned(0), { "retry-after": "80" }, 80_000],
    ["418 with a time in its message", 418, banned(NOW + 75_000), {}, 75_000],
  ];
  for (const [name, status, body, headers, pause] of pauses) {
    it(`gets no request of anybody meanwhile: ${name}`, async () => {
      await using at = await scene((response, n) => n === 2 && answer(status, body, headers)(response));
      assert.deepEqual(await both(at), [11_000, 11_000]);
      const early = at.arrivals.filter((time) => time === 0).length;
      assert.ok(early <= 10, `${early} were under way`);
      for (const time of at.arrivals.slice(early)) assert.ok(time >= pause, `one came after ${time} ms`);
      assert.ok(at.clock.now() - NOW < pause + 5000);
      assert.equal(at.warnings.length, 1);
      assert.match(at.warnings[0] ?? "", /127\.0\.0\.1:\d+ .* until 2026-01-10T12:\d\d:\d\d.*Waiting\.$/);
    });
  }

  it("for two minutes where a ban does not say how long", async () => {
    await using at = await scene((response, n) => n === 1 && answer(418, "{}")(response));
    const error = await failed(at.rows());
    assert.deepEqual([error.code, error.retryable, error.retryAfter], ["banned", false, 120_000]);
    await at.clock.sleep(120_000);
    assert.equal(await at.rows(), 10);
  });

  it("for longer than a run waits: everything fails at once, and says until when", async () => {
    for (const [status, code] of [
      [429, "rate-limited"],
      [418, "banned"],
    ] as const) {
      await using at = await scene(answer(status, banned(NOW + 3_600_000)));
      const error = await failed(at.rows());
      assert.deepEqual([error.code, error.exitCode, error.retryAfter], [code, 4, 3_600_000]);
      assert.match(error.message, /127\.0\.0\.1:\d+.*2026-01-10T13:00:20\.000Z/);
      const asked = at.source.usage.requests;
      assert.equal((await failed(at.source.first(SERIES))).code, code);
      assert.equal((await failed(at.rows())).code, code);
      assert.equal(at.source.usage.requests, asked);
      await at.clock.sleep(3_600_000);
      await failed(at.rows());
      assert.ok(at.source.usage.requests > asked);
    }
  });

  it("because of where we are: for the rest of the run, and nothing else is taken in its place", async () => {
    await using at = await scene(answer(451, GEO, { server: "CloudFront" }));
    const error = await failed(at.rows());
    assert.deepEqual([error.code, error.exitCode, error.retryable], ["geo-blocked", 4, false]);
    assert.match(error.message, /127\.0\.0\.1:\d+ refuses this location \(451.*BTCUSDT 1m.*no other venue/);
    await at.clock.sleep(30 * 86_400_000);
    assert.equal((await failed(at.rows())).code, "geo-blocked");
    assert.equal((await failed(at.source.first(SERIES))).code, "geo-blocked");
    assert.deepEqual(at.source.usage, { requests: 2, retries: 0 });
  });

  it("by its firewall: for five minutes", async () => {
    await using at = await scene(
      (response, n) => n === 1 && answer(403, FIREWALL, { "content-type": "text/html" })(response),
    );
    const error = await failed(at.rows());
    assert.deepEqual([error.code, error.retryable], ["forbidden", false]);
    assert.match(error.message, /127\.0\.0\.1:\d+.*firewall.*403.*2026-01-10T12:05:20/);
    assert.equal((await failed(at.rows())).code, "forbidden");
    assert.equal(at.arrivals.length, 1);
    await at.clock.sleep(5 * MINUTE);
    assert.equal(await at.rows(), 10);
  });
});

describe("an answer", () => {
  it("may be compressed", async () => {
    const body = gzipSync('[[1767225600000,"1","1","1","1","1",1767225659999,"1",1,"1","1","0"]]');
    let accepted: string | undefined;
    await using server = await listenRaw((request, response) => {
      accepted = request.headers["accept-encoding"];
      if (request.url?.endsWith("/time")) response.end(`{"serverTime":${NOW}}`);
      else response.writeHead(200, { "content-encoding": "gzip" }).end(body);
    });
    const source = new BinanceRest({ endpoint: BINANCE_SPOT, base: server.base });
    assert.equal(await source.first(SERIES), FROM);
    assert.equal(accepted, "gzip");
  });

  it("tells the venue's clock where it has no endpoint for it", async () => {
    await using server = await listenRaw((_, response) =>
      response.writeHead(404, { date: new Date(NOW).toUTCString() }).end(),
    );
    const source = new BinanceRest({ endpoint: BINANCE_SPOT, base: server.base });
    assert.deepEqual([await source.now(), await source.now(), source.usage.requests], [NOW, NOW, 1]);
  });

  it("is refused where made data would be taken for real, or real for made", async () => {
    let made = true;
    await using server = await listenRaw((_, response) => {
      if (made) response.setHeader("x-candlelake-synthetic", "1");
      response.end(`{"serverTime":${NOW}}`);
    });
    const [real, synthetic] = [false, true].map(
      (flag) => new BinanceRest({ endpoint: BINANCE_SPOT, base: server.base, synthetic: flag }),
    );
    assert.ok(real && synthetic);
    const taken = await failed(real.now());
    assert.deepEqual([taken.code, taken.exitCode], ["synthetic-answer", 3]);
    assert.match(taken.message, /--synthetic/);
    assert.equal(await synthetic.now(), NOW);
    made = false;
    assert.equal(await real.now(), NOW);
    assert.equal((await failed(synthetic.first({ ...SERIES, venue: "synthetic" }))).code, "real-answer");
  });

  it("comes over connections that are used again", async () => {
    const sockets = new Set<unknown>();
    await using server = await listenRaw(async (request, response) => {
      sockets.add(request.socket);
      const url = new URL(request.url ?? "/", "http://venue");
      response.end((await venue({ path: url.pathname, query: url.searchParams })).body);
    });
    const source = new BinanceRest({ endpoint: BINANCE_SPOT, base: server.base });
    let rows = 0;
    for await (const page of source.read(SERIES, { from: FROM, to: FROM + 11_000 * MINUTE })) rows += page.batch.rows;
    assert.equal(rows, 11_000);
    assert.ok(sockets.size <= 10, `${sockets.size} connections for ${source.usage.requests} requests`);
  });
});
