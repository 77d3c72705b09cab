import { createHash } from "node:crypto";
import { concat, numbers } from "../../src/core/batch.ts";
import type { Goal, Target } from "../../src/core/goal.ts";
import { plan } from "../../src/core/plan.ts";
import { type Series, seriesLabel } from "../../src/core/series.ts";
import type { Step } from "../../src/core/step.ts";
import type { Table } from "../../src/core/table.ts";
import { TABLES } from "../../src/market/tables.ts";
import { type Applied, Apply } from "../../src/pipeline/apply.ts";
import { Engine, type Request } from "../../src/pipeline/engine.ts";
import { readGoal } from "../../src/pipeline/goal.ts";
import { Lake } from "../../src/pipeline/lake.ts";
import { refine } from "../../src/pipeline/refine.ts";
import { LakeState } from "../../src/pipeline/state.ts";
import type { Wish } from "../../src/pipeline/wish.ts";
import type { ObjectStore, Ports } from "../../src/ports.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import type { ModelVenue } from "./model-venue.ts";

/** Everything that the pipeline needs, over a model venue; there is no warehouse. */
export function modelPorts(venue: ModelVenue, store: ObjectStore): Ports {
  const absent = (what: string) => async (): Promise<never> => {
    throw new Error(`there is no ${what} here`);
  };
  return {
    clock: { now: () => venue.time, async sleep() {} },
    log: { info() {}, warn() {}, debug() {} },
    synthetic: false,
    store,
    room: () => ({ free: undefined, keeps: () => false, warehouse: undefined }),
    lock: async () => ({ async release() {} }),
    source: async () => venue,
    archive: async () => undefined,
    bucket: async () => undefined,
    refine: async (job) => refine(job),
    prepare() {},
    warehouse: absent("warehouse"),
    lakeSql: absent("lake SQL"),
    usage: () => venue.usage,
    cloud: () => ({ bucket: undefined, warehouse: undefined }),
    async close() {},
  };
}

export const wish = (topic: Wish["topic"], from: number, to: number | undefined, rest: Partial<Wish> = {}): Wish => ({
  topic,
  venue: topic === "spot" ? "binance-us" : "binance",
  symbol: "BTCUSDT",
  interval: "1h",
  period: "1h",
  from,
  to,
  force: false,
  choice: "auto",
  ...rest,
});

export const request = (...wishes: readonly Wish[]): Request => ({ wishes, load: null });

/** A lake in memory beside a model venue. */
export class Lab {
  readonly venue: ModelVenue;
  readonly store: MemoryStore;
  readonly engine: Engine;

  constructor(venue: ModelVenue, store = new MemoryStore()) {
    this.venue = venue;
    this.store = store;
    this.engine = new Engine(modelPorts(venue, store));
  }

  async run(...wishes: readonly Wish[]): Promise<Applied> {
    return this.engine.apply(request(...wishes), "test");
  }

  async steps(...wishes: readonly Wish[]): Promise<readonly Step[]> {
    return (await this.engine.plan(request(...wishes))).steps;
  }

  /** Carries out only those steps of the plan that `pick` chooses, as a run does that ends early. */
  async runSome(wishes: readonly Wish[], pick: (steps: readonly Step[]) => readonly Step[]): Promise<void> {
    const ports = modelPorts(this.venue, this.store);
    const lake = new Lake(this.store, false);
    const { goal } = await readGoal(wishes, lake, ports);
    const state = new LakeState(lake, []);
    await state.open(goal);
    const source = (_: Target) => ports.source("binance", "um");
    const apply = new Apply(
      goal as Goal,
      lake,
      state,
      { ...ports, source, archive: async () => undefined, comparesKept: false },
      () => undefined,
    );
    const { fatal } = await apply.run(pick(plan(goal, state)));
    if (fatal) throw fatal;
  }

  /** The lake's manifests as text and its other objects as hashes, so that a difference can be read. */
  contents(change: (text: string) => string = (text) => text): Record<string, string> {
    const objects = [...this.store.objects].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(
      objects.map(([key, bytes]) => {
        const buffer = Buffer.from(bytes);
        return [
          key,
          key.endsWith(".json") ? change(buffer.toString("utf8")) : createHash("sha256").update(buffer).digest("hex"),
        ];
      }),
    );
  }

  /** Event times (ms) of every stored row, by table and series. */
  async times(): Promise<Map<string, number[]>> {
    const all = new Map<string, number[]>();
    for (const table of TABLES) {
      for await (const { series, batch } of this.engine.read(table)) {
        const name = `${table.name} ${seriesLabel(series)}`;
        const times = numbers(batch, table.eventTime).values;
        all.set(name, [...(all.get(name) ?? []), ...Array.from(times, (time) => time / 1000)]);
      }
    }
    return all;
  }

  /** All rows of a series. */
  async rows(table: Table, series: Series) {
    const batches = [];
    for await (const part of this.engine.read(table, { series: (one) => seriesLabel(one) === seriesLabel(series) })) {
      batches.push(part.batch);
    }
    return concat(table, batches);
  }
}

/** What of a manifest depends on when it was read, taken out of its text. */
export const timeless = (text: string): string =>
  text.replace(/"asOf":"[^"]*"/g, '"asOf":""').replace(/,"revisions":\[[^\]]*\]/g, "");
