import assert from "node:assert/strict";
import { test } from "node:test";
import { CRC32C } from "@google-cloud/storage";
import fc from "fast-check";
import { crc32c } from "../../src/core/crc32c.ts";

const hex = (base64: string): string => Buffer.from(base64, "base64").toString("hex");
const filled = (of: (i: number) => number): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => of(i));

test("CRC-32C of the vectors of RFC 3720, appendix B.4", () => {
  assert.equal(hex(crc32c(filled(() => 0))), "8a9136aa");
  assert.equal(hex(crc32c(filled(() => 0xff))), "62a8ab43");
  assert.equal(hex(crc32c(filled((i) => i))), "46dd794e");
  assert.equal(hex(crc32c(filled((i) => 31 - i))), "113fdb5c");
  assert.equal(hex(crc32c(Buffer.from("123456789"))), "e3069283");
});

test("CRC-32C agrees with Google's own, of any bytes anywhere in memory", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(9), (bytes, from) => {
      const part = bytes.subarray(from);
      const theirs = new CRC32C();
      theirs.update(Buffer.from(part));
      assert.equal(crc32c(part), theirs.toString());
    }),
  );
});
