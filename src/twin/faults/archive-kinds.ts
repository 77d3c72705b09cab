import { crc32, deflateRawSync, constants as zlib } from "node:zlib";
import { bytesOf, type TwinAnswer } from "../answer.ts";
import { checksumText } from "../archive/checksum.ts";
import { noSuchKey } from "../archive/s3.ts";
import { type Member, packedZip, zipOf } from "../archive/zip.ts";
import { onlyMember } from "../replay/zip.ts";
import { type CsvFault, changeLines, conflict, duplicate, empty, hole, offGrid, otherMonth, unordered } from "./csv.ts";
import type { FaultKind } from "./kinds.ts";
import type { Strike } from "./refusals.ts";

/** `BTCUSDT-1m-2025-01.zip`. */
const nameIn = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** The member of a struck ZIP, under the name that it should have. */
const memberOf = ({ answer, path }: Strike): Member => ({
  name: nameIn(path).replace(/\.zip$/, ".csv"),
  bytes: onlyMember(Buffer.from(answer.body), path),
});

const zips = (doc: string, apply: (strike: Strike) => Uint8Array, argument?: string): FaultKind => ({
  scope: "zip",
  argument,
  doc,
  apply: (strike) => ({ ...strike.answer, body: apply(strike) }),
});

/** The same ZIP with other lines in it. */
const csv = (doc: string, fault: CsvFault, argument?: string): FaultKind =>
  zips(
    doc,
    (strike) => {
      const { name, bytes } = memberOf(strike);
      return zipOf([
        { name, bytes: bytesOf(changeLines(Buffer.from(bytes).toString(), strike.path, fault, strike.argument)) },
      ]);
    },
    argument,
  );

const checksums = (doc: string, apply: (strike: Strike) => TwinAnswer): FaultKind => ({
  scope: "checksum",
  argument: undefined,
  doc,
  apply,
});

const otherSymbol = (name: string): string =>
  name.replace(/^[^-]+/, (symbol) => (symbol === "ETHUSDT" ? "BTCUSDT" : "ETHUSDT"));

const MEGABYTE = 2 ** 20;
const BOMB = 1_024;

/** A gigabyte of zeros in a megabyte: one block that stands for itself, over and over. */
function bomb(strike: Strike, honest: boolean): Uint8Array {
  const { name, bytes } = memberOf(strike);
  const zeros = Buffer.alloc(MEGABYTE);
  const block = deflateRawSync(zeros, { finishFlush: zlib.Z_FULL_FLUSH });
  const blocks = Array.from({ length: BOMB }, () => block);
  const packed = Buffer.concat([...blocks, deflateRawSync(Buffer.alloc(0))]);
  if (!honest) return packedZip([{ name, packed, crc: crc32(bytes), size: bytes.byteLength }]);
  const crc = blocks.reduce((sum) => crc32(zeros, sum), 0);
  return packedZip([{ name, packed, crc, size: BOMB * MEGABYTE }]);
}

/** Faults of the archive's files, in the order in which they are put into one. */
export const ARCHIVE_KINDS: Readonly<Record<string, FaultKind>> = {
  "csv-empty": csv("no rows in the file; a header stays", empty),
  "csv-duplicate": csv("a row comes twice", duplicate),
  "csv-conflict": csv("a row comes twice, with two values", conflict),
  "csv-off-grid": csv("a row's time lies 20.799 s off", offGrid),
  "csv-hole": csv("rows in the middle are missing", hole, "rows that are missing (3)"),
  "csv-unordered": csv("the first and the last row change places", unordered),
  "csv-other-month": csv("all rows are of the month (or day) before", otherMonth),
  "csv-other-symbol": zips("the member is named for another symbol", (strike) => {
    const { name, bytes } = memberOf(strike);
    return zipOf([{ name: otherSymbol(name), bytes }]);
  }),
  "zip-path": zips("the member's name leads out of the folder", (strike) => {
    const { name, bytes } = memberOf(strike);
    return zipOf([{ name: `../${name}`, bytes }]);
  }),
  "zip-two": zips("a second member", (strike) => {
    const { name, bytes } = memberOf(strike);
    return zipOf([
      { name, bytes },
      { name: `copy-of-${name}`, bytes },
    ]);
  }),
  "zip-bomb": zips("the member unpacks to a gigabyte, and the ZIP says so", (strike) => bomb(strike, true)),
  "zip-lie": zips("the member unpacks to a gigabyte, and the ZIP says it does not", (strike) => bomb(strike, false)),
  "zip-cut": {
    ...zips("the first half of the ZIP", ({ answer: { body } }) => body.subarray(0, body.byteLength >> 1)),
    unsigned: true,
  },
  "bad-checksum": checksums("the checksum is of something else", ({ answer, path }) => ({
    ...answer,
    body: bytesOf(checksumText("0123456789abcdef".repeat(4), nameIn(path).replace(/\.CHECKSUM$/, ""))),
  })),
  "no-checksum": checksums("there is no checksum", ({ answer, path }) => {
    const missing = noSuchKey(path.split("/").slice(2).join("/"));
    return { ...missing, headers: { ...answer.headers, ...missing.headers } };
  }),
};
