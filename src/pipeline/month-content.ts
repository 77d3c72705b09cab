import { createHash } from "node:crypto";
import type { Entry } from "../core/manifest.ts";
import type { Day } from "../core/time.ts";

/** Content hash and rows of a series' month, or of some of its days: what the ledger compares. */
export function contentOf(entries: readonly (readonly [Day, Entry])[]): { content: string; rows: number } {
  const hash = createHash("sha256");
  let rows = 0;
  for (const [day, entry] of entries) {
    if (entry.rows === 0) continue;
    hash.update(`${day} ${entry.content}\n`);
    rows += entry.rows;
  }
  return { content: hash.digest("hex"), rows };
}
