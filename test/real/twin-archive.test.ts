import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { startTwin, type Twin } from "../../src/twin/start.ts";
import { bytesOf, get, KLINES_HEADER, nameOf, sumOf, unpack } from "../fakes/archive-files.ts";
import { absent, folder, read } from "./corpus.ts";

const twin: Twin | undefined = absent
  ? undefined
  : await startTwin({ replay: folder, now: Date.UTC(2026, 8, 1), limits: false });
after(() => twin?.close());

const real = (name: string, body: (twin: Twin) => Promise<void>): void => {
  test(name, { skip: absent }, () => (twin ? body(twin) : undefined));
};

/** What a packed file has in it; the checksum beside it fits. */
async function content(from: Twin, key: string): Promise<string> {
  const zip = await bytesOf(from, key);
  assert.equal((await bytesOf(from, `${key}.CHECKSUM`)).toString(), `${sumOf(zip)}  ${nameOf(key)}`);
  const [member, ...others] = unpack(zip);
  assert.deepEqual([member?.name, others], [nameOf(key).replace(/zip$/, "csv"), []]);
  return member?.text ?? "";
}

real("genuine archives and their checksums come byte for byte", async (from) => {
  const files = readdirSync(join(folder, "vision"), { recursive: true, encoding: "utf8" }).filter((path) =>
    /\.zip(\.CHECKSUM)?$/.test(path),
  );
  assert.equal(files.length, 10);
  for (const file of files) {
    const response = await get(from, file);
    assert.ok(Buffer.from(await response.arrayBuffer()).equals(read(`vision/${file}`)), file);
    assert.equal(response.headers.get("x-candlelake-synthetic"), null);
  }
});

real("months of CSV are packed as they are", async (from) => {
  const months = readdirSync(join(folder, "csv/spot_1h")).map((name) => [
    `csv/spot_1h/${name}`,
    `data/spot/monthly/klines/BTCUSDT/1h/${name.replace("csv", "zip")}`,
  ]);
  months.push([
    "csv/um_1m/ALGOUSDT-1m-2023-02.csv",
    "data/futures/um/monthly/klines/ALGOUSDT/1m/ALGOUSDT-1m-2023-02.zip",
  ]);
  assert.equal(months.length, 8);
  for (const [path, key] of months as [string, string][]) {
    assert.ok((await content(from, key)) === read(path).toString(), path);
  }
});

real("files of many months are cut into them, and together are the file again", async (from) => {
  const parts = { klines: "", funding: "" };
  for (let month = 0; month < 19; month++) {
    const span = new Date(Date.UTC(2025, month, 1)).toISOString().slice(0, 7);
    const klines = await content(from, `data/futures/um/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-${span}.zip`);
    assert.ok(klines.startsWith(`${KLINES_HEADER}\n`));
    parts.klines += klines.slice(KLINES_HEADER.length + 1);
    // April 2026 is there as a genuine archive too, and that one is served.
    const key = `data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-${span}.zip`;
    const [member] = unpack(await bytesOf(from, key));
    parts.funding += member?.text.replace(/^calc_time.*\n/, "") ?? "";
  }
  const rows = (path: string) => read(path).toString().trimEnd().split(/\r?\n/).slice(1);
  assert.ok(
    parts.klines ===
      rows("csv/um/BTCUSDT-1h.csv")
        .map((row) => `${row}\n`)
        .join(""),
  );
  assert.ok(
    parts.funding ===
      rows("csv/um/BTCUSDT-funding.csv")
        .map((row) => `${row}\n`)
        .join(""),
  );
});

real("the list has what is there and nothing else", async (from) => {
  const text = await (await fetch(`${from.url}/binance-archive-list?prefix=data/`)).text();
  const keys = [...text.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key ?? "");
  assert.equal(keys.length, 10 + 2 * (7 + 1 + 19 + 18));
  assert.ok(keys.every((key) => !key.includes("metrics")));
  for (const key of keys) assert.equal(from.handle(`/binance-archive/${key}`).status, 200);
});
