import { quarantineKey } from "../core/layout.ts";
import type { Entry } from "../core/manifest.ts";
import type { FetchStep } from "../core/step.ts";
import { iso } from "../core/time.ts";
import type { Refused } from "../market/check.ts";
import type { Lake } from "./lake.ts";

/** Keeps refused rows of a partition as evidence; null where there are none. @throws StoreError */
export async function quarantine(
  lake: Lake,
  step: FetchStep,
  refused: readonly Refused[],
): Promise<Entry["quarantined"]> {
  if (refused.length === 0) return null;
  const object = quarantineKey(step.table, step.series, step.day);
  const rows = refused.map((row) => JSON.stringify({ time: iso(row.time), reason: row.reason, row: row.evidence }));
  await lake.store.write(object, new TextEncoder().encode(`[\n${rows.join(",\n")}\n]\n`));
  return { rows: refused.length, object };
}

/** The rows that were refused of a stored partition; undefined where they are gone or others than the entry counts. */
export async function readQuarantine(lake: Lake, { quarantined }: Entry): Promise<readonly Refused[] | undefined> {
  if (!quarantined) return [];
  const bytes = await lake.store.read(quarantined.object);
  if (!bytes) return undefined;
  try {
    const rows: { time: string; reason: string; row: string }[] = JSON.parse(new TextDecoder().decode(bytes));
    const refused = rows.map(({ time, reason, row }) => ({ time: Date.parse(time), reason, evidence: row }));
    return refused.length === quarantined.rows ? refused : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}
