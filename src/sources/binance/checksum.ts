import { createHash } from "node:crypto";

/** `<64 hex digits><white space><name>`, as sha256sum writes it. */
const CHECKSUM = /^([0-9a-f]{64})\s+\*?(\S+)\s*$/i;

/** Bytes of a text beyond which it is no checksum of one file. */
const LONGEST = 1000;

/** What a checksum's file says; nothing of hash and name where it is none. */
export interface Checksum {
  readonly sha256: string | undefined;
  readonly name: string | undefined;
  readonly text: string;
}

export function readChecksum(bytes: Uint8Array): Checksum {
  const text = new TextDecoder().decode(bytes.subarray(0, LONGEST));
  const [, hash, name] = CHECKSUM.exec(text) ?? [];
  return { sha256: hash?.toLowerCase(), name, text };
}

export const checksumText = (hash: string, name: string): string => `${hash}  ${name}`;

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
