import { createHash } from "node:crypto";

/** What a checksum's key has after that of its ZIP. */
export const CHECKSUM = ".CHECKSUM";

/** The ZIP that a checksum's key belongs to; undefined for another key. */
export const checkedKey = (key: string): string | undefined =>
  key.endsWith(`.zip${CHECKSUM}`) ? key.slice(0, -CHECKSUM.length) : undefined;

const nameOf = (key: string): string => key.slice(key.lastIndexOf("/") + 1);

/** As `sha256sum` writes it, but without a line feed at the end. */
export const checksumOf = (zip: Uint8Array, key: string): Buffer =>
  Buffer.from(checksumText(createHash("sha256").update(zip).digest("hex"), key));

/** @param key of the ZIP */
export const checksumText = (hash: string, key: string): string => `${hash}  ${nameOf(key)}`;

export const checksumSize = (key: string): number => checksumText("0".repeat(64), key).length;
