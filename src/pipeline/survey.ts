import type { AppError } from "../core/errors.ts";
import { TABLES } from "../market/tables.ts";
import type { Ports } from "../ports.ts";
import { changedMonths } from "./changed.ts";
import { loadedTables } from "./copies.ts";
import { type Foreign, foreigners } from "./foreign.ts";
import { type GoneMonth, goneMonths, type TableMonth } from "./gone.ts";
import type { Lake } from "./lake.ts";
import { LakeState } from "./state.ts";
import { type SeriesStatus, statusOf } from "./status.ts";

/** Everything that is known without asking a venue. */
export interface Survey {
  readonly series: readonly SeriesStatus[];
  readonly foreign: readonly Foreign[];
  /** What the warehouse has and the lake no longer. */
  readonly gone: readonly GoneMonth[];
  /** Why nothing is loaded into tables of the warehouse that are none of ours. */
  readonly foreignTables: readonly AppError[];
  /** What the warehouse has otherwise than loads brought it. */
  readonly changed: readonly TableMonth[];
}

/** Looks at all series, and at what is none of the lake's: a bucket is listed once for all of it. @throws StoreError */
export async function surveyOf(lake: Lake, ports: Pick<Ports, "warehouse">): Promise<Survey> {
  const objects = (await lake.remote?.listAll()) ?? [];
  const shelves = (await Promise.all(TABLES.map((table) => lake.shelves(table.name)))).flat();
  const warehouse = await ports.warehouse();
  const ledger = await warehouse.ledger();
  const series: SeriesStatus[] = [];
  for (const shelf of shelves) series.push(await statusOf(lake, shelf, ledger));
  const state = new LakeState(lake, ledger);
  const gone = await goneMonths(lake, state, warehouse, ledger, loadedTables(undefined));
  const foreign = lake.remote ? foreigners(lake.remote, objects) : [];
  const foreignTables = [...warehouse.foreign.values()];
  return { series, foreign, foreignTables, gone, changed: await changedMonths(state, ledger, warehouse.strangers) };
}
