import { readFileSync } from "node:fs";
import { join } from "node:path";
import { archiveBeginning } from "../../core/archive-calendar.ts";
import { type ArchiveFile, archiveKey, archiveStem, isMonthly } from "../../core/archive-file.ts";
import { INTERVALS } from "../../core/interval.ts";
import { dayRange, monthRange } from "../../core/time.ts";
import type { Archive, Stored } from "../archive/archive.ts";
import { CHECKSUM, checksumOf } from "../archive/checksum.ts";
import { headerOf } from "../archive/csv-format.ts";
import { FileCache } from "../archive/file-cache.ts";
import { zipOf } from "../archive/zip.ts";
import { type RecordedFile, recordedFile } from "./layout.ts";
import { monthsIn } from "./months.ts";

interface Entry {
  /** When the file's month or day is over, in milliseconds: nobody recorded when it was published. */
  readonly over: number;
  bytes(): Uint8Array;
}

const GENUINE = /^vision\/(data\/.*\.zip(?:\.CHECKSUM)?)$/;
const SPAN = /-(\d{4}-\d{2}(?:-\d{2})?)\.(?:zip|csv)/;

/**
 * The archive out of recordings: genuine files as they are, and CSV of whole months or days packed again. The folder is
 * looked through when something is asked for the first time.
 */
export class ReplayArchive implements Archive {
  readonly #folder: string;
  readonly #paths: readonly string[];
  readonly #cache = new FileCache();
  #entries: ReadonlyMap<string, Entry> | undefined;

  /** @param paths files of the folder, relative to it, with slashes */
  constructor(folder: string, paths: readonly string[]) {
    this.#folder = folder;
    this.#paths = paths;
  }

  object(key: string, now: number): Stored | undefined {
    const entry = this.#index().get(key);
    if (!entry || entry.over > now) return undefined;
    return {
      get size() {
        return entry.bytes().byteLength;
      },
      modified: entry.over,
      bytes: entry.bytes,
    };
  }

  names(folder: string, now: number): readonly string[] {
    const names = new Set<string>();
    for (const [key, { over }] of this.#index()) {
      if (!key.startsWith(folder) || over > now) continue;
      const slash = key.indexOf("/", folder.length);
      names.add(slash < 0 ? key.slice(folder.length) : key.slice(folder.length, slash + 1));
    }
    return [...names].sort();
  }

  #index(): ReadonlyMap<string, Entry> {
    this.#entries ??= new Map(this.#found());
    return this.#entries;
  }

  /** Of two files with one key the later one counts: a genuine one before a month, and that before a part of many. */
  *#found(): Generator<[key: string, Entry]> {
    const files = this.#paths.flatMap((path) => {
      const file = recordedFile(path);
      return file?.format === "csv" && file.kind !== "open-interest"
        ? [{ path, file, span: SPAN.exec(path)?.[1] }]
        : [];
    });
    for (const { path, file, span } of files) {
      if (span !== undefined) continue;
      for (const [month, lines] of monthsIn(this.#read(path).toString(), file)) {
        const of = archiveFile(file, month);
        if (of) yield* this.#packed(of, () => Buffer.from(headerOf(of) + lines));
      }
    }
    for (const { path, file, span } of files) {
      const of = span === undefined ? undefined : archiveFile(file, span);
      if (of) yield* this.#packed(of, () => this.#read(path));
    }
    for (const path of this.#paths) {
      const key = GENUINE.exec(path)?.[1];
      if (key) yield [key, { over: overAt(SPAN.exec(key)?.[1]), bytes: () => this.#read(path) }];
    }
  }

  *#packed(file: ArchiveFile, content: () => Uint8Array): Generator<[key: string, Entry]> {
    const key = archiveKey(file);
    const over = overAt(file.span);
    const zip = (): Uint8Array =>
      this.#cache.get(key, () => zipOf([{ name: `${archiveStem(file)}.csv`, bytes: content() }]));
    yield [key, { over, bytes: zip }];
    yield [key + CHECKSUM, { over, bytes: () => checksumOf(zip(), key) }];
  }

  #read(path: string): Buffer {
    return readFileSync(join(this.#folder, path));
  }
}

/** Milliseconds; what has no month or day in its name always was there. */
function overAt(span: string | undefined): number {
  if (span === undefined) return 0;
  return span.length === 7 ? monthRange(span).to : dayRange(span).to;
}

/** What a recording of a month or day would be in the archive; undefined where the archive has no such thing. */
function archiveFile({ host, kind, symbol, step }: RecordedFile, span: string): ArchiveFile | undefined {
  const interval = INTERVALS.find((known) => known === step);
  if (kind === "klines" && !interval) return undefined;
  const market = host === "binance-futures" ? "um" : "spot";
  const file: ArchiveFile = { series: { kind, venue: "binance", market, symbol, step: interval }, span };
  return archiveBeginning(file.series)[isMonthly(file) ? "monthly" : "daily"] === undefined ? undefined : file;
}
