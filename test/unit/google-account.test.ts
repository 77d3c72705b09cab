import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { findAccount } from "../../src/google/account.ts";
import type { Machine } from "../../src/google/credentials.ts";
import { googleFailure } from "../../src/google/failure.ts";
import { commandOf } from "../cli/process.ts";
import { TemporaryFolder } from "../fakes/folder.ts";

const BOT = "job@my-project.iam.gserviceaccount.com";
const impersonating = `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${BOT}:generateAccessToken`;

/** A machine with nothing on it but what a test puts there. */
const machine = (folder: TemporaryFolder, environment: Machine["environment"]): Machine => ({
  ...{ environment, home: folder.join("home"), platform: "linux", productName: folder.join("product_name") },
});

const KEY = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" });

const FILES: readonly (readonly [what: string, content: object, account: string | undefined])[] = [
  ["a key", { type: "service_account", client_email: BOT, private_key: KEY }, BOT],
  ["an impersonation", { type: "impersonated_service_account", service_account_impersonation_url: impersonating }, BOT],
  ["a login that names itself", { type: "authorized_user", account: "ann@example.com" }, "ann@example.com"],
  ["a login as gcloud leaves it", { type: "authorized_user", account: "" }, undefined],
];

describe("whom the credentials are for", () => {
  for (const [what, content, account] of FILES)
    it(`${what}: ${account ?? "nobody knows"}`, async () => {
      using folder = new TemporaryFolder();
      const file = folder.join("credentials.json");
      writeFileSync(file, JSON.stringify(content));
      const found = await findAccount(machine(folder, { GOOGLE_APPLICATION_CREDENTIALS: file }));
      assert.equal(found?.replace(/^(?:serviceAccount|user):/, ""), account);
    });

  it("is told by the metadata server where one gives the tokens, and by nobody where it does not", async () => {
    const asked: unknown[] = [];
    let answer = { status: 200, text: `${BOT}\n` };
    const server = createServer(({ url, headers }, response) => {
      asked.push([url, headers["metadata-flavor"]]);
      response.writeHead(answer.status).end(answer.text);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      using folder = new TemporaryFolder();
      const environment = { GCE_METADATA_HOST: `127.0.0.1:${(server.address() as AddressInfo).port}` };
      assert.equal(await findAccount(machine(folder, environment)), `serviceAccount:${BOT}`);
      assert.deepEqual(asked, [["/computeMetadata/v1/instance/service-accounts/default/email", "Google"]]);
      answer = { status: 200, text: "my-project.svc.id.goog" };
      assert.equal(await findAccount(machine(folder, environment)), undefined);
      answer = { status: 404, text: "a@b" };
      assert.equal(await findAccount(machine(folder, environment)), undefined);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  it("is nobody where there are no credentials", async () => {
    using folder = new TemporaryFolder();
    assert.equal(await findAccount(machine(folder, { METADATA_SERVER_DETECTION: "none" })), undefined);
  });
});

describe("a refusal that names nobody", () => {
  const message = "Access Denied: Project my-project: User does not have bigquery.jobs.create permission.";
  const refused = Object.assign(new Error(message), { code: 403, errors: [{ reason: "accessDenied", message }] });
  const attempt = { service: "bigquery", label: "bigquery:my-project.raw", doing: "load" } as const;

  it("is granted to whom the credentials are for", () => {
    const { message: said, next } = googleFailure(refused, { ...attempt, account: `serviceAccount:${BOT}` });
    assert.ok(said.includes(`serviceAccount:${BOT} lacks bigquery.jobs.create`), said);
    const role = "--role=roles/bigquery.jobUser";
    assert.equal(next, `gcloud projects add-iam-policy-binding my-project --member=serviceAccount:${BOT} ${role}`);
    commandOf(next);
  });

  it("is granted to whom Google names, where it does", () => {
    const named = Object.assign(new Error(`ann@example.com: ${message}`), { code: 403 });
    const { next } = googleFailure(named, { ...attempt, account: `serviceAccount:${BOT}` });
    assert.match(next, /--member=user:ann@example\.com /);
  });
});
