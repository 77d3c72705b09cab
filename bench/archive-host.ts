// A host that serves a folder of bulk files and nothing else, in a process of its own:
//   node bench/archive-host.ts FOLDER [BITS_PER_SECOND ROUND_TRIP_MS]
// With a bandwidth all connections share it, and every request waits for a round trip first. Prints its port. Files are
// read from the disk once: what a host does for itself is not what is measured.
import { readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { join, normalize } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const [, , folder = ".", bits, roundTrip] = process.argv;
const bytesPerSecond = bits === undefined ? Number.POSITIVE_INFINITY : Number(bits) / 8;
/** Bytes handed to the link at once: small, so that connections share it fairly. */
const PIECE = 16 * 1024;
const files = new Map<string, Uint8Array>();

function fileAt(path: string): Uint8Array {
  const known = files.get(path);
  if (known) return known;
  const body = readFileSync(path);
  files.set(path, body);
  return body;
}

/** When the link is free again, by `performance.now()`. */
let free = 0;

async function send(response: ServerResponse, body: Uint8Array): Promise<void> {
  if (bits === undefined) return void response.end(body);
  await sleep(Number(roundTrip));
  for (let at = 0; at < body.length; at += PIECE) {
    const piece = body.subarray(at, at + PIECE);
    free = Math.max(free, performance.now()) + (piece.length / bytesPerSecond) * 1000;
    const wait = free - performance.now();
    if (wait > 1) await sleep(wait);
    if (response.destroyed) return;
    response.write(piece);
  }
  response.end();
}

// Whoever started it holds the other end of its input; without them it is of no use.
process.stdin.on("end", () => process.exit()).resume();

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? "/", "http://host");
  response.setHeader("x-candlelake-synthetic", "1");
  let body: Uint8Array;
  try {
    body = fileAt(join(folder, normalize(pathname)));
  } catch {
    response.writeHead(404, { "content-type": "text/plain" }).end("no such file");
    return;
  }
  response.writeHead(200, { "content-length": body.length });
  void send(response, body);
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address && typeof address === "object") console.log(address.port);
});
