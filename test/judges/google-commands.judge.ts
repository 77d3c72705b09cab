// The commands that errors of Google's name, read by gcloud's own parser: it complains of words that it does not know
// before it complains that nobody is logged in.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { type Attempt, googleFailure } from "../../src/google/failure.ts";
import { TemporaryFolder } from "../fakes/folder.ts";

const run = promisify(execFile);

const STORAGE: Attempt = { service: "storage", label: "gs://lake", doing: "write" };
const BIGQUERY: Attempt = { service: "bigquery", label: "bigquery:my-project.raw", doing: "load" };

const refused = (code: number, reason: string, message: string) =>
  Object.assign(new Error(message), { code, errors: [{ reason, message }] });

const denied = (permission: string) =>
  refused(403, "forbidden", `bot@p.iam.gserviceaccount.com does not have ${permission} access`);

const COMMANDS: readonly string[] = [
  googleFailure(refused(404, "notFound", "The specified bucket does not exist."), STORAGE),
  googleFailure(denied("storage.objects.create"), STORAGE),
  googleFailure(denied("bigquery.tables.create"), BIGQUERY),
  googleFailure(refused(403, "accessDenied", "User does not have bigquery.jobs.create permission"), BIGQUERY),
  googleFailure(refused(403, "forbidden", "serviceusage.services.use is missing"), STORAGE),
  googleFailure(refused(403, "accountDisabled", "billing"), STORAGE),
  googleFailure(refused(403, "billingNotEnabled", "billing"), BIGQUERY),
  googleFailure(refused(403, "accessNotConfigured", "not used in project my-project before"), STORAGE),
  googleFailure(refused(404, "notFound", "Not found: Project x"), BIGQUERY),
  googleFailure(refused(403, "retentionPolicyNotMet", "kept"), STORAGE),
].map(({ next }) => next);

const isThere = await run("gcloud", ["--version"]).then(
  () => true,
  () => false,
);
const skip = isThere ? false : "this machine has no gcloud";

for (const command of COMMANDS) {
  test(`gcloud knows the words of: ${command}`, { skip }, async () => {
    using folder = new TemporaryFolder();
    const env = {
      ...process.env,
      CLOUDSDK_CONFIG: folder.path,
      CLOUDSDK_CORE_DISABLE_PROMPTS: "1",
      CLOUDSDK_CORE_ACCOUNT: "ann@example.com",
      CLOUDSDK_CORE_PROJECT: "my-project",
    };
    const shell = run("sh", ["-c", `${command} < /dev/null`], { env });
    await assert.rejects(shell, ({ stderr }: { stderr: string }) => {
      assert.doesNotMatch(stderr, /unrecognized arguments|invalid choice|must be specified|invalid value|syntax/i);
      assert.match(stderr, /ann@example\.com.*credentials|active account/s);
      return true;
    });
  });
}
