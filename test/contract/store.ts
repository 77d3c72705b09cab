import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AppError } from "../../src/core/errors.ts";
import type { ObjectStore, StoredObject } from "../../src/ports.ts";

/** An empty store to be tried. */
export interface StoreTrial extends Disposable {
  readonly store: ObjectStore;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (found: Uint8Array | undefined): string | undefined => found && new TextDecoder().decode(found);

async function listed(store: ObjectStore, prefix: string): Promise<StoredObject[]> {
  const found: StoredObject[] = [];
  for await (const object of store.list(prefix)) found.push(object);
  return found;
}

const keysOf = async (store: ObjectStore, prefix: string): Promise<string[]> =>
  (await listed(store, prefix)).map((object) => object.key);

/** Names that would lead out of the store, or nowhere. */
const STRAY = ["", "/", "../x", "a/../../x", "a/..", "..", ".", "./a", "/etc/passwd", "a//b", "a/", "a\\..\\b", "a\0b"];

/** What holds for every store. */
export function storeContract(name: string, open: () => StoreTrial): void {
  describe(`${name} as a store`, () => {
    it("gives back what was written, whatever the bytes are", async () => {
      using trial = open();
      const all = Uint8Array.from({ length: 256 }, (_, i) => i);
      await trial.store.write("a/all", all);
      await trial.store.write("a/none", new Uint8Array());
      assert.deepEqual(Uint8Array.from((await trial.store.read("a/all")) ?? []), all);
      assert.equal((await trial.store.read("a/none"))?.length, 0);
      assert.deepEqual([trial.store.size("a/all"), trial.store.size("a/none")], [256, 0]);
    });

    it("has nothing where nothing was written", async () => {
      using trial = open();
      await trial.store.write("a/b/c", bytes("x"));
      for (const key of ["x", "a/b/d", "a/c/d", "ab/c"]) {
        assert.equal(trial.store.size(key), undefined, key);
        await trial.store.remove(key);
      }
      assert.equal(await trial.store.read("a/b/d"), undefined);
      assert.equal(textOf(await trial.store.read("a/b/c")), "x");
    });

    it("does not take a folder of objects for an object", async () => {
      using trial = open();
      await trial.store.write("a/b/c", bytes("x"));
      assert.equal(trial.store.size("a/b"), undefined);
    });

    it("replaces an object whole, be the new one shorter or longer", async () => {
      using trial = open();
      for (const text of ["first and long", "2nd", "third and longest of all"]) {
        await trial.store.write("a/b", bytes(text));
        assert.equal(textOf(await trial.store.read("a/b")), text);
        assert.equal(trial.store.size("a/b"), text.length);
      }
      assert.deepEqual(await keysOf(trial.store, "a"), ["a/b"]);
    });

    it("keeps its own copy of the bytes", async () => {
      using trial = open();
      const mine = bytes("mine");
      await trial.store.write("a/b", mine);
      mine.fill(0);
      assert.equal(textOf(await trial.store.read("a/b")), "mine");
    });

    it("shows a reader the old bytes or the new ones, never a mixture", async () => {
      using trial = open();
      const versions = ["a".repeat(100_000), "b".repeat(10), "c".repeat(50_000)];
      await trial.store.write("a/b", bytes(versions[0] as string));
      const writes = (async () => {
        for (let i = 1; i < 30; i++) await trial.store.write("a/b", bytes(versions[i % 3] as string));
      })();
      const seen = new Set<string>();
      for (let i = 0; i < 60; i++) seen.add(textOf(await trial.store.read("a/b")) ?? "nothing");
      await writes;
      assert.deepEqual(seen.difference(new Set(versions)), new Set());
    });

    it("tells when an object was last written", async () => {
      using trial = open();
      assert.equal(trial.store.modified("a/b"), undefined);
      await trial.store.write("a/b", bytes("x"));
      const before = trial.store.modified("a/b") ?? Number.NaN;
      let after = before;
      // Clocks of file systems tick slowly.
      while (after === before) {
        await trial.store.write("a/b", bytes("y"));
        after = trial.store.modified("a/b") ?? Number.NaN;
      }
      assert.ok(after > before);
      await trial.store.remove("a/b");
      assert.equal(trial.store.modified("a/b"), undefined);
    });

    it("removes an object, once and again", async () => {
      using trial = open();
      await trial.store.write("a/b", bytes("x"));
      await trial.store.write("a/c", bytes("y"));
      await trial.store.remove("a/b");
      await trial.store.remove("a/b");
      assert.equal(await trial.store.read("a/b"), undefined);
      assert.equal(trial.store.size("a/b"), undefined);
      assert.deepEqual(await keysOf(trial.store, "a"), ["a/c"]);
    });

    it("lists by key, ascending, with sizes", async () => {
      using trial = open();
      const keys = ["t/b", "t/a/z", "t/a-b/x", "t/a.json", "t/a/b/c", "t/B", "t/a0", "t/ä", "t/a/!"];
      for (const [i, key] of keys.entries()) await trial.store.write(key, new Uint8Array(i));
      assert.deepEqual(
        await listed(trial.store, "t"),
        [...keys].sort().map((key) => ({ key, bytes: keys.indexOf(key) })),
      );
    });

    it("takes a prefix for whole folder names", async () => {
      using trial = open();
      for (const key of ["t/a/1", "t/ab/2", "t/a.json", "ta/3"]) await trial.store.write(key, bytes("x"));
      assert.deepEqual(await keysOf(trial.store, "t/a"), ["t/a/1"]);
      assert.deepEqual(await keysOf(trial.store, "t"), ["t/a.json", "t/a/1", "t/ab/2"]);
      assert.deepEqual(await keysOf(trial.store, "t/nothing"), []);
    });

    it("keeps odd names apart", async () => {
      using trial = open();
      const odd = ["a b", "a+b", "a%20b", "a=b", "a'b", 'a"b', "a*b", "a?b", "[a]", "~", "-rf", "...", "币安", "é"];
      for (const key of odd) await trial.store.write(`odd/${key}`, bytes(key));
      for (const key of odd) assert.equal(textOf(await trial.store.read(`odd/${key}`)), key);
      assert.equal((await keysOf(trial.store, "odd")).length, odd.length);
    });

    for (const key of STRAY) {
      it(`refuses the key ${JSON.stringify(key)}`, async () => {
        using trial = open();
        const refused = (error: unknown) =>
          error instanceof AppError && error.code === "bad-key" && error.exitCode === 4;
        await assert.rejects(trial.store.write(key, bytes("x")), refused);
        await assert.rejects(trial.store.read(key), refused);
        await assert.rejects(trial.store.remove(key), refused);
        await assert.rejects(keysOf(trial.store, key), refused);
        assert.throws(() => trial.store.size(key), refused);
        assert.throws(() => trial.store.modified(key), refused);
      });
    }

    it("survives being flushed with nothing written, and twice", async () => {
      using trial = open();
      await trial.store.flush();
      await trial.store.write("a/b", bytes("x"));
      await trial.store.flush();
      await trial.store.flush();
      assert.equal(textOf(await trial.store.read("a/b")), "x");
    });
  });
}
