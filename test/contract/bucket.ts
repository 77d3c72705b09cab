import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { AppError } from "../../src/core/errors.ts";
import type { Bucket, BucketObject, BucketUsage } from "../../src/ports/bucket.ts";
import { commandOf } from "../cli/process.ts";
import { type Passing, UnreliableFront } from "../fakes/unreliable-front.ts";

/** A server that speaks Cloud Storage's JSON API. */
export interface BucketServer {
  /** Base of its address. */
  readonly url: string;
  /** The server removes an object whatever generation was named: then nobody can be held to the contrary. */
  readonly removesAnyGeneration?: boolean;
  close(): Promise<void>;
}

/** A client of a bucket that is to be tried. */
export type OpenBucket = (options: {
  readonly endpoint: string;
  readonly name: string;
  readonly root: string;
}) => Bucket;

const NAME = "contract-bucket";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (found: Uint8Array | undefined): string | undefined => found && new TextDecoder().decode(found);

async function listed(bucket: Bucket, prefix = ""): Promise<BucketObject[]> {
  const found: BucketObject[] = [];
  for await (const object of bucket.list(prefix)) found.push(object);
  return found;
}

const keysOf = async (bucket: Bucket, prefix?: string): Promise<string[]> =>
  (await listed(bucket, prefix)).map(({ key }) => key);

