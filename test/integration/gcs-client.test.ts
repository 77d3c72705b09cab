import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import * as fs from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import type { Storage } from "@google-cloud/storage";
import { AppError } from "../../src/core/errors.ts";
import { authOf } from "../../src/google/auth.ts";
import { SILENT } from "../../src/open.ts";
import { openBucket } from "../../src/stores/gcs/client.ts";
import { GcsBucket } from "../../src/stores/gcs.ts";
import { type GoogleTwin, startGoogleTwin } from "../../src/twin/google/start.ts";
import { TemporaryFolder } from "../fakes/folder.ts";
import { gcsBucket, hasty } from "../fakes/gcs-bucket.ts";
import { UnreliableFront } from "../fakes/unreliable-front.ts";

const GOOGLES = { endpoint: undefined, project: undefined };
const TOKEN = "a-token-of-this-test";

/** Variables that decide whom the clients take themselves for. */
const VARIABLES = [
  "GOOGLE_APPLICATION_CREDENTIALS",
  "CLOUDSDK_CONFIG",
  "GOOGLE_CLOUD_QUOTA_PROJECT",
  "METADATA_SERVER_DETECTION",
  "STORAGE_EMULATOR_HOST",
  "BIGQUERY_EMULATOR_HOST",
] as const;

/** Does something with these variables and no others of their kind. */
async function among<T>(values: Partial<Record<(typeof VARIABLES)[number], string>>, work: () => Promise<T>) {
  const kept = VARIABLES.map((name) => [name, process.env[name]] as const);
  const set = (name: string, value: string | undefined) => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const name of VARIABLES) set(name, values[name]);
  try {
    return await work();
  } finally {
    for (const [name, value] of kept) set(name, value);
  }
}

/** Connections that anything in this process began meanwhile. */
async function connections(work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const see = () => {
    count++;
  };
  subscribe("net.client.socket", see);
  try {
    await work();
  } finally {
    unsubscribe("net.client.socket", see);
  }
  return count;
}

