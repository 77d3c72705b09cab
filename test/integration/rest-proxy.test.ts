import assert from "node:assert/strict";
import { once } from "node:events";
import { request as ask, createServer } from "node:http";
import { after, before, describe, it } from "node:test";
import { AppError } from "../../src/core/errors.ts";
import { BINANCE_SPOT } from "../../src/sources/binance/endpoints.ts";
import { BinanceRest } from "../../src/sources/binance/rest.ts";
import { type Listening, listenRaw } from "../fakes/rest-venue.ts";
import { VirtualClock } from "../fakes/virtual-clock.ts";

const NOW = Date.UTC(2026, 0, 10);
const NAMES = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];

describe("a proxy", () => {
  const kept = new Map(NAMES.map((name) => [name, process.env[name]]));
  let through: string[] = [];
  let credentials: string[] = [];
  let venue: Listening;
  let address = "";
  const proxy = createServer((request, response) => {
    through.push(request.url ?? "");
    request.pipe(ask(request.url ?? "", (answer) => answer.pipe(response)));
  });
  proxy.on("connect", (request, socket) => {
    through.push(`CONNECT ${request.url}`);
    const asked = request.headers["proxy-authorization"];
    if (asked !== undefined) credentials.push(asked);
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });

  before(async () => {
    venue = await listenRaw((_, response) => response.end(`{"serverTime":${NOW}}`));
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const at = proxy.address();
    assert.ok(at && typeof at === "object");
    address = `http://127.0.0.1:${at.port}`;
  });

  after(async () => {
    for (const [name, value] of kept) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await venue[Symbol.asyncDispose]();
    proxy.close();
    proxy.closeAllConnections();
  });

  /** Asks for the time with these settings alone. */
  const now = (settings: Record<string, string>, base = venue.base) => {
    for (const name of NAMES) delete process.env[name];
    Object.assign(process.env, settings);
    through = [];
    credentials = [];
    return new BinanceRest({ endpoint: BINANCE_SPOT, base, clock: new VirtualClock(NOW) }).now();
  };

  it("is not used where none is named", async () => {
    assert.equal(await now({}), NOW);
    assert.deepEqual(through, []);
  });

  it("gets the request with its whole address", async () => {
    assert.equal(await now({ HTTP_PROXY: address }), NOW);
    assert.deepEqual(through, [`${venue.base}/api/v3/time`]);
  });

  it("is passed by for the hosts of NO_PROXY", async () => {
    assert.equal(await now({ HTTP_PROXY: address, NO_PROXY: "localhost,127.0.0.1" }), NOW);
    assert.deepEqual(through, []);
  });

  it("makes a tunnel for https; its refusal is told", async () => {
    await assert.rejects(
      now({ HTTPS_PROXY: address }, "https://venue.invalid"),
      (error) => error instanceof AppError && error.code === "connection-lost" && /403/.test(error.message),
    );
    assert.deepEqual([...new Set(through)], ["CONNECT venue.invalid:443"]);
  });

  it("is asked by its name and password, which no message repeats", async () => {
    const [, host] = address.split("//");
    const message = (error: unknown) => error instanceof AppError && !error.message.includes("secret");
    await assert.rejects(now({ https_proxy: `http://me:secret@${host}` }, "https://venue.invalid"), message);
    assert.deepEqual([...new Set(credentials)], [`Basic ${btoa("me:secret")}`]);
    await assert.rejects(now({ HTTP_PROXY: "me:secret@proxy:3128" }), message);
  });

  it("of lower case goes before one of upper case, as with curl", async () => {
    assert.equal(await now({ HTTP_PROXY: "http://127.0.0.1:1", http_proxy: address }), NOW);
    assert.deepEqual(through, [`${venue.base}/api/v3/time`]);
  });

  it("that has no address is named as the cause, and not passed by", async () => {
    for (const text of ["not an address", "proxy:3128", "socks5://127.0.0.1:1080"]) {
      await assert.rejects(
        now({ HTTP_PROXY: text }),
        (error) => error instanceof AppError && error.code === "bad-proxy" && /HTTP_PROXY/.test(error.message),
      );
    }
    assert.deepEqual(through, []);
  });
});
