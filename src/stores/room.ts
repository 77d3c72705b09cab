import * as fs from "node:fs";
import type { Room } from "../ports.ts";
import { standing } from "./disk.ts";
import type { FileStore } from "./file.ts";

/** The disk that a path is on, or will be. */
const diskOf = (place: string): number | undefined => fs.statSync(standing(place), { throwIfNoEntry: false })?.dev;

/**
 * Looks at the disk that the lake is on, and at who else writes there.
 * @param kept where archive files are kept, if they are
 * @param warehouse the warehouse's file, where it has one
 */
export function roomOf(
  root: string,
  store: FileStore,
  kept: FileStore | undefined,
  warehouse: string | undefined,
): Room {
  const disk = diskOf(root);
  const isThere = (place: string): boolean => diskOf(place) === disk;
  const keeps = kept !== undefined && isThere(kept.label);
  return {
    free: store.free(),
    keeps: (key) => keeps && kept.size(key) === undefined,
    warehouse:
      warehouse !== undefined && isThere(warehouse)
        ? (fs.statSync(warehouse, { throwIfNoEntry: false })?.size ?? 0)
        : undefined,
  };
}
