import assert from "node:assert/strict";
import * as fs from "node:fs";
import { test } from "node:test";
import { StoreError } from "../../src/core/errors.ts";
import { DISK, type Disk } from "../../src/stores/disk.ts";
import { FileStore } from "../../src/stores/file.ts";
import { fullAfter, Mount, readOnlyDisk, refusal, watched } from "../fakes/disks.ts";
import { TemporaryFolder, tree } from "../fakes/folder.ts";

const big = new Uint8Array(200_000).fill(7);
const small = new TextEncoder().encode("kept");

/** A refusal of the store's own: its name, the file in its message, exit code 4 and a next command. */
const refuses =
  (code: string, about: string) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof StoreError, String(error));
    assert.equal(error.code, code);
    assert.equal(error.exitCode, 4);
    assert.ok(error.message.includes(about), error.message);
    assert.ok(error.next.startsWith("candlelake "));
    return true;
  };

/** A write that cannot be done leaves everything as it was, and says why. */
async function writeFails(root: string, disk: Disk, bytes: Uint8Array, code: string): Promise<void> {
  const before = tree(root);
  const store = new FileStore(root, disk);
  for (const key of ["t/old", "t/new", "u/v/w"]) {
    await assert.rejects(store.write(key, bytes), refuses(code, key));
  }
  assert.deepEqual(tree(root), before);
  assert.deepEqual(await new FileStore(root).read("t/old"), Buffer.from(small));
}

async function written(root: string): Promise<void> {
  const store = new FileStore(root);
  await store.write("t/old", small);
  await store.flush();
}

test("a disk that becomes full, as the disk seam tells it", async () => {
  using folder = new TemporaryFolder();
  await written(folder.path);
  await writeFails(folder.path, fullAfter(1000), big, "disk-full");
});

test("a file system that cannot be written to, as the disk seam tells it", async () => {
  using folder = new TemporaryFolder();
  await written(folder.path);
  await writeFails(folder.path, readOnlyDisk, small, "read-only");
});

test("a full disk: a real one where this user may mount, else one that says so", async () => {
  using folder = new TemporaryFolder();
  using mount = Mount.tmpfs(folder.join("full"), "64k");
  const root = folder.join("full");
  await written(root);
  await writeFails(root, mount ? DISK : fullAfter(1000), big, "disk-full");
  // What fits is written all the same.
  const store = new FileStore(root);
  await store.write("t/old", new TextEncoder().encode("kept on"));
  await store.flush();
  assert.equal(fs.readFileSync(`${root}/t/old`, "utf8"), "kept on");
});

test("a read-only mount: a real one where this user may mount, else one that says so", async () => {
  using folder = new TemporaryFolder();
  using mount = Mount.tmpfs(folder.join("locked"), "256k");
  const root = folder.join("locked");
  await written(root);
  mount?.remount("ro");
  await writeFails(root, mount ? DISK : readOnlyDisk, small, "read-only");
});

test("the lake's folder is a file", async () => {
  using folder = new TemporaryFolder();
  const root = folder.join("lake");
  fs.writeFileSync(root, "a file");
  const store = new FileStore(root);
  await assert.rejects(store.write("t/a", small), refuses("not-a-folder", "t/a"));
  await assert.rejects(store.read("t/a"), refuses("not-a-folder", "t/a"));
  await assert.rejects(store.list("t")[Symbol.asyncIterator]().next(), refuses("not-a-folder", root));
  assert.equal(store.size("t/a"), undefined);
  assert.throws(() => store.removeUnfinished(), refuses("not-a-folder", root));
  assert.equal(fs.readFileSync(root, "utf8"), "a file");
});

test("a file lies where a folder of the lake must be", async () => {
  using folder = new TemporaryFolder();
  await written(folder.path);
  fs.writeFileSync(folder.join("u"), "in the way");
  const store = new FileStore(folder.path);
  await assert.rejects(store.write("u/v", small), refuses("not-a-folder", "u"));
  await store.write("t/new", small);
  await store.flush();
  assert.deepEqual([...tree(folder.path).keys()], ["t/new", "t/old", "u"]);
});

