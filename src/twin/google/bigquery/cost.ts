import type { StoredTable } from "./catalog.ts";
import type { Duck } from "./duck.ts";
import { Failure } from "./failure.ts";
import { sizeOf } from "./placement.ts";
import type { Token } from "./tokens.ts";

const MB = 1 << 20;
/** Billed at least, a table. Source: BigQuery's price list. */
const LEAST = 10 * MB;

export interface Cost {
  readonly processed: number;
  readonly billed: number;
}

/** Bytes of the columns that a text names, in all the rows of its tables: partitions are not told apart. */
export async function costOf(duck: Duck, tokens: readonly Token[], tables: Iterable<StoredTable>): Promise<Cost> {
  const words = new Set(tokens.map(({ kind, text, value }) => (kind === "quoted" ? value : text).toLowerCase()));
  const all = tokens.some(({ value }, at) => value === "*" && isEverything(tokens[at - 1]?.value));
  let processed = 0;
  let billed = 0;
  for (const { rows, fields } of tables) {
    const named = fields.filter(({ name }) => all || words.has(name.toLowerCase()));
    if (named.length === 0) continue;
    const bytes = await duck.count(`SELECT ${named.map(sizeOf).join(" + ")} FROM ${rows}`);
    processed += bytes;
    billed += Math.max(LEAST, Math.ceil(bytes / MB) * MB);
  }
  return { processed, billed };
}

/** Whether a star stands for all columns: not in `count(*)`, nor for a product. */
const isEverything = (before = ""): boolean => ["SELECT", ",", ".", "DISTINCT", "ALL"].includes(before);

/** @throws Failure where a query may not cost as much */
export function checkLimit({ billed }: Cost, most: number | undefined): void {
  if (most === undefined || billed <= most) return;
  throw new Failure(
    "bytesBilledLimitExceeded",
    `Query exceeded limit for bytes billed: ${most}. ${billed} or higher required.`,
  );
}
