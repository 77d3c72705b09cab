import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { DataError, throwIfAborted } from "../../core/errors.ts";
import type { LoadObject, LoadUnit } from "../../ports/warehouse.ts";

/** The command that fetches or derives again what is not as it was recorded. */
const MEND = "candlelake run";

const buffer = Buffer.alloc(256 << 10);

/** Hash of a file's bytes, a piece at a time. Synchronous: a unit has dozens of small files, and a turn of the loop costs more than reading one. */
function sha256(file: string): string {
  const hash = createHash("sha256");
  const handle = openSync(file, "r");
  try {
    for (;;) {
      const bytes = readSync(handle, buffer, 0, buffer.length, null);
      if (bytes === 0) return hash.digest("hex");
      hash.update(buffer.subarray(0, bytes));
    }
  } finally {
    closeSync(handle);
  }
}

function verify({ path, key, sha256: expected }: LoadObject): void {
  let found: string;
  try {
    found = sha256(path);
  } catch (error) {
    const why = error instanceof Error && "code" in error && error.code === "ENOENT" ? "is missing" : "cannot be read";
    throw new DataError("object-missing", `${key} ${why}, though its manifest names it.`, MEND, { cause: error });
  }
  if (found === expected) return;
  throw new DataError("object-changed", `${key} is not what its manifest says: its SHA-256 is ${found}.`, MEND);
}

/**
 * Compares every object of a unit with its manifest's hash.
 * @throws DataError `object-missing`, `object-changed`
 */
export async function verifyUnit(unit: LoadUnit, signal?: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  for (const object of unit.objects) verify(object);
  await setImmediate();
}
