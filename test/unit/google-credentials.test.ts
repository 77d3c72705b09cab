import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, it } from "node:test";
import { AppError } from "../../src/core/errors.ts";
import { findCredentials, type Machine } from "../../src/google/credentials.ts";
import { commandOf } from "../cli/process.ts";
import { TemporaryFolder } from "../fakes/folder.ts";

const SECRET = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" });
const KEY = { type: "service_account", client_email: "a@b.iam.gserviceaccount.com", private_key: SECRET };

/** A machine with nothing on it but what a test puts there. */
function machine(folder: TemporaryFolder, environment: Machine["environment"] = {}): Machine {
  return { environment, home: folder.join("home"), platform: "linux", productName: folder.join("product_name") };
}

function put(file: string, content: unknown): string {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

const refused =
  (code: string, next: string, ...about: readonly string[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof AppError, String(error));
    assert.deepEqual([error.code, error.exitCode, error.next], [code, 4, next]);
    for (const word of about) assert.ok(error.message.includes(word), error.message);
    assert.ok(!error.message.includes("secret"), error.message);
    commandOf(error.next);
    return true;
  };

const LOGIN = "gcloud auth application-default login";

describe("Google credentials", () => {
  it("are those of the variable, before those of a login", () => {
    using folder = new TemporaryFolder();
    const file = put(folder.join("key.json"), KEY);
    const usual = put(folder.join("home/.config/gcloud/application_default_credentials.json"), {
      type: "authorized_user",
    });
    const found = (environment: Machine["environment"]) => findCredentials(machine(folder, environment));
    assert.deepEqual(found({ GOOGLE_APPLICATION_CREDENTIALS: file }), { from: "file", file, content: KEY });
    assert.deepEqual(found({}), { from: "file", file: usual, content: { type: "authorized_user" } });
    assert.deepEqual(found({ GOOGLE_APPLICATION_CREDENTIALS: "" }), found({}));
  });

  it("are looked for where gcloud keeps its settings", () => {
    using folder = new TemporaryFolder();
    const moved = put(folder.join("elsewhere/application_default_credentials.json"), KEY);
    const found = findCredentials(machine(folder, { CLOUDSDK_CONFIG: folder.join("elsewhere") }));
    assert.deepEqual(found, { from: "file", file: moved, content: KEY });
    const roaming = put(folder.join("roaming/gcloud/application_default_credentials.json"), KEY);
    const windows: Machine = { ...machine(folder, { APPDATA: folder.join("roaming") }), platform: "win32" };
    assert.deepEqual(findCredentials(windows), { from: "file", file: roaming, content: KEY });
  });

  it("name the project whose quota is used where the environment does", () => {
    using folder = new TemporaryFolder();
    const file = put(folder.join("key.json"), { ...KEY, quota_project_id: "theirs" });
    const environment = { GOOGLE_APPLICATION_CREDENTIALS: file, GOOGLE_CLOUD_QUOTA_PROJECT: "ours" };
    const found = findCredentials(machine(folder, environment));
    assert.equal(found.from === "file" && found.content.quota_project_id, "ours");
  });

  it("are the machine's own where it is evidently Google's", () => {
    using folder = new TemporaryFolder();
    for (const name of ["CLOUD_RUN_JOB", "K_SERVICE", "GCE_METADATA_HOST"])
      assert.deepEqual(findCredentials(machine(folder, { [name]: "x" })), { from: "metadata" }, name);
    assert.deepEqual(findCredentials(machine(folder, { METADATA_SERVER_DETECTION: "assume-present" })), {
      from: "metadata",
    });
    put(folder.join("product_name"), "Google Compute Engine\n");
    assert.deepEqual(findCredentials(machine(folder)), { from: "metadata" });
    assert.throws(
      () => findCredentials(machine(folder, { METADATA_SERVER_DETECTION: "none" })),
      refused("no-credentials", LOGIN),
    );
  });

  it("that are nowhere are said to be, with all ways to get them", () => {
    using folder = new TemporaryFolder();
    put(folder.join("product_name"), "ThinkPad\n");
    assert.throws(
      () => findCredentials(machine(folder)),
      refused("no-credentials", LOGIN, "GOOGLE_APPLICATION_CREDENTIALS", "workload identity", "service account"),
    );
  });

  it("that are broken, or not where they are said to be, are named and never shown", () => {
    using folder = new TemporaryFolder();
    const unset = "unset GOOGLE_APPLICATION_CREDENTIALS";
    const named = (file: string) => () =>
      findCredentials(machine(folder, { GOOGLE_APPLICATION_CREDENTIALS: folder.join(file) }));
    put(folder.join("cut.json"), JSON.stringify(KEY).slice(0, -3));
    put(folder.join("other.json"), { secret: SECRET });
    put(folder.join("list.json"), "null");
    fs.mkdirSync(folder.join("folder.json"));
    assert.throws(named("none.json"), refused("bad-credentials", unset, folder.join("none.json"), "no such file"));
    assert.throws(named("cut.json"), refused("bad-credentials", unset, folder.join("cut.json"), "no JSON"));
    assert.throws(named("other.json"), refused("bad-credentials", unset, folder.join("other.json")));
    assert.throws(named("list.json"), refused("bad-credentials", unset, folder.join("list.json")));
    assert.throws(named("folder.json"), refused("bad-credentials", unset, folder.join("folder.json"), "EISDIR"));
    const usual = put(folder.join("home/.config/gcloud/application_default_credentials.json"), "{");
    assert.throws(() => findCredentials(machine(folder)), refused("bad-credentials", LOGIN, usual));
  });

  it("of a workload identity are refused at once where the token is not where they say", () => {
    using folder = new TemporaryFolder();
    const token = folder.join("token");
    const unset = "unset GOOGLE_APPLICATION_CREDENTIALS";
    const found = (format?: object) => () => {
      const content = { type: "external_account", credential_source: { file: token, ...(format ? { format } : {}) } };
      const file = put(folder.join("identity.json"), content);
      return findCredentials(machine(folder, { GOOGLE_APPLICATION_CREDENTIALS: file }));
    };
    const file = folder.join("identity.json");
    const asJson = { type: "json", subject_token_field_name: "access_token" };
    assert.throws(found(), refused("bad-credentials", unset, file, token, "no such file"));
    fs.mkdirSync(token);
    assert.throws(found(), refused("bad-credentials", unset, file, token, "EISDIR"));
    fs.rmdirSync(token);
    put(token, "\n");
    assert.throws(found(), refused("bad-credentials", unset, file, token, "empty"));
    put(token, "secret");
    assert.throws(found(asJson), refused("bad-credentials", unset, file, token, "no JSON"));
    assert.equal(found()().from, "file");
    put(token, { token: "secret" });
    assert.throws(found(asJson), refused("bad-credentials", unset, file, token, 'no "access_token"'));
    put(token, { access_token: "secret" });
    assert.equal(found(asJson)().from, "file");
  });
});
