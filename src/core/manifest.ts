import type { Gap } from "./gap.ts";
import { FORMAT_VERSION } from "./layout.ts";
import type { Series } from "./series.ts";
import type { TableName } from "./table.ts";
import { type Day, dayOf, iso, type Month } from "./time.ts";

/** Something worth knowing that changes no verdict: `zero-volume`, `zero-value`, `short-close`, `duplicate`, `unordered`. */
export interface Note {
  readonly kind: string;
  readonly count: number;
}

/** The kind of note of a partition with refused rows for which REST was not asked. */
export const UNASKED_REST = "rest-unasked";

/** The kind of note of a partition of which an archive file was refused that would have had a better or another row. */
export const REFUSED_FILE = "file-refused";

/** The kind of note of a partition with rows that the venue has left out since. */
export const VANISHED = "vanished";

/**
 * The kind of note of a partition with rows that were stored before, and that neither its files have as they are now nor
 * REST was asked for: what they are is open until it is.
 */
export const UNCONFIRMED = "unconfirmed";

/** Gaps for which REST may still have rows: it was not asked, or did not answer. */
export function unaskedGaps({ gaps, notes }: Pick<Entry, "gaps" | "notes">): readonly Gap[] {
  const isUnasked = notes.some(({ kind }) => kind === UNASKED_REST);
  return gaps.filter((gap) => gap.class === "not-fetched" || (isUnasked && gap.class === "quarantined"));
}

/** A day without rows behind a series' end is none of it: whoever knows the end does not ask for it. */
export const isBehindEnd = (day: Day, { rows }: Pick<Entry, "rows">, ended: number | undefined): boolean =>
  ended !== undefined && rows === 0 && day > dayOf(ended);

/** What was replaced, when the venue corrected itself. */
export interface Revision {
  readonly content: string;
  readonly sha256: string | null;
  readonly rows: number;
  readonly asOf: number;
  /** Hashes of the archive files that it was made of, by name. */
  readonly archives?: Readonly<Record<string, string>>;
}

/**
 * What the labels of a file of metrics mean: the end of their period or its beginning; `unclear` ones were taken for
 * beginnings, so that no value is known before its time.
 */
export type Labels = "begin" | "end" | "unclear";

/** An archive file that partitions were made of. */
export interface ArchiveFacts {
  /** Of the ZIP, as published and as received. */
  readonly sha256: string;
  /** Of its times: milliseconds, microseconds, or dates as text. */
  readonly unit: "ms" | "us" | "text";
  readonly header: boolean;
  /** Only of metrics. */
  readonly labels?: Labels;
}

/** A row of which two sources had different versions. */
export interface Disagreement {
  /** Milliseconds. */
  readonly time: number;
  readonly kept: string;
  readonly dropped: string;
  /** Both values of each column that differs, the kept one first; null where there is none. */
  readonly columns: Readonly<Record<string, readonly [number | null, number | null]>>;
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
  /** What the stored rows say: `rest`, `archive-monthly`, …; several joined with `+`, the one that had most first. */
  readonly source: string;
  /** The last other source that brought the same rows: what is stored was left as it is. */
  readonly confirmedBy?: string;
  /** Whom the stored rows are from. */
  readonly host: string;
  /** Archive files that it was made of, or that had the same rows, by name; null where there is none. */
  readonly archives: Readonly<Record<string, ArchiveFacts>> | null;
  /** Rows in which its sources differ: the first few, as evidence; a note has their number. */
  readonly disagreements: readonly Disagreement[];
  /** The venue's time at which the rows were read; for a derived partition the latest of its inputs. */
  readonly asOf: number;
  readonly revisions: readonly Revision[];
  /** Only in a bucket's manifest: which generation of the object is meant, and its CRC-32C as Cloud Storage spells it. */
  readonly stored?: { readonly generation: string; readonly crc32c: string };
}

/** The record of one table, series and calendar month. */
export interface Manifest {
  readonly table: TableName;
  readonly series: Series;
  readonly month: Month;
  /** Event time of the series' first row at the venue; undefined for derived tables that never asked. */
  readonly listed: number | undefined;
  /** Event time of its last row, where the venue no longer trades it. */
  readonly ended: number | undefined;
  /** Ascending by day. */
  readonly partitions: ReadonlyMap<Day, Entry>;
}

/** How a manifest refers to the archive file of an entry. */
type Named = (name: string, facts: ArchiveFacts) => string;

const times = (gap: Gap) => ({ from: iso(gap.from), to: iso(gap.to), class: gap.class, bars: gap.bars });

/** Whether two entries say the same of a partition, wherever its object lies. */
export const sameEntry = (a: Entry, b: Entry): boolean =>
  entryText(unstored(a), byHash) === entryText(unstored(b), byHash);

const byHash: Named = (name, { sha256 }) => `${name} ${sha256}`;

const unstored = ({ stored: _, ...entry }: Entry): Entry => entry;

function entryText(entry: Entry, named: Named): string {
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
    ...(entry.confirmedBy === undefined ? {} : { confirmedBy: entry.confirmedBy }),
    host: entry.host,
    ...(entry.archives ? { archives: namesOf(entry.archives, named) } : {}),
    ...(entry.disagreements.length > 0
      ? { disagreements: entry.disagreements.map((one) => ({ ...one, time: iso(one.time) })) }
      : {}),
    asOf: iso(entry.asOf),
    ...(entry.revisions.length > 0
      ? { revisions: entry.revisions.map((revision) => ({ ...revision, asOf: iso(revision.asOf) })) }
      : {}),
    ...(entry.stored ? { stored: entry.stored } : {}),
  });
}

const namesOf = (archives: NonNullable<Entry["archives"]>, named: Named): string[] =>
  Object.entries(archives)
    .map(([name, facts]) => named(name, facts))
    .sort();

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
    ...(manifest.ended === undefined ? {} : { ended: iso(manifest.ended) }),
  };
  const days = [...manifest.partitions].sort(([a], [b]) => (a < b ? -1 : 1));
  const archives = new Archives(days.map(([, entry]) => entry));
  const lines = days.map(([day, entry]) => `  ${JSON.stringify(day)}: ${entryText(entry, archives.named)}`);
  return `${JSON.stringify(head).slice(0, -1)},\n${archives.text()} "partitions": {\n${lines.join(",\n")}\n }}\n`;
}

/**
 * What is told of each archive file once, for all the partitions that were made of it. A file may be published anew
 * between the days that are made of it: what came later goes by `NAME#2` and so on.
 */
class Archives {
  readonly #versions = new Map<string, ArchiveFacts[]>();

  constructor(entries: readonly Entry[]) {
    for (const { archives } of entries) {
      for (const [name, facts] of Object.entries(archives ?? {})) {
        const versions = this.#versions.get(name) ?? [];
        this.#versions.set(name, versions);
        if (!versions.some(({ sha256 }) => sha256 === facts.sha256)) versions.push(facts);
      }
    }
  }

  readonly named: Named = (name, facts) => {
    const at = (this.#versions.get(name) ?? []).findIndex(({ sha256 }) => sha256 === facts.sha256);
    return at > 0 ? `${name}#${at + 1}` : name;
  };

  text(): string {
    const lines = [...this.#versions].flatMap(([name, versions]) =>
      versions.map((facts) => {
        const { sha256, unit, header, labels } = facts;
        const told = { sha256, unit, header, ...(labels ? { labels } : {}) };
        return `  ${JSON.stringify(this.named(name, facts))}: ${JSON.stringify(told)}`;
      }),
    );
    return lines.length === 0 ? "" : ` "archives": {\n${lines.sort().join(",\n")}\n },\n`;
  }
}
