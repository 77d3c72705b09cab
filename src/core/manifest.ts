import { DataError } from "./errors.ts";
import type { Gap, GapClass } from "./gap.ts";
import { FORMAT_VERSION, manifestKey, objectKey, quarantineKey } from "./layout.ts";
import type { Series } from "./series.ts";
import type { TableName } from "./table.ts";
import { type Day, dayRange, iso, type Month, monthOf, type TimeRange } from "./time.ts";

/** Something worth knowing that changes no verdict: `zero-volume`, `short-close`, `duplicate`, `unordered`. */
export interface Note {
  readonly kind: string;
  readonly count: number;
}

/** What was replaced, when the venue corrected itself. */
export interface Revision {
  readonly content: string;
  readonly sha256: string | null;
  readonly rows: number;
  readonly asOf: number;
}

/** The record of one partition. Times are milliseconds. */
export interface Entry {
  /** The object's key relative to the lake's root; null where the partition has no rows. */
  readonly object: string | null;
  /** Of the object's bytes. */
  readonly sha256: string | null;
  /** Of the rows without `source`. */
  readonly content: string;
  readonly bytes: number;
  readonly rows: number;
  /** Event times of the first and last row. */
  readonly span: readonly [number, number] | null;
  readonly gaps: readonly Gap[];
  readonly notes: readonly Note[];
  /** Rows that were refused, and the file that keeps them. */
  readonly quarantined: { readonly rows: number; readonly object: string } | null;
  /** For a derived partition: content hashes of what it was made of, `""` where there was nothing. */
  readonly inputs: Readonly<Record<string, string>> | null;
  readonly source: string;
  readonly host: string;
  /** The venue's time at which the rows were read; for a derived partition the latest of its inputs. */
  readonly asOf: number;
  readonly revisions: readonly Revision[];
}

/** The record of one table, series and calendar month. */
export interface Manifest {
  readonly table: TableName;
  readonly series: Series;
  readonly month: Month;
  /** Event time of the series' first row at the venue; undefined for derived tables that never asked. */
  readonly listed: number | undefined;
  /** Ascending by day. */
  readonly partitions: ReadonlyMap<Day, Entry>;
}

const times = (gap: Gap) => ({ from: iso(gap.from), to: iso(gap.to), class: gap.class, bars: gap.bars });

function entryText(entry: Entry): string {
  return JSON.stringify({
    object: entry.object,
    sha256: entry.sha256,
    content: entry.content,
    bytes: entry.bytes,
    rows: entry.rows,
    span: entry.span?.map(iso) ?? null,
    gaps: entry.gaps.map(times),
    notes: entry.notes,
    quarantined: entry.quarantined,
    ...(entry.inputs ? { inputs: entry.inputs } : {}),
    source: entry.source,
    host: entry.host,
    asOf: iso(entry.asOf),
    ...(entry.revisions.length > 0
      ? { revisions: entry.revisions.map((revision) => ({ ...revision, asOf: iso(revision.asOf) })) }
      : {}),
  });
}

/** The file's text: a line a partition, so that a difference between two versions reads well. */
export function manifestText(manifest: Manifest): string {
  const { series } = manifest;
  const head = {
    format: FORMAT_VERSION,
    table: manifest.table,
    kind: series.kind,
    venue: series.venue,
    market: series.market,
    symbol: series.symbol,
    step: series.step ?? null,
    month: manifest.month,
    listed: manifest.listed === undefined ? null : iso(manifest.listed),
  };
  const days = [...manifest.partitions.keys()].sort();
  const lines = days.map((day) => `  ${JSON.stringify(day)}: ${entryText(manifest.partitions.get(day) as Entry)}`);
  return `${JSON.stringify(head).slice(0, -1)},\n "partitions": {\n${lines.join(",\n")}\n }}\n`;
}

type Json = Readonly<Record<string, unknown>>;

