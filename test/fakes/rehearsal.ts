import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import { Engine } from "../../src/pipeline/engine.ts";
import type { Ports } from "../../src/ports.ts";
import { DISK, type Disk } from "../../src/stores/disk.ts";
import { wish } from "./lab.ts";
import { ModelVenue } from "./model-venue.ts";
import { loading, realPorts } from "./real-lab.ts";

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

const REQUEST = loading(
  wish("spot", START, undefined, { interval: "4h" }),
  wish("futures", START, undefined, { interval: "4h", period: "4h" }),
);

/** Real ports, but for the venue and the clock. */
export function rehearsalPorts(it: Rehearsal, disk: Disk = DISK, onStep: (step: string) => void = () => {}): Ports {
  const venue = new ModelVenue(START - 20 * DAY, START + it.hours * HOUR + MINUTE);
  venue.quirks = { version: (_, time) => (time >= START + 16 * HOUR ? it.version : 0) };
  return realPorts(it.data, venue, { disk, onStep });
}

/** Ingests, derives and loads. @throws what ended it, also where a step failed */
export async function rehearse(it: Rehearsal, ports = rehearsalPorts(it)): Promise<void> {
  const engine = new Engine(ports);
  const { outcomes, fatal } = await engine.apply(REQUEST, "candlelake run");
  await engine.close();
  const bad = outcomes.find((outcome) => outcome.error);
  if (fatal ?? bad) throw new Error(fatal?.message ?? bad?.error?.message);
}
