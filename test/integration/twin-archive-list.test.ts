import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTwin } from "../../src/twin/start.ts";
import { bytesOf, get, NOW, SPOT, UM } from "../fakes/archive-files.ts";

const twin = await startTwin({ now: NOW, limits: false });
after(() => twin.close());

interface Page {
  readonly keys: string[];
  readonly folders: string[];
  readonly truncated: boolean;
  readonly next: string | undefined;
  readonly text: string;
}

async function list(query: Record<string, string>): Promise<Page> {
  const response = await fetch(`${twin.url}/binance-archive-list?${new URLSearchParams(query)}`);
  assert.deepEqual([response.status, response.headers.get("content-type")], [200, "application/xml"]);
  const text = await response.text();
  const all = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, found]) => found ?? "");
  return {
    keys: all(/<Contents><Key>([^<]*)</g),
    folders: all(/<CommonPrefixes><Prefix>([^<]*)</g),
    truncated: /<IsTruncated>(.*)<\/IsTruncated>/.exec(text)?.[1] === "true",
    next: /<NextMarker>(.*)<\/NextMarker>/.exec(text)?.[1],
    text,
  };
}

/** All pages, one after the other. */
async function walk(query: Record<string, string>): Promise<{ pages: number; found: string[] }> {
  const found: string[] = [];
  for (let pages = 1, marker = ""; ; pages++) {
    const page = await list({ ...query, marker });
    const entries = [...page.keys, ...page.folders];
    assert.ok(entries.length <= 1000);
    found.push(...entries);
    if (!page.truncated) return { pages, found };
    assert.equal(page.next, query["delimiter"] ? entries.at(-1) : undefined);
    marker = page.next ?? entries.at(-1) ?? assert.fail("a page that goes on has entries");
  }
}

test("the list: folders down to the files", async () => {
  const folders = async (prefix: string) => (await list({ prefix, delimiter: "/" })).folders;
  assert.deepEqual(await folders(""), ["data/"]);
  assert.deepEqual(await folders("data/"), ["data/futures/", "data/spot/"]);
  assert.deepEqual(await folders("data/s"), ["data/spot/"]);
  assert.deepEqual(await folders(`${UM}/`), [`${UM}/daily/`, `${UM}/monthly/`]);
  assert.deepEqual(await folders(`${UM}/daily/`), [`${UM}/daily/klines/`, `${UM}/daily/metrics/`]);
  assert.deepEqual(await folders(`${UM}/monthly/`), [`${UM}/monthly/fundingRate/`, `${UM}/monthly/klines/`]);
  const steps = (await folders(`${SPOT}/`)).map((path) => path.slice(SPOT.length + 1, -1));
  assert.deepEqual(steps, "12h 15m 1d 1h 1m 2h 30m 3m 4h 5m 6h 8h".split(" "));
  assert.deepEqual(await folders("data/spot/monthly/klines/BT"), [`${SPOT}/`]);
  assert.deepEqual(await folders("nothing/"), []);
  const symbols = await walk({ prefix: "data/spot/monthly/klines/", delimiter: "/" });
  assert.equal(symbols.pages, 2);
  assert.equal(symbols.found.length, 20 + 999);
});

test("the list: months with their checksums, sizes, times and tags", async () => {
  const { keys, text } = await list({ prefix: `${SPOT}/1d/`, delimiter: "/" });
  assert.equal(keys.length, 2 * 108);
  assert.deepEqual(keys.slice(0, 2), [
    `${SPOT}/1d/BTCUSDT-1d-2017-08.zip`,
    `${SPOT}/1d/BTCUSDT-1d-2017-08.zip.CHECKSUM`,
  ]);
  assert.equal(keys.at(-1), `${SPOT}/1d/BTCUSDT-1d-2026-07.zip.CHECKSUM`);
  const entry =
    /<Contents><Key>[^<]*2025-01\.zip<\/Key><LastModified>2025-02-01T12:00:00\.000Z<\/LastModified><ETag>&quot;([0-9a-f]{32})&quot;<\/ETag><Size>\d+<\/Size>/;
  const etag = (await get(twin, `${SPOT}/1d/BTCUSDT-1d-2025-01.zip`)).headers.get("etag");
  assert.equal(`"${entry.exec(text)?.[1]}"`, etag);
  assert.match(text, /<Size>88<\/Size>/);
  for (const key of [...keys.slice(0, 2), ...keys.slice(-2)]) await bytesOf(twin, key);
});

test("the list: pages and markers, with a delimiter and without, are walked to the end in order", async () => {
  const prefix = "data/spot/daily/klines/BTCUSDT/1h/";
  const days = await walk({ prefix, delimiter: "/" });
  assert.equal(days.found.length, 2 * 3300);
  assert.equal(days.pages, 7);
  assert.ok(days.found.every((key, i) => i === 0 || key > (days.found[i - 1] ?? "")));
  assert.deepEqual(await walk({ prefix }), days);
  const small = await walk({ prefix: `${SPOT}/1d/`, delimiter: "/", "max-keys": "7" });
  assert.equal(small.pages, Math.ceil(small.found.length / 7));
  const across = await walk({ prefix: "data/spot/monthly/klines/BTCUSDT/1", "max-keys": "999" });
  assert.deepEqual(across.found, across.found.toSorted());
  assert.deepEqual(
    (await walk({ prefix: `${SPOT}/15m/` })).found,
    across.found.filter((key) => key.includes("/15m/")),
  );
  assert.equal((await list({ prefix, "max-keys": "0" })).truncated, false);
  assert.equal((await fetch(`${twin.url}/binance-archive-list?max-keys=x`)).status, 400);
});