const HASH = /^[0-9a-f]{64}$/;
const GAP_CLASSES: readonly string[] = ["exchange-halt", "not-published", "not-fetched", "unknown", "quarantined"];

/** Milliseconds of a time as `iso` writes it; undefined for any other text. */
function parseIso(text: unknown): number | undefined {
  const time = typeof text === "string" ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(time) && iso(time) === text ? time : undefined;
}

/** Reads typed members of an unknown value; each one names what it missed. */
class Reader {
  readonly value: Json;
  constructor(value: unknown, what: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new TypeError(`${what} is no object`);
    this.value = value as Json;
  }
  private fail(name: string): never {
    throw new TypeError(`${name} is missing or of another type`);
  }
  text(name: string): string {
    const value = this.value[name];
    return typeof value === "string" ? value : this.fail(name);
  }
  count(name: string): number {
    const value = this.value[name];
    return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : this.fail(name);
  }
  time(name: string): number {
    return parseIso(this.text(name)) ?? this.fail(name);
  }
  list(name: string): readonly unknown[] {
    const value = this.value[name];
    return Array.isArray(value) ? value : this.fail(name);
  }
  hash(name: string): string {
    const value = this.text(name);
    return HASH.test(value) ? value : this.fail(name);
  }
  optional<T>(name: string, read: () => T): T | null {
    return this.value[name] === null || this.value[name] === undefined ? null : read();
  }
}

function readGap(value: unknown): Gap {
  const gap = new Reader(value, "a gap");
  const name = gap.text("class");
  if (!GAP_CLASSES.includes(name)) throw new TypeError(`a gap's class ${name} is unknown`);
  return { from: gap.time("from"), to: gap.time("to"), class: name as GapClass, bars: gap.count("bars") };
}

function readNote(value: unknown): Note {
  const note = new Reader(value, "a note");
  return { kind: note.text("kind"), count: note.count("count") };
}

function readRevision(value: unknown): Revision {
  const revision = new Reader(value, "a revision");
  return {
    content: revision.hash("content"),
    sha256: revision.optional("sha256", () => revision.hash("sha256")),
    rows: revision.count("rows"),
    asOf: revision.time("asOf"),
  };
}

function readInputs(value: unknown): Readonly<Record<string, string>> {
  const inputs = new Reader(value, "inputs");
  return Object.fromEntries(Object.keys(inputs.value).map((name) => [name, inputs.text(name)]));
}

/** Only what cannot be otherwise: rows and their object come together, and lie within the partition. */
function checkEntry(entry: Entry, { from, to }: TimeRange, object: string, quarantine: string): void {
  const has = [entry.object !== null, entry.sha256 !== null, entry.span !== null, entry.bytes > 0];
  if (has.some((one) => one !== entry.rows > 0)) throw new TypeError("rows, object, sha256, span and bytes disagree");
  if (entry.object !== null && entry.object !== object) throw new TypeError(`object is not ${object}`);
  if (entry.quarantined && entry.quarantined.object !== quarantine)
    throw new TypeError(`quarantined is not ${quarantine}`);
  const [first, last] = entry.span ?? [from, from];
  if (first < from || first > last || last >= to) throw new TypeError("span lies outside the day");
}

function readEntry(value: unknown): Entry {
  const entry = new Reader(value, "an entry");
  const span = entry.optional("span", () => entry.list("span").map(parseIso));
  const quarantined = entry.optional("quarantined", () => new Reader(entry.value.quarantined, "quarantined"));
  if (span && (span.length !== 2 || span.includes(undefined))) throw new TypeError("span is no pair of times");
  return {
    object: entry.optional("object", () => entry.text("object")),
    sha256: entry.optional("sha256", () => entry.hash("sha256")),
    content: entry.hash("content"),
    bytes: entry.count("bytes"),
    rows: entry.count("rows"),
    span: span && [span[0] as number, span[1] as number],
    gaps: entry.list("gaps").map(readGap),
    notes: entry.list("notes").map(readNote),
    quarantined: quarantined && { rows: quarantined.count("rows"), object: quarantined.text("object") },
    inputs: entry.optional("inputs", () => readInputs(entry.value.inputs)),
    source: entry.text("source"),
    host: entry.text("host"),
    asOf: entry.time("asOf"),
    revisions: (entry.optional("revisions", () => entry.list("revisions")) ?? []).map(readRevision),
  };
}

