import { DataError } from "./errors.ts";
import type { Gap, GapClass } from "./gap.ts";
import { refetchCommand } from "./ingest-command.ts";
import { FORMAT_VERSION, manifestKey, objectKey, quarantineKey } from "./layout.ts";
import type { ArchiveFacts, Disagreement, Entry, Labels, Manifest, Note, Revision } from "./manifest.ts";
import type { Series } from "./series.ts";
import type { TableName } from "./table.ts";
import { type Day, dayRange, iso, type Month, monthOf, type TimeRange } from "./time.ts";

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

const UNITS: readonly string[] = ["ms", "us", "text"];

const LABELS: readonly string[] = ["begin", "end", "unclear"] satisfies Labels[];

function readLabels(labels: string): Labels {
  if (!LABELS.includes(labels)) throw new TypeError(`an archive's labels ${labels} are unknown`);
  return labels as Labels;
}

function readFacts(value: unknown): ArchiveFacts {
  const facts = new Reader(value, "an archive");
  const unit = facts.text("unit");
  if (!UNITS.includes(unit)) throw new TypeError(`an archive's unit ${unit} is unknown`);
  const labels = facts.optional("labels", () => readLabels(facts.text("labels")));
  return {
    sha256: facts.hash("sha256"),
    unit: unit as ArchiveFacts["unit"],
    header: facts.value.header === true,
    ...(labels ? { labels } : {}),
  };
}

/** What a manifest puts behind a file's name where it knows several versions of the file. */
const VERSION = /#\d+$/;

type Facts = ReadonlyMap<string, ArchiveFacts>;

function readArchives(names: readonly unknown[], facts: Facts): Readonly<Record<string, ArchiveFacts>> {
  const archives: Record<string, ArchiveFacts> = {};
  for (const name of names) {
    const known = facts.get(String(name));
    if (!known) throw new TypeError(`archive ${String(name)} is not told of`);
    archives[String(name).replace(VERSION, "")] = known;
  }
  return archives;
}

function readDisagreement(value: unknown): Disagreement {
  const one = new Reader(value, "a disagreement");
  const columns = new Reader(one.value.columns, "columns").value as Disagreement["columns"];
  return { time: one.time("time"), kept: one.text("kept"), dropped: one.text("dropped"), columns };
}

function readRevision(value: unknown): Revision {
  const revision = new Reader(value, "a revision");
  const archives = revision.optional("archives", () => readInputs(revision.value.archives));
  return {
    ...(archives ? { archives } : {}),
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

function readEntry(value: unknown, facts: Facts): Entry {
  const entry = new Reader(value, "an entry");
  const span = entry.optional("span", () => entry.list("span").map(parseIso));
  const quarantined = entry.optional("quarantined", () => new Reader(entry.value.quarantined, "quarantined"));
  const confirmedBy = entry.optional("confirmedBy", () => entry.text("confirmedBy"));
  const stored = entry.optional("stored", () => new Reader(entry.value.stored, "stored"));
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
    ...(confirmedBy === null ? {} : { confirmedBy }),
    host: entry.text("host"),
    archives: entry.optional("archives", () => readArchives(entry.list("archives"), facts)),
    disagreements: (entry.optional("disagreements", () => entry.list("disagreements")) ?? []).map(readDisagreement),
    asOf: entry.time("asOf"),
    revisions: (entry.optional("revisions", () => entry.list("revisions")) ?? []).map(readRevision),
    ...(stored ? { stored: { generation: stored.text("generation"), crc32c: stored.text("crc32c") } } : {}),
  };
}

/** The entry of a day, as far as it can be one. @throws TypeError */
function readDay(value: unknown, facts: Facts, table: TableName, series: Series, day: Day, month: Month): Entry {
  const range = dayRange(day);
  if (Number.isNaN(range.from) || iso(range.from).slice(0, 10) !== day || monthOf(day) !== month) {
    throw new TypeError(`it is no day of ${month}`);
  }
  const entry = readEntry(value, facts);
  checkEntry(entry, range, objectKey(table, series, day), quarantineKey(table, series, day));
  return entry;
}

/**
 * The manifest in `bytes`.
 * @param key what messages call it
 * @throws DataError `newer-format` where a later version of the program wrote it, `bad-manifest` where it cannot be read
 */
export function parseManifest(
  bytes: Uint8Array,
  table: TableName,
  series: Series,
  month: Month,
  key: string = manifestKey(table, series, month),
): Manifest {
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
    const told = file.optional("archives", () => new Reader(file.value.archives, "archives").value);
    const facts: Facts = new Map(Object.entries(told ?? {}).map(([name, value]) => [name, readFacts(value)]));
    const partitions = new Map<Day, Entry>();
    for (const [day, value] of Object.entries(new Reader(file.value.partitions, "partitions").value)) {
      try {
        partitions.set(day, readDay(value, facts, table, series, day, month));
      } catch (error) {
        throw new TypeError(`${day}: ${(error as Error).message}`);
      }
    }
    return {
      table,
      series,
      month,
      listed: file.optional("listed", () => file.time("listed")) ?? undefined,
      ended: file.optional("ended", () => file.time("ended")) ?? undefined,
      partitions,
    };
  } catch (error) {
    throw refuse((error as Error).message);
  }
}
