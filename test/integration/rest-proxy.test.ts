import assert from "node:assert/strict";
import { request as ask } from "node:http";
import { after, before, describe, it } from "node:test";
import { BINANCE_SPOT } from "../../src/sources/binance/endpoints.ts";
import { BinanceRest } from "../../src/sources/binance/rest.ts";
import { type Listening, listenRaw } from "../fakes/rest-venue.ts";

const NOW = Date.UTC(2026, 0, 10);
const NAMES = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];

describe("a proxy", () => {
  const kept = new Map(NAMES.map((name) => [name, process.env[name]]));
  const through: string[] = [];
  let venue: Listening;
  let proxy: Listening;

  before(async () => {
    for (const name of NAMES) delete process.env[name];
    venue = await listenRaw((_, response) => response.end(`{"serverTime":${NOW}}`));
    proxy = await listenRaw((request, response) => {
      through.push(request.url ?? "");
      request.pipe(ask(request.url ?? "", (answer) => answer.pipe(response)));
    });
  });

  after(async () => {
    for (const [name, value] of kept) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await venue[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  });

  const now = () => new BinanceRest({ endpoint: BINANCE_SPOT, base: venue.base }).now();

  it("is not used where none is named", async () => {
    assert.equal(await now(), NOW);
    assert.deepEqual(through, []);
  });

  it("gets the request with its whole address", async () => {
    process.env["HTTP_PROXY"] = proxy.base;
    assert.equal(await now(), NOW);
    assert.deepEqual(through, [`${venue.base}/api/v3/time`]);
  });

  it("is passed by for the hosts of NO_PROXY", async () => {
    process.env["NO_PROXY"] = "localhost,127.0.0.1";
    assert.equal(await now(), NOW);
    assert.equal(through.length, 1);
  });
});