/** The entry of a day, as far as it can be one. @throws TypeError */
function readDay(value: unknown, table: TableName, series: Series, day: Day, month: Month): Entry {
  const range = dayRange(day);
  if (Number.isNaN(range.from) || iso(range.from).slice(0, 10) !== day || monthOf(day) !== month) {
    throw new TypeError(`it is no day of ${month}`);
  }
  const entry = readEntry(value);
  checkEntry(entry, range, objectKey(table, series, day), quarantineKey(table, series, day));
  return entry;
}

const INGEST: Record<Series["kind"], (series: Series) => string> = {
  klines: (series) =>
    series.market === "spot"
      ? `spot --venue ${series.venue} --symbol ${series.symbol} --interval ${series.step}`
      : `futures --symbol ${series.symbol} --interval ${series.step}`,
  metrics: (series) => `futures --symbol ${series.symbol} --interval ${series.step}`,
  funding: (series) => `funding --symbol ${series.symbol}`,
  "open-interest": (series) => `open-interest --symbol ${series.symbol} --period ${series.step}`,
};

/** The command that would fetch a month or day of a series again. */
export function refetchCommand(series: Series, date: Day | Month): string {
  const ingest = INGEST[series.kind](series);
  const made = series.venue === "synthetic";
  const text = `candlelake ingest ${made ? ingest.replace(" --venue synthetic", "") : ingest} --date ${date} --force`;
  return made ? `${text} --synthetic` : text;
}

/**
 * The manifest in `bytes`.
 * @throws DataError `newer-format` where a later version of the program wrote it, `bad-manifest` where it cannot be read
 */
export function parseManifest(bytes: Uint8Array, table: TableName, series: Series, month: Month): Manifest {
  const key = manifestKey(table, series, month);
  const refuse = (why: string): DataError =>
    new DataError("bad-manifest", `${key} cannot be read: ${why}.`, refetchCommand(series, month));
  let file: Reader;
  try {
    file = new Reader(JSON.parse(new TextDecoder().decode(bytes)), "the manifest");
  } catch (error) {
    throw refuse(error instanceof SyntaxError ? "it is no JSON" : (error as Error).message);
  }
  const format = file.value.format;
  if (typeof format === "number" && format > FORMAT_VERSION) {
    throw new DataError(
      "newer-format",
      `${key} has format ${format}; this candlelake knows up to ${FORMAT_VERSION}. Install a newer candlelake.`,
      "candlelake --version",
    );
  }
  try {
    if (format !== FORMAT_VERSION) throw new TypeError("format is missing");
    const named = ["table", "kind", "venue", "market", "symbol", "month"].map((name) => file.text(name));
    const meant = [table, series.kind, series.venue, series.market, series.symbol, month];
    named.push(file.optional("step", () => file.text("step")) ?? "");
    if (named.join() !== [...meant, series.step ?? ""].join())
      throw new TypeError(`it is of ${named.join(" ").trim()}`);
    const partitions = new Map<Day, Entry>();
    for (const [day, value] of Object.entries(new Reader(file.value.partitions, "partitions").value)) {
      try {
        partitions.set(day, readDay(value, table, series, day, month));
      } catch (error) {
        throw new TypeError(`${day}: ${(error as Error).message}`);
      }
    }
    return {
      table,
      series,
      month,
      listed: file.optional("listed", () => file.time("listed")) ?? undefined,
      partitions,
    };
  } catch (error) {
    throw refuse((error as Error).message);
  }
}
