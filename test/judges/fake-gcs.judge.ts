// The same contract as over our own stand-in, over one that others wrote: fake-gcs-server, built by the Go toolchain.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { type BucketServer, bucketContract } from "../contract/bucket.ts";
import { gcsBucket } from "../fakes/gcs-bucket.ts";

const run = promisify(execFile);

const MODULE = "github.com/fsouza/fake-gcs-server";
const VERSION = "v1.56.1";

const hasGo = await run("go", ["version"]).then(
  () => true,
  () => false,
);

/** The server's binary; built once, into a cache. */
async function binary(): Promise<string> {
  const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "candlelake-judges");
  const folder = join(cache, `fake-gcs-server-${VERSION}`);
  const file = join(folder, "fake-gcs-server");
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (isThere) return file;
  await mkdir(cache, { recursive: true });
  const made = await mkdtemp(`${folder}.`);
  await run("go", ["install", `${MODULE}@${VERSION}`], { env: { ...process.env, GOBIN: made } });
  await rename(made, folder).catch(() => rm(made, { recursive: true }));
  return file;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new TypeError("a server on a port has an address");
  return address.port;
}

async function start(): Promise<BucketServer> {
  const file = await binary();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const flags = ["-scheme", "http", "-host", "127.0.0.1", "-port", `${port}`, "-backend", "memory"];
  const addresses = ["-external-url", url, "-public-host", `127.0.0.1:${port}`];
  const server = spawn(file, [...flags, ...addresses, "-log-level", "error"], { stdio: "ignore" });
  const ended = once(server, "exit");
  const isUp = () =>
    fetch(`${url}/storage/v1/b?project=demo`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isUp())) {
    if (server.exitCode !== null) throw new Error(`${file} ended with exit code ${server.exitCode}`);
    await setTimeout(50);
  }
  return {
    url,
    // It looks at preconditions of writes alone.
    removesAnyGeneration: true,
    async close() {
      server.kill();
      await ended;
    },
  };
}

if (hasGo) bucketContract(`GcsBucket over fake-gcs-server ${VERSION}`, start, gcsBucket);
else test("GcsBucket over fake-gcs-server", { skip: "this machine has no go, which builds it" });
