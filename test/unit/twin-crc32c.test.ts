import assert from "node:assert/strict";
import { test } from "node:test";
import { CRC32C } from "@google-cloud/storage";
import fc from "fast-check";
import { crc32c } from "../../src/twin/google/storage/crc32c.ts";

test("checksums of the stand-in are those of Google's client, for any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const theirs = new CRC32C();
      theirs.update(Buffer.from(bytes));
      assert.equal(crc32c(bytes), theirs.toString());
    }),
  );
});