test("a file lies where unfinished files are kept", async () => {
  using folder = new TemporaryFolder();
  await written(folder.path);
  fs.rmSync(folder.join("_tmp"), { recursive: true });
  fs.writeFileSync(folder.join("_tmp"), "in the way");
  const store = new FileStore(folder.path);
  await assert.rejects(store.write("t/old", small), refuses("not-a-folder", "t/old"));
  assert.throws(() => store.removeUnfinished(), refuses("not-a-folder", "_tmp"));
});

test("a folder lies where an object must be", async () => {
  using folder = new TemporaryFolder();
  fs.mkdirSync(folder.join("t", "a", "inner"), { recursive: true });
  const store = new FileStore(folder.path);
  await assert.rejects(store.write("t/a", small), refuses("not-a-file", "t/a"));
  await assert.rejects(store.read("t/a"), refuses("not-a-file", "t/a"));
  assert.equal(store.size("t/a"), undefined);
  assert.deepEqual([...tree(folder.path).keys()], []);
});

test("a folder of the lake that is taken away during the work", async () => {
  using folder = new TemporaryFolder();
  const store = new FileStore(folder.join("lake"));
  await store.write("t/a", small);
  fs.rmSync(folder.join("lake"), { recursive: true });
  await assert.rejects(store.write("t/b", small), refuses("folder-gone", "t/b"));
  await assert.rejects(store.flush(), refuses("folder-gone", "lake"));
});

const codes: Record<string, string> = {
  EACCES: "no-permission",
  EPERM: "no-permission",
  EDQUOT: "disk-full",
  EMFILE: "too-many-files",
  EIO: "disk-error",
  ESTALE: "disk-error",
  ENAMETOOLONG: "disk-error",
};
for (const [code, name] of Object.entries(codes)) {
  for (const call of ["writeFile", "rename", "mkdir"] as const) {
    test(`${code} at ${call} is ${name}, and leaves what was there`, async () => {
      using folder = new TemporaryFolder();
      await written(folder.path);
      const disk = watched((made, target) => {
        if (made === call) throw refusal(code, call, target);
      });
      const before = tree(folder.path);
      const store = new FileStore(folder.path, disk);
      const write = async () => {
        await store.write("new/folder/x", small);
        await store.flush();
      };
      await assert.rejects(write(), refuses(name, "new/folder/x"));
      new FileStore(folder.path).removeUnfinished();
      assert.deepEqual(tree(folder.path), before);
    });
  }
}

test("a folder that cannot be synced fails the flush, and is synced by the next one", async () => {
  using folder = new TemporaryFolder();
  let broken = true;
  const synced: string[] = [];
  const disk = watched((call, target) => {
    if (call !== "syncFolders") return;
    if (broken) throw refusal("EIO", "fsync", target);
    synced.push(target);
  });
  const store = new FileStore(folder.path, disk);
  await store.write("t/a", small);
  await assert.rejects(store.flush(), refuses("disk-error", folder.path));
  broken = false;
  await store.flush();
  assert.ok(synced.includes(folder.join("t")));
});

test("a name that changes while its folder is being synced is synced by the next flush", async () => {
  using folder = new TemporaryFolder();
  const synced: string[] = [];
  let meanwhile: (() => Promise<void>) | undefined;
  const disk: Disk = {
    ...DISK,
    async syncFolders(folders) {
      await DISK.syncFolders(folders);
      synced.push(...folders);
      const change = meanwhile;
      meanwhile = undefined;
      await change?.();
    },
  };
  const store = new FileStore(folder.path, disk);
  await store.write("t/a", small);
  meanwhile = () => store.remove("t/a");
  await store.flush();
  synced.length = 0;
  await store.flush();
  assert.deepEqual(synced, [folder.join("t")]);
});

test("an error that is none of the operating system's stays what it is", async () => {
  using folder = new TemporaryFolder();
  const disk = watched(() => {
    throw new TypeError("a mistake in the program");
  });
  await assert.rejects(new FileStore(folder.path, disk).write("t/a", small), TypeError);
});

test("what a killed run left half-written is removed, one's own unfinished files are not", async () => {
  using folder = new TemporaryFolder();
  const store = new FileStore(folder.path);
  fs.mkdirSync(folder.join("_tmp"));
  fs.writeFileSync(folder.join("_tmp", "deadbeef0000-0"), "half");
  store.removeUnfinished();
  assert.deepEqual(fs.readdirSync(folder.join("_tmp")), []);
});
