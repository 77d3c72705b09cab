import * as path from "node:path";
import type { Config } from "../../src/config.ts";
import { DEFAULT_ENDPOINTS } from "../../src/endpoints.ts";
import { openPorts, type Seams, SILENT } from "../../src/open.ts";
import type { Applied } from "../../src/pipeline/apply.ts";
import { Engine, type Request } from "../../src/pipeline/engine.ts";
import type { Wish } from "../../src/pipeline/wish.ts";
import type { QueryResult } from "../../src/ports/warehouse.ts";
import type { Clock, Ports } from "../../src/ports.ts";
import type { ModelVenue } from "./model-venue.ts";

export const configOf = (data: string, rest: Partial<Config> = {}): Config => ({
  data,
  warehouse: `duckdb:${path.join(data, "candlelake.duckdb")}`,
  bigquery: undefined,
  bucket: undefined,
  project: undefined,
  synthetic: false,
  endpoints: DEFAULT_ENDPOINTS,
  keepArchives: undefined,
  series: [],
  ...rest,
});

/** Real files and a real DuckDB file; the venue is a model, and the clock is its own. */
export function realPorts(data: string, venue: ModelVenue, seams: Omit<Seams, "clock"> = {}): Ports {
  const clock: Clock = { now: () => venue.time, sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) };
  return {
    ...openPorts(configOf(data), SILENT, { ...seams, clock }),
    source: async () => venue,
    archive: async () => undefined,
  };
}

export const loading = (...wishes: readonly Wish[]): Request => ({
  wishes,
  load: { topic: undefined, range: undefined },
});

export async function rowsOf({ columns, batches }: QueryResult): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  for await (const batch of batches) {
    for (const row of batch) rows.push(Object.fromEntries(columns.map((column, i) => [column.name, row[i]])));
  }
  return rows;
}

/** A lake on disk with its warehouse, beside a model venue. */
export class RealLab implements AsyncDisposable {
  readonly data: string;
  readonly venue: ModelVenue;
  readonly engine: Engine;

  constructor(data: string, venue: ModelVenue, seams: Omit<Seams, "clock"> = {}) {
    this.data = data;
    this.venue = venue;
    this.engine = new Engine(realPorts(data, venue, seams));
  }

  /** Ingests and loads. */
  run(...wishes: readonly Wish[]): Promise<Applied> {
    return this.engine.apply(loading(...wishes), "candlelake run");
  }

  /** Rows of the warehouse. */
  async query(sql: string): Promise<Record<string, unknown>[]> {
    return rowsOf(await this.engine.query(sql));
  }

  /** Rows of the lake's files. */
  async queryLake(sql: string): Promise<Record<string, unknown>[]> {
    return rowsOf(await this.engine.queryLake(sql));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.close();
  }
}