describe("Google's client of Cloud Storage", () => {
  const folder = new TemporaryFolder();
  /** Gives a token for a workload's own: what GitHub's runners do with Google. */
  const exchange = createServer((_, response) => {
    const answer = { access_token: TOKEN, expires_in: 3600, token_type: "Bearer", issued_token_type: "x" };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  const credentials = folder.join("credentials.json");
  let twin: GoogleTwin;
  let front: UnreliableFront;

  before(async () => {
    twin = await startGoogleTwin();
    front = await UnreliableFront.open(twin.url);
    await new Promise<void>((resolve) => exchange.listen(0, "127.0.0.1", resolve));
    fs.writeFileSync(folder.join("subject"), "subject");
    fs.writeFileSync(
      credentials,
      JSON.stringify({
        type: "external_account",
        audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
        token_url: `http://127.0.0.1:${(exchange.address() as AddressInfo).port}/token`,
        credential_source: { file: folder.join("subject") },
        quota_project_id: "quota-project",
      }),
    );
  });

  after(async () => {
    exchange.close();
    await front[Symbol.asyncDispose]();
    await twin.close();
    folder[Symbol.dispose]();
  });

  it("keeps to the shape of Google's addresses, whatever the emulators' variables say, and leaves them", async () => {
    front.passed.length = 0;
    await among({ STORAGE_EMULATOR_HOST: "http://127.0.0.1:1" }, async () => {
      const bucket = gcsBucket({ endpoint: front.url, name: "demo-bucket", root: "raw/" });
      await bucket.write("a/b", Buffer.from("x"), { replaces: null });
      await bucket.read("a/b");
      await bucket.location();
      assert.equal(process.env["STORAGE_EMULATOR_HOST"], "http://127.0.0.1:1");
    });
    assert.deepEqual(
      front.passed.map(({ method, path }) => `${method} ${path}`),
      [
        "POST /upload/storage/v1/b/demo-bucket/o",
        "GET /storage/v1/b/demo-bucket/o/raw%2Fa%2Fb",
        "GET /storage/v1/b/demo-bucket",
      ],
    );
  });

  it("says who asks, and shows nobody but Google a token", async () => {
    front.passed.length = 0;
    await among({ GOOGLE_APPLICATION_CREDENTIALS: credentials }, async () => {
      const bucket = gcsBucket({ endpoint: front.url, name: "demo-bucket", root: "raw/" });
      await bucket.write("large", new Uint8Array(9 * 2 ** 20), { replaces: null });
      for await (const object of bucket.list("")) assert.ok(object.key);
      await bucket.read("large");
    });
    assert.ok(front.passed.length > 3);
    for (const { headers } of front.passed) assert.equal(headers.authorization, undefined);
    const small = front.passed.filter(({ method }) => method === "GET");
    for (const { headers } of small) assert.match(headers["user-agent"] ?? "", /^candlelake /);
  });

  it("asks Google with the credentials that were found, in storage and elsewhere", async () => {
    await among({ GOOGLE_APPLICATION_CREDENTIALS: credentials, STORAGE_EMULATOR_HOST: front.url }, async () => {
      const storage = (await openBucket("lake", GOOGLES)).storage as Storage;
      assert.equal(storage.baseUrl, "https://storage.googleapis.com/storage/v1");
      const url = `${storage.baseUrl}/b/lake`;
      const { headers } = await storage.authClient.authorizeRequest({ url });
      const theirs = new Headers(headers);
      assert.equal(theirs.get("authorization"), `Bearer ${TOKEN}`);
      assert.equal(theirs.get("x-goog-user-project"), "quota-project");
      const ours = await (await authOf(GOOGLES)).getRequestHeaders();
      assert.equal(ours.get("authorization"), `Bearer ${TOKEN}`);
      assert.equal(ours.get("x-goog-user-project"), "quota-project");
    });
  });

  it("asks elsewhere without any", async () => {
    await among({ GOOGLE_APPLICATION_CREDENTIALS: credentials }, async () => {
      const headers = await (await authOf({ endpoint: front.url, project: "demo" })).getRequestHeaders();
      assert.deepEqual([...headers], []);
    });
  });

  it("says at once that there are no credentials, and connects to nobody for it", async () => {
    const nothing = { CLOUDSDK_CONFIG: folder.join("nowhere"), METADATA_SERVER_DETECTION: "none" };
    const isRefused = (error: unknown) => {
      assert.ok(error instanceof AppError, String(error));
      assert.deepEqual(
        [error.code, error.exitCode, error.next],
        ["no-credentials", 4, "gcloud auth application-default login"],
      );
      return true;
    };
    const made = await connections(() =>
      among(nothing, async () => {
        const bucket = new GcsBucket({ name: "lake", root: "raw/", access: GOOGLES, log: SILENT, clock: hasty });
        await assert.rejects(bucket.location(), isRefused);
        await assert.rejects(authOf(GOOGLES), isRefused);
      }),
    );
    assert.equal(made, 0);
  });

  it("repeats nothing by itself: what a request costs is what was counted", async () => {
    front.passed.length = 0;
    front.trouble = () => ({ when: "before", status: 503 });
    const bucket = await openBucket("demo-bucket", { endpoint: front.url, project: "demo" });
    const file = bucket.file("raw/x");
    const write = file.save("x", { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } });
    await assert.rejects(write, { code: 503 });
    await assert.rejects(file.getMetadata(), { code: 503 });
    await assert.rejects(file.download(), { code: 503 });
    await assert.rejects(file.delete({ ifGenerationMatch: 1 }), { code: 503 });
    await assert.rejects(bucket.getFiles({ autoPaginate: false }), { code: 503 });
    front.trouble = () => undefined;
    assert.equal(front.passed.length, 5);
  });
});