/** Refused with a code, exit code 4, and a next command that can be typed. */
const refused =
  (code: string, about = "gs://") =>
  (error: unknown): boolean => {
    assert.ok(error instanceof AppError, String(error));
    assert.deepEqual([error.code, error.exitCode], [code, 4], error.message);
    assert.ok(error.message.includes(about), error.message);
    assert.doesNotMatch(error.message, /undefined|\[object|NaN/);
    commandOf(error.next);
    return true;
  };

/** What a request was for, as the server sees it. */
function kindOf({ method, path, query }: Passing): "lists" | "reads" | "writes" | "others" {
  if (path.includes("/upload/")) return "writes";
  if (method === "GET" && path.endsWith("/o")) return "lists";
  return query.get("alt") === "media" ? "reads" : "others";
}

/** What holds for every bucket, whichever server is behind it. */
export function bucketContract(name: string, start: () => Promise<BucketServer>, openBucket: OpenBucket): void {
  describe(`${name} as a bucket`, () => {
    let server: BucketServer;
    let front: UnreliableFront;
    let trials = 0;
    let opened: Bucket[] = [];

    before(async () => {
      server = await start();
      front = await UnreliableFront.open(server.url);
      const made = await fetch(`${front.url}/storage/v1/b?project=demo`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ name: NAME, location: "US-CENTRAL1" }),
      });
      assert.ok(made.ok, `the bucket could not be made: ${made.status} ${await made.text()}`);
    });

    after(async () => {
      await front[Symbol.asyncDispose]();
      await server.close();
    });

    beforeEach(() => {
      trials++;
      opened = [];
      front.passed.length = 0;
      front.trouble = () => undefined;
    });

    /** Another client; all of a test share a root that is theirs alone. */
    function open(options: { readonly name?: string; readonly endpoint?: string } = {}): Bucket {
      const bucket = openBucket({ endpoint: front.url, name: NAME, root: `trial-${trials}/`, ...options });
      opened.push(bucket);
      return bucket;
    }

    /** Every request that came by is in the clients' own count, and nothing else is. */
    function counted(): void {
      const kinds = ["lists", "reads", "writes", "others"] as const;
      const sums = (of: (kind: (typeof kinds)[number]) => number) => Object.fromEntries(kinds.map((k) => [k, of(k)]));
      const total = (usage: keyof BucketUsage) => opened.reduce((sum, bucket) => sum + bucket.usage[usage], 0);
      assert.deepEqual(
        sums(total),
        sums((kind) => front.passed.filter((request) => kindOf(request) === kind).length),
      );
    }

    it("gives back what was written, whatever the bytes are, and says what it has", async () => {
      const bucket = open();
      const all = Uint8Array.from({ length: 256 }, (_, i) => i);
      const written = await bucket.write("a/all", all, { replaces: null, metadata: { rows: "24" } });
      const empty = await bucket.write("a/none", new Uint8Array(), { replaces: null });
      assert.deepEqual(await bucket.read("a/all"), all);
      assert.deepEqual(await bucket.read("a/none"), new Uint8Array());
      assert.deepEqual([written.key, written.bytes, written.crc32c], ["a/all", 256, "nEQYSw=="]);
      assert.deepEqual([empty.bytes, empty.crc32c, empty.metadata], [0, "AAAAAA==", {}]);
      assert.match(written.generation, /^\d+$/);
      assert.deepEqual(await bucket.stat("a/all"), written);
      assert.deepEqual(await listed(bucket), [written, empty]);
      assert.ok(Number.isSafeInteger(written.created));
      assert.deepEqual([bucket.usage.bytesUploaded, bucket.usage.bytesDownloaded, bucket.usage.retries], [256, 256, 0]);
      counted();
    });

    it("has nothing where nothing was written", async () => {
      const bucket = open();
      await bucket.write("a/b/c", bytes("x"), { replaces: null });
      for (const key of ["x", "a/b/d", "a/b", "ab/c"]) {
        assert.equal(await bucket.stat(key), undefined, key);
        assert.equal(await bucket.read(key), undefined, key);
        await bucket.remove(key, "1");
      }
      assert.equal(textOf(await bucket.read("a/b/c")), "x");
      counted();
    });

    it("writes where there is nothing, and never over what is there unseen", async () => {
      const bucket = open();
      const { generation } = await bucket.write("a/b", bytes("first"), { replaces: null });
      const again = bucket.write("a/b", bytes("other"), { replaces: null });
      await assert.rejects(again, refused("bucket-conflict", `generation ${generation}`));
      assert.equal(textOf(await bucket.read("a/b")), "first");
      assert.equal((await bucket.stat("a/b"))?.generation, generation);
      counted();
    });

    it("replaces the generation that is named, and no other", async () => {
      const bucket = open();
      const first = await bucket.write("a/b", bytes("first and long"), { replaces: null });
      const second = await bucket.write("a/b", bytes("2nd"), { replaces: first.generation });
      assert.notEqual(second.generation, first.generation);
      await assert.rejects(
        bucket.write("a/b", bytes("third"), { replaces: first.generation }),
        refused("bucket-conflict", bucket.uri("a/b")),
      );
      assert.equal(textOf(await bucket.read("a/b")), "2nd");
      await bucket.remove("a/b", second.generation);
      await assert.rejects(
        bucket.write("a/b", bytes("fourth"), { replaces: second.generation }),
        refused("bucket-conflict", "removed"),
      );
      assert.deepEqual(await keysOf(bucket), []);
    });

    it("takes the very same object for its own, and nothing that differs in its metadata", async () => {
      const bucket = open();
      const metadata = { sha256: "abc", rows: "24" };
      const first = await bucket.write("a/b", bytes("same"), { replaces: null, metadata });
      assert.deepEqual(await open().write("a/b", bytes("same"), { replaces: null, metadata }), first);
      for (const other of [{}, { sha256: "abc" }, { ...metadata, rows: "25" }, { ...metadata, more: "" }])
        await assert.rejects(
          bucket.write("a/b", bytes("same"), { replaces: null, metadata: other }),
          refused("bucket-conflict"),
        );
      counted();
    });

    it("keeps metadata and odd names as they are", async () => {
      const bucket = open();
      const metadata = { note: "Mühlhäuser – 币安 \u{1f56f}", empty: "", quoted: "\"a\" = 'b'" };
      const odd = [
        "a b",
        "a+b",
        "a%20b",
        "a=b",
        "a'b",
        'a"b',
        "a*b",
        "a?b#c",
        "[a]",
        "~",
        "-rf",
        "币安",
        "é",
        "a&b",
        "a:b",
      ];
      for (const key of odd) await bucket.write(`odd/${key}`, bytes(key), { replaces: null, metadata });
      for (const key of odd) {
        assert.equal(textOf(await bucket.read(`odd/${key}`)), key);
        assert.deepEqual((await bucket.stat(`odd/${key}`))?.metadata, metadata);
      }
      const found = await listed(bucket);
      assert.deepEqual(new Set(found.map(({ key }) => key)), new Set(odd.map((key) => `odd/${key}`)));
      for (const object of found) assert.deepEqual(object.metadata, metadata);
    });

    it("lists many objects by key, ascending, a thousand a request", async () => {
      const bucket = open();
      const keys = Array.from({ length: 1500 }, (_, i) => `t/${String(i).padStart(5, "0")}`);
      const left = keys.toReversed();
      const write = async () => {
        for (let key = left.pop(); key !== undefined; key = left.pop())
          await bucket.write(key, bytes(key), { replaces: null, metadata: { key } });
      };
      await Promise.all(Array.from({ length: 16 }, write));
      const found = await listed(bucket, "t");
      assert.deepEqual(
        found.map(({ key, bytes: length, metadata }) => [key, length, metadata["key"]]),
        keys.map((key) => [key, 7, key]),
      );
      assert.deepEqual([bucket.usage.lists, bucket.usage.writes], [2, 1500]);
      counted();
    });

    it("takes a prefix for whole folder names", async () => {
      const bucket = open();
      for (const key of ["spot_klines/1", "spot_klines_old/2", "spot_klines.json", "spot/3"])
        await bucket.write(key, bytes("x"), { replaces: null });
      assert.deepEqual(await keysOf(bucket, "spot_klines"), ["spot_klines/1"]);
      assert.deepEqual(await keysOf(bucket, "spot"), ["spot/3"]);
      assert.deepEqual(await keysOf(bucket, "nothing"), []);
      assert.equal((await keysOf(bucket)).length, 4);
    });

    it("sees nothing of another root", async () => {
      const bucket = open();
      await bucket.write("a/b", bytes("x"), { replaces: null });
      const other = openBucket({ endpoint: front.url, name: NAME, root: `trial-${trials}` });
      assert.deepEqual(await keysOf(openBucket({ endpoint: front.url, name: NAME, root: "synthetic/" })), []);
      assert.equal(await other.stat("a/b"), undefined);
    });

    it("reads the generation that is named, or nothing", async () => {
      const bucket = open();
      const first = await bucket.write("a/b", bytes("first"), { replaces: null });
      assert.equal(textOf(await bucket.read("a/b", first.generation)), "first");
      const second = await bucket.write("a/b", bytes("second"), { replaces: first.generation });
      assert.equal(await bucket.read("a/b", first.generation), undefined);
      assert.equal(textOf(await bucket.read("a/b", second.generation)), "second");
      counted();
    });

    it("removes the generation that is named, and no other, once and again", async () => {
      const bucket = open();
      const first = await bucket.write("a/b", bytes("first"), { replaces: null });
      const second = await bucket.write("a/b", bytes("second"), { replaces: first.generation });
      if (!server.removesAnyGeneration)
        await assert.rejects(bucket.remove("a/b", first.generation), refused("bucket-conflict", second.generation));
      assert.equal(textOf(await bucket.read("a/b")), "second");
      await bucket.remove("a/b", second.generation);
      await bucket.remove("a/b", second.generation);
      assert.equal(await bucket.stat("a/b"), undefined);
      counted();
    });

    it("lets exactly one of several writers win, with all of its bytes", async () => {
      for (const replaces of [null, "first"]) {
        const writers = Array.from({ length: 8 }, () => open());
        const key = `race/${replaces}`;
        const first = replaces === null ? null : await open().write(key, bytes("first"), { replaces: null });
        const race = await Promise.allSettled(
          writers.map((bucket, i) =>
            bucket.write(key, bytes(`${i}`.repeat(10_000)), { replaces: first?.generation ?? null }),
          ),
        );
        const won = race.flatMap((result, i) => (result.status === "fulfilled" ? [{ i, object: result.value }] : []));
        for (const result of race) if (result.status === "rejected") refused("bucket-conflict")(result.reason);
        assert.equal(won.length, 1);
        assert.equal(textOf(await open().read(key)), `${won[0]?.i}`.repeat(10_000));
        assert.deepEqual(await open().stat(key), won[0]?.object);
      }
      counted();
    });

    it("writes large objects whole, or not at all", async () => {
      const bucket = open();
      const large = Uint8Array.from({ length: 9 * 2 ** 20 }, (_, i) => (i * 31) >> 3);
      const written = await bucket.write("a/large", large, { replaces: null, metadata: { big: "yes" } });
      assert.deepEqual([written.bytes, written.metadata], [large.length, { big: "yes" }]);
      assert.deepEqual(Buffer.compare((await bucket.read("a/large")) ?? new Uint8Array(), large), 0);
      large[5_000_000] = 1;
      await assert.rejects(bucket.write("a/large", large, { replaces: null }), refused("bucket-conflict"));
      counted();
    });

    it("says where it lies", async () => {
      assert.equal(await open().location(), "us-central1");
      counted();
    });

    it("names a bucket that does not exist, and the command that makes it", async () => {
      const bucket = open({ name: "no-such-bucket" });
      const isRefused = (error: unknown) => {
        refused("no-bucket", "gs://no-such-bucket")(error);
        const next = "gcloud storage buckets create gs://no-such-bucket --location us-central1";
        assert.equal((error as AppError).next, next);
        return true;
      };
      await assert.rejects(bucket.location(), isRefused);
      await assert.rejects(listed(bucket), isRefused);
      await assert.rejects(bucket.write("a/b", bytes("x"), { replaces: null }), isRefused);
      assert.equal(bucket.usage.retries, 0);
      counted();
    });

    for (const when of ["before", "after"] as const) {
      for (const status of [503, 429, "reset"] as const) {
        it(`repeats a request once that ended in ${status} ${when} it took effect, and nothing happens twice`, async () => {
          const bucket = open();
          const trouble = { when, status } as const;
          front.next(/^POST .*\/upload\//, trouble);
          const first = await bucket.write("a/b", bytes("first"), { replaces: null, metadata: { n: "1" } });
          front.next(/^POST .*\/upload\//, trouble, trouble);
          const second = await bucket.write("a/b", bytes("2"), { replaces: first.generation, metadata: { n: "2" } });
          assert.deepEqual(await open().stat("a/b"), second);
          front.next(/^GET .*alt=media/, trouble);
          assert.equal(textOf(await bucket.read("a/b", second.generation)), "2");
          front.next(/^GET .*prefix=/, trouble);
          assert.deepEqual(await listed(bucket), [second]);
          front.next(/^DELETE /, trouble);
          await bucket.remove("a/b", second.generation);
          assert.equal(await open().stat("a/b"), undefined);
          assert.deepEqual([bucket.usage.retries, bucket.usage.bytesUploaded, bucket.usage.bytesDownloaded], [6, 6, 1]);
          counted();
        });
      }
    }

    it("sends again what was torn on its way, and shows nobody a part of it", async () => {
      const bucket = open();
      front.next(/^POST .*\/upload\//, "torn-request");
      const whole = "whole ".repeat(20_000);
      await bucket.write("a/b", bytes(whole), { replaces: null });
      front.next(/alt=media/, "torn-answer", "damaged-answer");
      assert.equal(textOf(await bucket.read("a/b")), whole);
      assert.equal(bucket.usage.retries, 3);
      counted();
    });

    it("refuses bytes that are not those of their checksum, however often they come", async () => {
      const bucket = open();
      await bucket.write("a/b", bytes("original"), { replaces: null });
      front.trouble = ({ query }) => (query.get("alt") === "media" ? "damaged-answer" : undefined);
      await assert.rejects(bucket.read("a/b"), refused("bad-checksum", bucket.uri("a/b")));
      counted();
    });

    it("has the server refuse bytes that changed on their way", async () => {
      const bucket = open();
      front.next(/\/upload\//, "damaged-request");
      await assert.rejects(bucket.write("a/b", bytes("original"), { replaces: null }), AppError);
      assert.equal(await bucket.stat("a/b"), undefined);
      counted();
    });

    it("does not repeat what will be refused again", async () => {
      const bucket = open();
      for (const status of [400, 401, 403, 404]) {
        front.next(/./, { when: "before", status, reason: "other", message: "The specified bucket does not exist." });
        await assert.rejects(listed(bucket), AppError);
      }
      assert.deepEqual([bucket.usage.lists, bucket.usage.retries], [4, 0]);
      counted();
    });

    it("gives up after a while, and says what the matter was", async () => {
      const bucket = open();
      front.trouble = () => ({ when: "before", status: 503, message: "Backend Error" });
      await assert.rejects(bucket.stat("a/b"), refused("unavailable", "Backend Error"));
      assert.equal(bucket.usage.others, bucket.usage.retries + 1);
      assert.ok(bucket.usage.retries > 2);
      counted();
    });

    it("stops when it is told to: before a request, and between two", async () => {
      const bucket = open();
      const stopped = (error: unknown) => error instanceof AppError && error.code === "interrupted";
      await assert.rejects(bucket.write("a/b", bytes("x"), { replaces: null }, AbortSignal.abort()), stopped);
      await assert.rejects(bucket.read("a/b", undefined, AbortSignal.abort()), stopped);
      assert.equal(front.passed.length, 0);
      const controller = new AbortController();
      front.trouble = () => {
        controller.abort();
        return { when: "before", status: 503 };
      };
      await assert.rejects(bucket.stat("a/b", controller.signal), stopped);
      assert.equal(front.passed.length, 1);
    });

    for (const key of ["", "/", "../x", "a/../../x", ".", "./a", "/etc/passwd", "a//b", "a/", "a\\..\\b", "a\0b"]) {
      it(`refuses the key ${JSON.stringify(key)} without a request`, async () => {
        const bucket = open();
        const isRefused = refused("bad-key");
        await assert.rejects(bucket.write(key, bytes("x"), { replaces: null }), isRefused);
        await assert.rejects(bucket.read(key), isRefused);
        await assert.rejects(bucket.stat(key), isRefused);
        await assert.rejects(bucket.remove(key, "1"), isRefused);
        if (key !== "") await assert.rejects(keysOf(bucket, key), isRefused);
        assert.equal(front.passed.length, 0);
      });
    }
  });
}
