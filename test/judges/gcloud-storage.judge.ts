// Google's own `gcloud storage` against the stand-in: what it understands and writes, a client of Google's does too.
import assert from "node:assert/strict";
import { execFile, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { moveCommand } from "../../src/pipeline/foreign.ts";
import { startTwin } from "../../src/twin/start.ts";
import { Cli, nextsOf, shellWords, type WorkAnswer } from "../cli/process.ts";
import { bytesOf, md5, objectPath, storageLab } from "../fakes/storage-lab.ts";

const run = promisify(execFile);

const found = spawnSync("gcloud", ["--version"], { stdio: "ignore", timeout: 60_000 }).status === 0;
const skip = found ? false : "gcloud (Google Cloud CLI) is not on this machine's PATH";

interface Said {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** A folder for files and for what gcloud keeps, and the command in it. */
async function gcloudAt(url: string) {
  const folder = await mkdtemp(join(tmpdir(), "candlelake-gcloud-"));
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    CLOUDSDK_CONFIG: join(folder, "config"),
    CLOUDSDK_AUTH_ACCESS_TOKEN: "fake",
    CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE: `${url}/`,
    CLOUDSDK_CORE_PROJECT: "demo",
    CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: "1",
    CLOUDSDK_CORE_DISABLE_PROMPTS: "1",
    CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: "1",
  };
  const storage = (...words: string[]): Promise<Said> =>
    new Promise((resolve, reject) => {
      const child = spawn("gcloud", ["storage", ...words], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
      const [out, err]: [Buffer[], Buffer[]] = [[], []];
      child.stdout.on("data", (chunk) => out.push(chunk));
      child.stderr.on("data", (chunk) => err.push(chunk));
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() }));
    });
  return {
    storage,
    ok: async (...words: string[]): Promise<Buffer> => {
      const { code, stdout, stderr } = await storage(...words);
      assert.equal(code, 0, `gcloud storage ${words.join(" ")}: ${stderr}`);
      return stdout;
    },
    /** A whole line, as a shell reads it. */
    shell: (line: string) => run("sh", ["-c", line], { cwd: folder, env }),
    file: (name: string) => join(folder, name),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

test("gcloud storage copies up and down, lists, prints, changes, moves and removes", { skip }, async () => {
  await using lab = await storageLab();
  await using gcloud = await gcloudAt(lab.twin.url);
  const small = bytesOf(3_000);
  await writeFile(gcloud.file("small.bin"), small);

  await gcloud.ok("cp", "--if-generation-match=0", "small.bin", "gs://demo-bucket/raw/a=1/small.bin");
  assert.equal((await lab.ask("GET", objectPath("raw/a=1/small.bin"))).body["md5Hash"], md5(small));
  const again = await gcloud.storage(
    "cp",
    "--if-generation-match=0",
    "small.bin",
    "gs://demo-bucket/raw/a=1/small.bin",
  );
  assert.equal(again.code, 1);
  assert.match(again.stderr, /HTTPError 412: At least one of the pre-conditions you specified did not hold/);

  await lab.put("raw/b=2/made by another.txt", "hello");
  assert.deepEqual((await gcloud.ok("ls", "gs://demo-bucket/raw/**")).toString().trim().split("\n"), [
    "gs://demo-bucket/raw/a=1/small.bin",
    "gs://demo-bucket/raw/b=2/made by another.txt",
  ]);
  assert.equal((await gcloud.ok("ls", "gs://demo-bucket/")).toString(), "gs://demo-bucket/raw/\n");
  assert.match(
    (await gcloud.ok("ls", "-l", "gs://demo-bucket/raw/a=1/")).toString(),
    /^ +3000 .*small\.bin\nTOTAL: 1 obj/m,
  );
  assert.equal((await gcloud.ok("cat", "gs://demo-bucket/raw/b=2/made by another.txt")).toString(), "hello");
  assert.equal((await gcloud.ok("cat", "-r", "1-3", "gs://demo-bucket/raw/b=2/made by another.txt")).toString(), "ell");
  await gcloud.ok("cp", "gs://demo-bucket/raw/a=1/small.bin", "back.bin");
  assert.ok((await readFile(gcloud.file("back.bin"))).equals(small));

  await gcloud.ok("objects", "update", "gs://demo-bucket/raw/a=1/small.bin", "--custom-metadata=sha256=abc");
  assert.deepEqual((await lab.ask("GET", objectPath("raw/a=1/small.bin"))).body["metadata"], { sha256: "abc" });
  await gcloud.ok("mv", "gs://demo-bucket/raw/a=1/small.bin", "gs://demo-bucket/moved/small.bin");
  assert.deepEqual(lab.twin.storage.names("demo-bucket", ""), ["moved/small.bin", "raw/b=2/made by another.txt"]);
  await gcloud.ok("rm", "-r", "gs://demo-bucket/raw", "gs://demo-bucket/moved/small.bin");
  assert.deepEqual(lab.twin.storage.names("demo-bucket", ""), []);
});

test("the command that puts an object out of the way moves that one alone, and is harmless the second time", {
  skip,
}, async () => {
  await using lab = await storageLab();
  await using gcloud = await gcloudAt(lab.twin.url);
  // Some are named as folders of the lake's own objects are, some as gcloud's patterns and generations.
  const strange = ["raw/t/", "raw/t", "raw/t/*", "raw/t/[x].parquet", "raw/t/a?", "raw/t/x#12", "raw/t/it's $(no).csv"];
  const ours = ["raw/t/a1", "raw/t/dd=01/b", "raw/t/x"];
  for (const name of [...strange, ...ours]) await lab.put(name, name);
  for (const name of strange) {
    const { generation } = (await lab.ask("GET", objectPath(name))).body;
    const object = { key: "", bytes: 0, generation: `${generation}`, crc32c: "", created: 0, metadata: {} };
    const command = moveCommand(`gs://demo-bucket/${name}`, object);
    await gcloud.shell(command);
    await assert.rejects(gcloud.shell(command), /matched no objects/, command);
  }
  const left = lab.twin.storage.names("demo-bucket", "");
  assert.deepEqual(
    left.filter((name) => name.startsWith("raw/")),
    ours.sort(),
  );
  assert.equal(left.length, strange.length + ours.length, left.join(" "));
});

test("gcloud storage sends a large file as a resumable upload, goes on after a lost answer, and gets it back", {
  skip,
}, async () => {
  await using lab = await storageLab({ faults: "503@PUT/resumable/upload@1" });
  await using gcloud = await gcloudAt(lab.twin.url);
  const large = bytesOf(9 * 2 ** 20 + 11);
  await writeFile(gcloud.file("large.bin"), large);
  await gcloud.ok("cp", "--if-generation-match=0", "large.bin", "gs://demo-bucket/large.bin");
  const uploads = lab.twin.requests.filter(({ path }) =>
    path.startsWith("/resumable/upload/storage/v1/b/demo-bucket/o"),
  );
  assert.deepEqual(
    uploads.slice(0, 2).map(({ method, status }) => [method, status]),
    [
      ["POST", 200],
      ["PUT", 503],
    ],
  );
  assert.deepEqual(uploads.at(-1)?.status, 200);
  assert.equal((await lab.ask("GET", objectPath("large.bin"))).body["md5Hash"], md5(large));
  await gcloud.ok("cp", "gs://demo-bucket/large.bin", "back.bin");
  assert.ok((await readFile(gcloud.file("back.bin"))).equals(large));
});

test("gcloud storage makes, describes and removes buckets, and says which permission is lacking", {
  skip,
}, async () => {
  await using lab = await storageLab({ denied: ["storage.objects.create"] });
  await using gcloud = await gcloudAt(lab.twin.url);
  await gcloud.ok("buckets", "create", "gs://another", "--location=us-east1");
  const described = JSON.parse((await gcloud.ok("buckets", "describe", "gs://another", "--format=json")).toString());
  assert.equal(described.location, "US-EAST1");
  assert.equal((await gcloud.ok("ls")).toString(), "gs://another/\ngs://demo-bucket/\n");
  await gcloud.ok("buckets", "delete", "gs://another");
  await writeFile(gcloud.file("x"), "x");
  const { code, stderr } = await gcloud.storage("cp", "x", "gs://demo-bucket/x");
  assert.equal(code, 1);
  assert.match(stderr, /does not have storage\.objects\.create access to the Google Cloud Storage object/);
});

test("gcloud storage reads what candlelake put; what it replaces or removes, candlelake notices and sets right", {
  skip,
}, async () => {
  const venues = await startTwin({ now: Date.UTC(2025, 1, 2, 5, 10) });
  await using lab = await storageLab();
  await using gcloud = await gcloudAt(lab.twin.url);
  using cli = Cli.at({ ...venues.settings, ...lab.twin.settings, CANDLELAKE_WAREHOUSE: "" });
  try {
    const series = [{ market: "spot", symbol: "BTCUSDT", interval: "1h", from: "2025-01-31" }];
    await writeFile(cli.path("candlelake.config.json"), JSON.stringify({ series }));
    (await cli.run("run")).exits(0);
    const root = "gs://demo-bucket/synthetic";
    const key = (day: string) =>
      `spot_klines/interval=1h/yyyy=2025/mm=${day.slice(5, 7)}/dd=${day.slice(8)}/synthetic_btcusdt_spot_1h_${day}.parquet`;
    const local = (day: string) => readFile(cli.path("data/synthetic", key(day)));
    const remote = (day: string) => gcloud.ok("cat", `${root}/${key(day)}`);
    const planned = async () =>
      (await cli.json<WorkAnswer>("plan")).steps.map(
        ({ action, day, reason, error }) => `${action} ${day} ${error?.code ?? reason}`,
      );
    assert.deepEqual(await planned(), []);

    // What candlelake put.
    const names = (await gcloud.ok("ls", `${root}/**`)).toString().trim().split("\n");
    const days = ["2025-01-31", "2025-02-01", "2025-02-02"];
    const manifests = ["2025-01", "2025-02"].map(
      (month) => `_manifests/spot_klines/synthetic_btcusdt_spot_1h_${month}.json`,
    );
    assert.deepEqual(names.sort(), [...manifests, ...days.map(key)].map((name) => `${root}/${name}`).sort());
    const described = JSON.parse(
      (await gcloud.ok("objects", "describe", `${root}/${key("2025-02-01")}`, "--format=json")).toString(),
    );
    assert.equal(described.custom_fields.rows, "24");
    assert.equal(
      described.custom_fields.sha256,
      createHash("sha256")
        .update(await local("2025-02-01"))
        .digest("hex"),
    );
    assert.ok((await remote("2025-02-01")).equals(await local("2025-02-01")));
    const { partitions } = JSON.parse((await gcloud.ok("cat", `${root}/${manifests[1]}`)).toString());
    assert.ok(JSON.stringify(partitions).includes(String(described.generation)));

    // The very bytes once more are the same object, whatever their generation.
    await gcloud.ok("cp", `${root}/${key("2025-02-01")}`, "same.parquet");
    await gcloud.ok("cp", "same.parquet", `${root}/${key("2025-02-01")}`);
    assert.deepEqual(await planned(), []);

    // An object removed: it is put there again.
    await gcloud.ok("rm", `${root}/${key("2025-01-31")}`);
    assert.equal((await planned()).length, 1);
    assert.match((await planned())[0] ?? "", /^upload 2025-01-31 /);
    (await cli.run("run")).exits(0);
    assert.ok((await remote("2025-01-31")).equals(await local("2025-01-31")));

    // An object replaced by somebody's own: it is named, and left alone until it is out of the way.
    await writeFile(gcloud.file("other.parquet"), bytesOf(2_000));
    await gcloud.ok("cp", "other.parquet", `${root}/${key("2025-02-01")}`);
    const status = (await cli.run("status")).exits(3);
    assert.match(status.stderr, /dd=01\/\S+ is not the object that its manifest names\.$/m);
    assert.deepEqual(await planned(), ["upload 2025-02-01 foreign-object"]);
    const refused = (await cli.run("run")).exits(1);
    const move = nextsOf(refused.stderr).find((line) => line.startsWith("gcloud storage mv ")) ?? "";
    await gcloud.ok(...shellWords(move).slice(2));
    (await cli.run("run")).exits(0);
    assert.ok((await remote("2025-02-01")).equals(await local("2025-02-01")));

    // A manifest removed: the next run writes it anew.
    await gcloud.ok("rm", `${root}/${manifests[0]}`);
    (await cli.run("run")).exits(0);
    assert.match((await gcloud.ok("cat", `${root}/${manifests[0]}`)).toString(), /"2025-01-31"/);
  } finally {
    await venues.close();
  }
});
