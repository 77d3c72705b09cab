import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { didYouMean, nearest } from "../../src/core/suggest.ts";

const known = ["ingest", "load", "run", "status", "schema", "export"];

const meant: [word: string, guess: string | undefined][] = [
  ["ingset", "ingest"],
  ["injest", "ingest"],
  ["INGEST", "ingest"],
  ["laod", "load"],
  ["stauts", "status"],
  ["shcema", "schema"],
  ["exprot", "export"],
  ["rn", "run"],
  ["fetch", undefined],
  ["download", undefined],
  ["", undefined],
];
for (const [word, guess] of meant) {
  test(`${JSON.stringify(word)} ${guess ? `probably means ${guess}` : "means none of them"}`, () => {
    assert.equal(nearest(word, known), guess);
  });
}

test("a known word is its own nearest", () => {
  fc.assert(fc.property(fc.constantFrom(...known), (word) => assert.equal(nearest(word, known), word)));
});

test("one slip of the finger is always understood, where nothing else is as near", () => {
  const slip = fc
    .tuple(fc.constantFrom("ingest", "status", "schema", "export"), fc.nat(), fc.constantFrom("drop", "swap", "double"))
    .map(([word, place, kind]) => {
      const i = place % (word.length - 1);
      if (kind === "drop") return { word, typed: word.slice(0, i) + word.slice(i + 1) };
      if (kind === "double") return { word, typed: word.slice(0, i) + word[i] + word.slice(i) };
      return { word, typed: word.slice(0, i) + word[i + 1] + word[i] + word.slice(i + 2) };
    });
  fc.assert(fc.property(slip, ({ word, typed }) => assert.equal(nearest(typed, known), word)));
});

test("a sentence ends with the question, or without one", () => {
  assert.equal(didYouMean("laod", known), "; did you mean load?");
  assert.equal(didYouMean("laod", known, "--"), "; did you mean --load?");
  assert.equal(didYouMean("xyzzy", known), ".");
});
