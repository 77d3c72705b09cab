import * as path from "node:path";
import { type Config, DEFAULT_ENDPOINTS } from "../../src/config.ts";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import { openPorts, SILENT } from "../../src/open.ts";
import { Engine, type Request } from "../../src/pipeline/engine.ts";
import type { Clock, Ports } from "../../src/ports.ts";
import { DISK, type Disk } from "../../src/stores/disk.ts";
import { wish } from "./lab.ts";
import { ModelVenue } from "./model-venue.ts";

/** A run over real files and a real DuckDB file, the venue in memory, time standing still. */
export interface Rehearsal {
  /** The lake's folder, the warehouse in it. */
  readonly data: string;
  /** Hours since the first day began at which the venue's clock stands. */
  readonly hours: number;
  /** Of the rows from 16:00 of the first day on; another number, other values. */
  readonly version: number;
}

const START = Date.UTC(2025, 0, 30);

const REQUEST: Request = {
  wishes: [
    wish("spot", START, undefined, { interval: "4h" }),
    wish("futures", START, undefined, { interval: "4h", period: "4h" }),
  ],
  load: { topic: undefined, range: undefined },
};

const configOf = (data: string): Config => ({
  data,
  warehouse: `duckdb:${path.join(data, "candlelake.duckdb")}`,
  synthetic: false,
  endpoints: DEFAULT_ENDPOINTS,
  series: [],
});

/** Real ports, but for the venue and the clock. */
export function rehearsalPorts(it: Rehearsal, disk: Disk = DISK, onStep: (step: string) => void = () => {}): Ports {
  const venue = new ModelVenue(START - 20 * DAY, START + it.hours * HOUR + MINUTE);
  venue.quirks = { version: (_, time) => (time >= START + 16 * HOUR ? it.version : 0) };
  const clock: Clock = { now: () => venue.time, sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) };
  return { ...openPorts(configOf(it.data), SILENT, { clock, disk, onStep }), source: async () => venue };
}

/** Ingests, derives and loads. @throws what ended it, also where a step failed */
export async function rehearse(it: Rehearsal, ports = rehearsalPorts(it)): Promise<void> {
  const engine = new Engine(ports);
  const { outcomes, fatal } = await engine.apply(REQUEST, "candlelake run");
  await engine.close();
  const bad = outcomes.find((outcome) => outcome.error);
  if (fatal ?? bad) throw new Error(fatal?.message ?? bad?.error?.message);
}
