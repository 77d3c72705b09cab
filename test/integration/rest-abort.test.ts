import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { Interrupted } from "../../src/core/errors.ts";
import type { Series } from "../../src/core/series.ts";
import { BINANCE_SPOT, type Endpoint } from "../../src/sources/binance/endpoints.ts";
import { BinanceRest } from "../../src/sources/binance/rest.ts";
import { listenRaw, madeVenue } from "../fakes/rest-venue.ts";

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 0, 10);
const FROM = Date.UTC(2026, 0, 1);
const RANGE = { from: FROM, to: FROM + 10_000 * MINUTE };
const SERIES: Series = { kind: "klines", venue: "binance", market: "spot", symbol: "BTCUSDT", step: "1m" };

const opens = Array.from({ length: 10_000 }, (_, i) => FROM + i * MINUTE);
const venue = madeVenue({ now: () => NOW, klines: opens });

/** Starts to read from a server where every kline request ends so, stops after a while, and tells how long that took. */
async function stopReading(
  end: (response: ServerResponse) => void,
  endpoint: Endpoint = BINANCE_SPOT,
): Promise<number> {
  let asked = 0;
  await using server = await listenRaw(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://venue");
    const { body } = await venue({ path: url.pathname, query: url.searchParams });
    if (url.pathname.endsWith("/time")) response.end(body);
    else if (++asked === 1) response.end(body);
    else end(response);
  });
  const source = new BinanceRest({ endpoint, base: server.base });
  const stop = new AbortController();
  const reading = (async () => {
    for await (const page of source.read(SERIES, RANGE, stop.signal)) assert.ok(page.until <= RANGE.to);
  })();
  reading.catch(() => {});
  await setTimeout(250);
  const stopped = performance.now();
  stop.abort();
  await assert.rejects(reading, Interrupted);
  const sent = source.usage.requests;
  await setTimeout(20);
  assert.equal(source.usage.requests, sent, "nothing goes out afterwards");
  return performance.now() - stopped;
}

describe("a run that is stopped ends within a second", () => {
  const moments: [string, (response: ServerResponse) => void][] = [
    ["while it waits for an answer", () => {}],
    ["in the middle of a body", (response) => void response.writeHead(200).write("[[17")],
    ["between two tries", (response) => void response.writeHead(503, { "retry-after": "60" }).end()],
    [
      "while the host wants to be left alone",
      (response) => void response.writeHead(429, { "retry-after": "60" }).end(),
    ],
  ];
  for (const [name, end] of moments) {
    it(name, async () => {
      const took = await stopReading(end);
      assert.ok(took < 1000, `${took} ms`);
    });
  }

  it("while it waits for its budget", async () => {
    const poor = { ...BINANCE_SPOT, allowance: { weight: 5, window: MINUTE } };
    const took = await stopReading((response) => void response.end("[]"), poor);
    assert.ok(took < 1000, `${took} ms`);
  });

  it("before it begins", async () => {
    const source = new BinanceRest({ endpoint: BINANCE_SPOT, base: "http://127.0.0.1:9" });
    await assert.rejects(source.now(AbortSignal.abort()), Interrupted);
    assert.equal(source.usage.requests, 0);
  });
});

describe("a reader that stops reading", () => {
  it("stops the requests under way", async () => {
    let closed = 0;
    await using server = await listenRaw(async (request, response) => {
      const url = new URL(request.url ?? "/", "http://venue");
      const { body } = await venue({ path: url.pathname, query: url.searchParams });
      if (url.pathname.endsWith("/time") || url.searchParams.get("startTime") === String(FROM)) response.end(body);
      else response.on("close", () => closed++);
    });
    const source = new BinanceRest({ endpoint: BINANCE_SPOT, base: server.base });
    for await (const page of source.read(SERIES, RANGE)) {
      assert.equal(page.batch.rows, 999);
      break;
    }
    await setTimeout(50);
    assert.ok(closed >= 3, `${closed} were stopped`);
  });
});
