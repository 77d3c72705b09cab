import {
  type ArchiveFile,
  archiveFolder,
  archiveName,
  archiveRange,
  archiveStem,
  parseArchiveKey,
} from "../../core/archive-file.ts";
import { countOpens, gridOf, type Interval } from "../../core/interval.ts";
import { type Instrument, instrument, SYMBOLS } from "../../sources/synthetic/symbols.ts";
import type { Archive, Stored } from "./archive.ts";
import { CHECKSUM, checkedKey, checksumOf, checksumSize } from "./checksum.ts";
import { FileCache } from "./file-cache.ts";
import { madeCsv, type Rows } from "./made-csv.ts";
import { anyOut, filesOut, type Grain, isOut, publishedAt, seriesOf } from "./made-files.ts";
import { zipOf } from "./zip.ts";

const GRAINS = ["daily/", "monthly/"];
const TOP: ReadonlyMap<string, readonly string[]> = new Map([
  ["", ["data/"]],
  ["data/", ["futures/", "spot/"]],
  ["data/futures/", ["um/"]],
  ["data/futures/um/", GRAINS],
  ["data/spot/", GRAINS],
]);
const BELOW = /^data\/(?<market>spot|futures\/um)\/(?<grain>daily|monthly)\/(?:[^/]+\/(?:(?<symbol>[^/]+)\/)?)?/;

/** The made market as the bulk archive would have it. Files are made when they are asked for. */
export class MadeArchive implements Archive {
  readonly #rows: Rows;
  readonly #seed: number | undefined;
  readonly #cache = new FileCache();

  constructor(rows: Rows, seed: number | undefined) {
    this.#rows = rows;
    this.#seed = seed;
  }

  object(key: string, now: number): Stored | undefined {
    const checked = checkedKey(key);
    const zipKey = checked ?? key;
    const file = parseArchiveKey(zipKey, "binance");
    const of = file && instrument(file.series.market, file.series.symbol, this.#seed);
    if (!file || !of || !isOut(file, of, now)) return undefined;
    const modified = publishedAt(file);
    const zip = (): Uint8Array => this.#cache.get(zipKey, () => this.#make(file, of));
    return checked === undefined
      ? { size: sizeOf(file), modified, bytes: zip }
      : { size: checksumSize(zipKey), modified, bytes: () => checksumOf(zip(), zipKey) };
  }

  names(folder: string, now: number): readonly string[] {
    const groups = BELOW.exec(folder)?.groups;
    if (!groups) return TOP.get(folder) ?? [];
    const market = groups["market"] === "spot" ? "spot" : "um";
    const grain = groups["grain"] as Grain;
    const names = new Set<string>();
    for (const symbol of groups["symbol"] ? [groups["symbol"]] : SYMBOLS) {
      const of = instrument(market, symbol, this.#seed);
      for (const series of of ? seriesOf(market, symbol) : []) {
        const path = archiveFolder(series, grain);
        const name = path.slice(folder.length, path.indexOf("/", folder.length) + 1);
        if (!of || !path.startsWith(folder) || names.has(name) || !anyOut(series, grain, of, now)) continue;
        if (path === folder) {
          return filesOut(series, grain, of, now).flatMap((file) => [archiveName(file), archiveName(file) + CHECKSUM]);
        }
        names.add(name);
      }
    }
    return [...names].sort();
  }

  #make(file: ArchiveFile, of: Instrument): Uint8Array {
    const bytes = madeCsv(this.#rows, file, of.fundingHours, publishedAt(file));
    return zipOf([{ name: `${archiveStem(file)}.csv`, bytes }]);
  }
}

const KLINE_BYTES = 60;
const FUNDING_BYTES = 1_000;
const METRICS_BYTES = 10_000;

/** About what the ZIP has, from the number of its rows. */
function sizeOf({ series, span }: ArchiveFile): number {
  if (series.kind === "funding") return FUNDING_BYTES;
  if (series.kind === "open-interest") return METRICS_BYTES;
  return 200 + KLINE_BYTES * countOpens(gridOf(series.step as Interval), archiveRange({ series, span }));
}
