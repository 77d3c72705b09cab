// Files of the twin's bulk archive as tests see them: fetched, checked against their checksum, unpacked.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { TestContext } from "node:test";
import { crc32, inflateRawSync } from "node:zlib";
import { type StartOptions, startTwin, type Twin } from "../../src/twin/start.ts";

/** When these twins' time stands still. */
export const NOW = Date.UTC(2026, 7, 30, 12);
export const SPOT = "data/spot/monthly/klines/BTCUSDT";
export const UM = "data/futures/um";
export const KLINES_HEADER =
  "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore";

/** A twin for one test. */
export async function twinWith(context: TestContext, options: StartOptions): Promise<Twin> {
  const started = await startTwin({ now: NOW, limits: false, ...options });
  context.after(() => started.close());
  return started;
}

export interface Unpacked {
  readonly name: string;
  readonly text: string;
}

/** Every member, by the directory; sums and sizes are compared. */
export function unpack(zip: Buffer): Unpacked[] {
  const end = zip.lastIndexOf("PK\x05\x06");
  let at = zip.readUInt32LE(end + 16);
  return Array.from({ length: zip.readUInt16LE(end + 10) }, () => {
    const [length, start] = [zip.readUInt16LE(at + 28), zip.readUInt32LE(at + 42)];
    const name = zip.toString("utf8", at + 46, at + 46 + length);
    assert.equal(zip.toString("utf8", start + 30, start + 30 + length), name);
    const from = start + 30 + length + zip.readUInt16LE(start + 28);
    const bytes = inflateRawSync(zip.subarray(from, from + zip.readUInt32LE(at + 20)));
    assert.deepEqual([zip.readUInt32LE(at + 16), zip.readUInt32LE(at + 24)], [crc32(bytes), bytes.length]);
    at += 46 + length;
    return { name, text: bytes.toString() };
  });
}

export const get = (from: Twin, key: string, init?: RequestInit) => fetch(`${from.url}/binance-archive/${key}`, init);

export async function bytesOf(from: Twin, key: string): Promise<Buffer> {
  const response = await get(from, key);
  assert.equal(response.status, 200, key);
  return Buffer.from(await response.arrayBuffer());
}
export const sumOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
export const nameOf = (key: string) => key.slice(key.lastIndexOf("/") + 1);

/** The lines of a file whose checksum fits, whose only member has its name, and whose last line ends. */
export async function linesOf(from: Twin, key: string): Promise<string[]> {
  const zip = await bytesOf(from, key);
  assert.equal((await bytesOf(from, `${key}.CHECKSUM`)).toString(), `${sumOf(zip)}  ${nameOf(key)}`);
  const [member, ...others] = unpack(zip);
  assert.deepEqual([member?.name, others], [nameOf(key).replace(/zip$/, "csv"), []]);
  const lines = (member?.text ?? "").split("\n");
  assert.equal(lines.pop(), "");
  return lines;
}
