import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type Body, BUCKET, objectPath, storageLab } from "../fakes/storage-lab.ts";

const lab = await storageLab();
after(() => lab[Symbol.asyncDispose]());
const { ask, put } = lab;

const NAMES = ["a", "a/1", "a/2", "a/b/1", "a/b/2", "a0", "b/", "b/1", "ä", "\u{ffee}", "\u{1f600}"];
for (const name of [...NAMES].reverse()) await put(name, name);

const list = async (query: string): Promise<Body> => (await ask("GET", `${BUCKET}/o?${query}`)).body;
const names = ({ items = [] }: Body) => items.map(({ name }) => name);

test("names come in the order of their bytes", async () => {
  // U+FFEE comes before U+1F600 in UTF-8, and after it in UTF-16.
  assert.deepEqual(names(await list("")), NAMES);
});

test("prefix, delimiter and offsets", async () => {
  const top = await list("delimiter=/");
  assert.deepEqual(
    [names(top), top.prefixes],
    [
      ["a", "a0", "ä", "\u{ffee}", "\u{1f600}"],
      ["a/", "b/"],
    ],
  );
  const within = await list("delimiter=/&prefix=a/");
  assert.deepEqual([names(within), within.prefixes], [["a/1", "a/2"], ["a/b/"]]);
  const trailing = await list("delimiter=/&includeTrailingDelimiter=true&prefix=b");
  assert.deepEqual([names(trailing), trailing.prefixes], [["b/"], ["b/"]]);
  assert.deepEqual(names(await list("startOffset=a/2&endOffset=a0")), ["a/2", "a/b/1", "a/b/2"]);
  assert.deepEqual(names(await list("prefix=a/&startOffset=a/b")), ["a/b/1", "a/b/2"]);
  const none = await list("prefix=zz");
  assert.deepEqual(none, { kind: "storage#objects" });
});

test("pages together are the whole list, whatever their size", async () => {
  for (const query of ["", "delimiter=/&", "prefix=a/&delimiter=/&", "delimiter=/&includeTrailingDelimiter=true&"]) {
    const whole = await list(query);
    for (let size = 1; size <= 4; size++) {
      const [items, prefixes]: [unknown[], string[]] = [[], []];
      let token = "";
      do {
        const page = await list(`${query}maxResults=${size}${token && `&pageToken=${encodeURIComponent(token)}`}`);
        const count = names(page).length + (page.prefixes ?? []).length;
        assert.ok(count >= 1 && count <= size);
        items.push(...names(page));
        prefixes.push(...(page.prefixes ?? []));
        token = page.nextPageToken ?? "";
      } while (token);
      assert.deepEqual([items, prefixes], [names(whole), whole.prefixes ?? []]);
    }
  }
  assert.equal((await ask("GET", `${BUCKET}/o?pageToken=x`)).status, 400);
  assert.equal((await ask("GET", `${BUCKET}/o?maxResults=x`)).status, 400);
});

test("a page holds a thousand, and Google's client asks for the rest", async () => {
  await using large = await storageLab();
  await Promise.all(Array.from({ length: 1_001 }, (_, i) => large.put(`many/${String(i).padStart(4, "0")}`, "")));
  const { body } = await large.ask("GET", `${BUCKET}/o?maxResults=5000`);
  assert.equal(body.items?.length, 1_000);
  const [files] = await large.client.bucket("demo-bucket").getFiles({ prefix: "many/" });
  assert.equal(files.length, 1_001);
  const pages = large.twin.requests.filter(({ method, path }) => method === "GET" && path === `${BUCKET}/o`);
  assert.equal(pages.length, 3);
});

test("only the fields that are asked for come", async () => {
  const page = await list("maxResults=1&fields=items/name,items(size),nextPageToken");
  assert.deepEqual(page.items, [{ name: "a", size: "1" }]);
  assert.deepEqual(Object.keys(page).sort(), ["items", "nextPageToken"]);
  const { body } = await ask("GET", `${objectPath("a")}?fields=name`);
  assert.deepEqual(body, { name: "a" });
  assert.equal((await ask("GET", `${objectPath("a")}?fields=name(`)).status, 400);
});
