import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import type { LedgerRow, LoadUnit } from "../../src/ports/warehouse.ts";
import type { BigQueryTwinOptions } from "../../src/twin/google/bigquery/bigquery.ts";
import type { BigQueryOptions, BigQueryWarehouse } from "../../src/warehouses/bigquery.ts";
import { rowsOf } from "../contract/warehouse.ts";
import { TestLake } from "../contract/warehouse-lake.ts";
import { openBigQuery } from "./bigquery.ts";
import { jobsOf, startBigQuery } from "./google-front.ts";

export interface Scene {
  readonly front: Awaited<ReturnType<typeof startBigQuery>>;
  readonly lake: TestLake;
  open(options?: Partial<BigQueryOptions>): BigQueryWarehouse;
  /** One request to the stand-in, past the warehouse. */
  ask(method: string, path: string, body?: object): Promise<unknown>;
}

/** A test over a stand-in of its own. */
export function scene(
  title: string,
  run: (scene: Scene) => Promise<void>,
  options: Partial<BigQueryTwinOptions> = {},
): void {
  test(title, async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "candlelake-bigquery-"));
    await using front = await startBigQuery(options);
    try {
      await run({
        front,
        lake: new TestLake(folder, front.bucket),
        open: (more) => openBigQuery(front, more),
        async ask(method, at, body) {
          const url = `${front.endpoint}/bigquery/v2/projects/demo/${at}`;
          const answer = await fetch(url, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
          const text = await answer.text();
          assert.ok(answer.ok, `${method} ${at}: ${text}`);
          return text === "" ? {} : JSON.parse(text);
        },
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

/** The units that a plan would load: those of which the ledger says something else, or of which it cannot be believed. */
export function pending(units: readonly LoadUnit[], ledger: readonly LedgerRow[]): LoadUnit[] {
  return units.filter(({ table, month, series }) => {
    const rows = ledger.filter((row) => row.table === table.name && row.month === month);
    const text = (all: readonly { series: string; content: string }[]) =>
      all
        .map((one) => `${one.series} ${one.content}`)
        .sort()
        .join();
    return text(rows) !== text(series) || rows.some((row) => row.isChanged);
  });
}

/** Loads like a run does: what the ledger lacks. */
export async function catchUp(warehouse: BigQueryWarehouse, units: readonly LoadUnit[]): Promise<string[]> {
  const told: string[] = [];
  await warehouse.load(pending(units, await warehouse.ledger()), (unit) => told.push(unit.month));
  return told;
}

/** Months with their rows, and the ledger's word of them. */
export async function stateOf(warehouse: BigQueryWarehouse): Promise<unknown> {
  const rows = await rowsOf(
    warehouse,
    "SELECT open_time, symbol, close FROM spot_klines ORDER BY open_time, symbol, close",
  );
  const ledger = (await warehouse.ledger()).map(({ month, series, content, rows: count }) => [
    month,
    series,
    content,
    count,
  ]);
  return { rows, ledger };
}

/** Jobs that succeeded in writing to each partition or table. */
export async function writesOf(front: { readonly endpoint: string }): Promise<Record<string, number>> {
  const writes: Record<string, number> = {};
  for (const { kind, destination, reason } of await jobsOf(front)) {
    if (kind === "QUERY" || reason !== undefined) continue;
    writes[destination] = (writes[destination] ?? 0) + 1;
  }
  return writes;
}
