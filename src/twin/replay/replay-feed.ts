import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { UsageError } from "../../core/errors.ts";
import type { Interval, Period } from "../../core/interval.ts";
import { bytesOf, NO_ROWS } from "../answer.ts";
import type { Feed, Host, Listing, TwinHost, Window } from "../feed.ts";
import { type RecordedFile, recordedFile } from "./layout.ts";
import { type RecordedSeries, Recording, seriesKey } from "./recording.ts";
import { ReplayArchive } from "./replay-archive.ts";
import { csvRows, jsonRows, type RecordedRow } from "./rows.ts";
import { onlyMember } from "./zip.ts";

/** Recorded data as a venue: what the folder holds and nothing else. */
export class ReplayFeed implements Feed {
  readonly made = false;
  readonly archive: ReplayArchive;
  readonly #recordings = new Map<string, Recording>();
  readonly #symbols = new Map<Host, Set<string>>();
  readonly #times = new Map<TwinHost, number>();

  /**
   * Reads every recording of the folder.
   * @throws UsageError where there is none
   */
  constructor(folder: string) {
    const paths = filesOf(folder).map((path) => path.split(sep).join("/"));
    this.archive = new ReplayArchive(folder, paths);
    for (const path of paths) {
      const file = recordedFile(path);
      if (file) this.#read(join(folder, path), file);
    }
    if (this.#recordings.size > 0) return;
    throw new UsageError(
      "empty-replay",
      `--replay ${folder} holds no recording: it wants csv/…, json/binance_us/… or vision/data/… in it.`,
      "candlelake twin --help",
    );
  }

  /** Just after the last close of archive files; within the last candle of a captured body, so that it is open still. The archive goes by the latest of them. */
  serverTime(host: TwinHost): number | undefined {
    return this.#times.get(host) ?? Math.max(...this.#times.values());
  }

  listings(host: Host): readonly Listing[] {
    return [...(this.#symbols.get(host) ?? [])].map((symbol) => ({ symbol }));
  }

  knows(host: Host, symbol: string): boolean {
    return this.#symbols.get(host)?.has(symbol) ?? false;
  }

  klines(host: Host, symbol: string, interval: Interval, window: Window, now: number): Uint8Array {
    return this.#list({ host, kind: "klines", symbol, step: interval }, window, now);
  }

  funding(symbol: string, window: Window, now: number): Uint8Array {
    return this.#list({ host: "binance-futures", kind: "funding", symbol, step: "" }, window, now);
  }

  openInterest(symbol: string, period: Period, window: Window, now: number): Uint8Array {
    return this.#list({ host: "binance-futures", kind: "open-interest", symbol, step: period }, window, now);
  }

  #list(series: RecordedSeries, window: Window, now: number): Uint8Array {
    const recording = this.#recordings.get(seriesKey(series));
    return recording ? bytesOf(recording.list(window, now)) : NO_ROWS;
  }

  #read(path: string, file: RecordedFile): void {
    const bytes = readFileSync(path);
    const text = (file.format === "zip" ? onlyMember(bytes, path) : bytes).toString();
    const recording = this.#recordings.get(seriesKey(file)) ?? new Recording();
    let last: RecordedRow | undefined;
    for (const row of file.format === "json" ? jsonRows(text) : csvRows(text, file)) {
      recording.add(row.time, row.json);
      if (!last || row.end > last.end) last = row;
    }
    if (!last) return;
    this.#recordings.set(seriesKey(file), recording);
    this.#symbols.set(file.host, (this.#symbols.get(file.host) ?? new Set()).add(file.symbol));
    if (file.format === "json") recording.growing(last.time, last.end);
    const time = file.format === "json" ? last.time + 1 : last.end + 1;
    this.#times.set(file.host, Math.max(time, this.#times.get(file.host) ?? 0));
  }
}

/** @throws UsageError where the folder cannot be read */
function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError("bad-replay", `--replay ${folder}: ${why}.`, "candlelake twin --help", { cause: error });
  }
}
