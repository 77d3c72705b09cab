import { archiveKey } from "../core/archive-file.ts";
import { StoreError } from "../core/errors.ts";
import type { Goal, Target } from "../core/goal.ts";
import { countOpens } from "../core/interval.ts";
import { finalRange, seriesGrid } from "../core/partition.ts";
import { archiveFileOf } from "../core/route.ts";
import { seriesLabel } from "../core/series.ts";
import type { FetchStep, LoadStep, Step } from "../core/step.ts";
import { HOUR, monthOf, type TimeRange, timeOfDay } from "../core/time.ts";
import type { Room } from "../ports.ts";

/** What carrying out a plan takes, about. Known before anything is asked for. */
export interface Estimate {
  /** Archive files, and their bytes. */
  readonly files: number;
  readonly bytes: number;
  readonly rows: number;
  readonly requests: number;
  /** Bytes by which what is on the lake's disk grows: the lake, kept archive files, the warehouse's file. */
  readonly disk: number;
  /** What of it is the lake's, with kept archive files: without it nothing can be done. */
  readonly lake: number;
  /** Bytes that a load needs beside those for a while: it makes a copy of the warehouse's file. */
  readonly meanwhile: number;
  /** Bytes that are free; null where that is not known. */
  readonly free: number | null;
}

/** Bytes of a row in a ZIP of the archive: minutes of BTCUSDT take 46, quieter ones less. */
const ZIPPED_ROW = 46;
/** The same at the most: of files that are to stay rather too much is reckoned than too little. */
const KEPT_ROW = 58;
/** Bytes of a Parquet file without its rows, and of a row in it, measured on hours and minutes of BTCUSDT. */
const FILE = 3_000;
const STORED_ROW = 56;
/** A file takes whole blocks of the disk. */
const BLOCK = 4_096;
/** Bytes of a partition's entry in its manifest. */
const ENTRY = 600;
/** Bytes of a DuckDB file without rows, and of a row in it, measured on minutes of BTCUSDT. */
const DATABASE = 1_000_000;
const LOADED_ROW = 40;
/** The fewest rows that any endpoint answers a request with. */
const PAGE = 499;
/** Funding events a day, at most as often as is usual. */
const FUNDING_STEP = 4 * HOUR;

function rowsOf(target: Target, step: FetchStep): number {
  const range = finalRange(target.series, step.day, target.now, target.first);
  const grid = seriesGrid(target.series, target.first);
  return grid ? countOpens(grid, range) : Math.ceil((range.to - range.from) / FUNDING_STEP);
}

const contains = ({ from, to }: TimeRange, time: number): boolean => time >= from && time < to;

export function estimate(goal: Goal, steps: readonly Step[], room: Room): Estimate {
  const targets = Map.groupBy(goal.targets, ({ table, series }) => `${table} ${seriesLabel(series)}`);
  const files = new Set<string>();
  const loads = steps.filter((step) => step.action === "load" && !step.error) as LoadStep[];
  const months = new Set(loads.map(({ table, month }) => `${table}/${month}`));
  let [rows, bytes, restRows, restSteps] = [0, 0, 0, 0];
  let [lake, kept, loaded] = [0, 0, loads.reduce((sum, load) => sum + load.rows, 0)];
  for (const step of steps) {
    if (step.error || (step.action !== "fetch" && step.action !== "derive")) continue;
    const target = targets
      .get(`${step.table} ${seriesLabel(step.series)}`)
      ?.find(({ range }) => contains(range, timeOfDay(step.day)));
    // A derived day has as many rows as the candles' day that it is made of.
    const own = step.action === "fetch" && target ? rowsOf(target, step) : derivedRows(step.series, step.day);
    rows += own;
    lake += Math.ceil((FILE + own * STORED_ROW) / BLOCK) * BLOCK + ENTRY;
    if (months.has(`${step.table}/${monthOf(step.day)}`)) loaded += own;
    if (step.action !== "fetch") continue;
    if (step.route === "rest") {
      restRows += own;
      restSteps++;
    } else {
      const key = archiveKey(archiveFileOf(step.series, step.day, step.route));
      files.add(key);
      bytes += own * ZIPPED_ROW;
      if (room.keeps(key)) kept += own * KEPT_ROW;
    }
  }
  // Each file has a checksum beside it.
  const requests = 2 * files.size + (restSteps > 0 ? Math.ceil(restRows / PAGE) : 0);
  const isLoading = room.warehouse !== undefined && loads.length > 0;
  const warehouse = isLoading ? DATABASE + loaded * LOADED_ROW : 0;
  const meanwhile = isLoading ? (room.warehouse ?? 0) : 0;
  const all = { disk: lake + kept + warehouse, lake: lake + kept, meanwhile, free: room.free ?? null };
  return { files: files.size, bytes, rows, requests, ...all };
}

function derivedRows(series: FetchStep["series"], day: string): number {
  const grid = seriesGrid(series);
  const from = timeOfDay(day);
  return grid ? countOpens(grid, { from, to: from + 24 * HOUR }) : 0;
}

/** Bytes below which an estimate may be wrong by as much as a half: there the disk itself has the last word. */
const ROUGH = 2e6;

/** Whether the disk has room for what a plan takes; null where that is not known. */
export const fits = ({ disk, meanwhile, free }: Estimate): boolean | null =>
  free === null ? null : disk + meanwhile <= free;

/** Too little to try, as far as that can be told. */
const isLacking = (disk: number, meanwhile: number, free: number | null): boolean =>
  free !== null && (disk < ROUGH ? disk / 2 : disk) + meanwhile > free;

function tooLittle(what: string, needed: number, free: number | null, label: string): StoreError {
  const mega = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const room = `${label} has room for ${mega(free ?? 0)}, and ${what} about ${mega(needed)}`;
  return new StoreError("too-little-disk", `${room}. Make room, or ask for less.`, "candlelake clean");
}

/** Too little room for the lake is said before anything is fetched. @throws StoreError */
export function refuseWithoutRoom({ lake, free }: Estimate, label: string): void {
  if (isLacking(lake, 0, free)) throw tooLittle("this takes", lake, free, label);
}

/** The same steps, loads with the reason why they cannot be, where the disk has room for the lake at the most. */
export function withoutVainLoads(steps: readonly Step[], about: Estimate, label: string): readonly Step[] {
  const { disk, lake, meanwhile, free } = about;
  if (disk === lake || !isLacking(disk, meanwhile, free)) return steps;
  const error = tooLittle("with the load this takes", disk + meanwhile, free, label);
  return steps.map((step) => (step.action === "load" && !step.error ? { ...step, error } : step));
}
