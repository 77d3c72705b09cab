import { archiveBeginning, METRICS_LABELS_BEGIN } from "../core/archive-calendar.ts";
import { type ArchiveFile, archiveRange } from "../core/archive-file.ts";
import { constant, type NumberColumn } from "../core/batch.ts";
import type { Labels } from "../core/manifest.ts";
import { iso, MINUTE, type TimeRange } from "../core/time.ts";
import { OPEN_INTEREST } from "../market/open-interest.ts";
import type { BrokenRow } from "../ports.ts";
import { bare, linesOf, openCsv } from "./csv.ts";
import type { ArchiveRows } from "./decode.ts";
import { decimalOf, whyNot } from "./fields.ts";
import type { Known } from "./known.ts";
import { mislabelled, refuseUnread, sample } from "./refusal.ts";

/** The columns that are read; ratios of positions follow, and may be empty. */
const NAMES = ["create_time", "symbol", "sum_open_interest", "sum_open_interest_value"];
/** Columns of a file without a header. */
const FIELDS = 8;
const PERIOD = 5 * MINUTE;

const LABEL = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/;

/** Milliseconds of `2025-01-01 00:05:00`, which is UTC; NaN where there is no such time. */
function labelTime(text: string): number {
  const label = bare(text);
  if (!LABEL.test(label)) return Number.NaN;
  const time = Date.parse(`${label.replace(" ", "T")}Z`);
  return !Number.isNaN(time) && iso(time).startsWith(label.replace(" ", "T")) ? time : Number.NaN;
}

interface Line {
  /** Milliseconds; NaN where the line has none. */
  readonly label: number;
  readonly fields: readonly string[];
  readonly text: string;
}

/** What is wrong with a line of the symbol or of a stranger, wherever its label lies. */
function fault({ fields }: Line, symbol: string, count: number): string | undefined {
  if (fields.length !== count) return "shape";
  const [label = ""] = fields;
  if (!LABEL.test(label)) return whyNot(label);
  if (fields[1] !== symbol) return "key";
  const wrong = [fields[2] ?? "", fields[3] ?? ""].find((field) => Number.isNaN(decimalOf(field)));
  return wrong === undefined ? undefined : whyNot(wrong);
}

/** Whether the symbol has rows, however broken, of the midnights at both ends of the day. */
interface Midnights {
  readonly first: boolean;
  readonly last: boolean;
  /** One of those at the end without a fault. */
  readonly lastIsWhole: boolean;
}

/**
 * What a file's labels mean. They ended their periods for years and begin them since some day, and in the very first
 * file; a midnight at the beginning tells that they begin, too. Where both midnights are there they are taken for
 * beginnings: ends are five minutes late then, and beginnings taken for ends would be known before their time.
 */
function labelsOf({ first, last, lastIsWhole }: Midnights, { series, span }: ArchiveFile): Labels {
  const isHead = span === archiveBeginning(series).daily && !lastIsWhole;
  if (!first && !isHead && span < METRICS_LABELS_BEGIN) return "end";
  return last ? "unclear" : "begin";
}

/** @throws DataError `mislabelled` where the lines are of another symbol or of another day */
function demandLabels(lines: readonly Line[], symbol: string, { from, to }: TimeRange, where: string): void {
  const whole = lines.filter(({ fields }) => fields.length >= NAMES.length);
  if (whole.length > 0 && whole.every(({ fields }) => fields[1] !== symbol)) {
    throw mislabelled(where, `its rows are of ${sample(whole[0]?.fields[1] ?? "")} in place of ${symbol}`);
  }
  const timed = lines.filter(({ label }) => !Number.isNaN(label));
  const strangers = timed.filter(({ label }) => label < from || label > to);
  if (strangers.length * 2 > timed.length) {
    throw mislabelled(where, `most of its rows are of other days, such as ${iso(strangers[0]?.label ?? 0)}`);
  }
}

/**
 * The labels of lines in order. A line without one is due a period after the line before it, and those at the
 * beginning of the file, one after the other, right before the first that has one; NaN where none has.
 */
function dueLabels(lines: readonly Line[]): number[] {
  const head = lines.findIndex(({ label }) => !Number.isNaN(label));
  const first = lines[head]?.label ?? Number.NaN;
  let last = first - (head + 1) * PERIOD;
  return lines.map(({ label }) => {
    last = Number.isNaN(label) ? last + PERIOD : label;
    return last;
  });
}

/**
 * Decodes a day's file of metrics: a header, then label, symbol, open interest and its value. A row's time is the
 * instant at which the value was known, never an earlier one.
 * @param known of the series
 * @throws DataError `empty-archive`, `format-changed`, `mislabelled`
 */
export function decodeMetrics(
  bytes: Uint8Array,
  file: ArchiveFile,
  where: string,
  source: string,
  { first = 0 }: Known = {},
): ArchiveRows {
  const { series } = file;
  const range = archiveRange(file);
  const csv = openCsv(bytes, NAMES, where);
  const lines = linesOf(csv).map((text): Line => {
    const fields = text.split(",");
    return { label: labelTime(fields[0] ?? ""), fields, text };
  });
  demandLabels(lines, series.symbol, range, where);
  const faults = lines.map((line) => fault(line, series.symbol, csv.header?.length ?? FIELDS));
  const own = (label: number) => lines.some((line) => line.label === label && line.fields[1] === series.symbol);
  const { from, to } = range;
  const lastIsWhole = lines.some(({ label }, i) => label === to && faults[i] === undefined);
  const labels = labelsOf({ first: own(from), last: own(to), lastIsWhole }, file);
  const delay = labels === "end" ? 0 : PERIOD;
  const due = dueLabels(lines).map((label) => Math.min(to, Math.max(from + PERIOD, first, label + delay)));
  const good: Line[] = [];
  const broken: BrokenRow[] = [];
  for (const [i, line] of lines.entries()) {
    if (Number.isNaN(line.label)) {
      broken.push({ time: due[i] as number, reason: faults[i] ?? "type", evidence: line.text });
      continue;
    }
    const time = line.label + delay;
    // What was known at a midnight is the file's that ends with it.
    const reason = time <= from || time > to ? "outside" : faults[i];
    if (reason) broken.push({ time, reason, evidence: line.text });
    else good.push(line);
  }
  const nameless = lines.find(({ label }) => Number.isNaN(label));
  refuseUnread(good.length, broken, nameless?.text, where);
  const number = (value: (line: Line) => number): NumberColumn => ({
    values: Float64Array.from(good, value),
    valid: null,
  });
  return {
    batch: {
      table: OPEN_INTEREST,
      rows: good.length,
      columns: [
        number(({ label }) => (label + delay) * 1000),
        number(({ fields }) => decimalOf(fields[2] ?? "")),
        number(({ fields }) => decimalOf(fields[3] ?? "")),
        constant(String(series.step)),
        constant(series.symbol),
        constant(series.venue),
        constant(source),
      ],
    },
    evidence: (index) => good[index]?.text ?? "",
    broken,
    unit: "text",
    header: csv.header !== undefined,
    labels,
    missing: [],
    // A few kilobytes are the collector's business.
    release() {},
  };
}
