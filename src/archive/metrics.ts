import { METRICS_LABELS_BEGIN } from "../core/archive-calendar.ts";
import { type ArchiveFile, archiveRange } from "../core/archive-file.ts";
import { constant, type NumberColumn } from "../core/batch.ts";
import { iso, MINUTE, type TimeRange } from "../core/time.ts";
import { OPEN_INTEREST } from "../market/open-interest.ts";
import type { BrokenRow } from "../ports.ts";
import { bare, linesOf, openCsv } from "./csv.ts";
import type { ArchiveRows } from "./decode.ts";
import { decimalOf, whyNot } from "./fields.ts";
import { mislabelled, refuseStrangers, sample } from "./refusal.ts";

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

/**
 * How long after its label a value was known. Labels ended their periods for years and begin them since some day; which
 * of it a file has is told by the midnight that is in it, at the end of its day or at the beginning. Where it has
 * neither, by its date.
 */
function labelDelay(lines: readonly Line[], { from, to }: TimeRange, file: ArchiveFile): number {
  if (lines.some(({ label }) => label === to)) return 0;
  if (lines.some(({ label }) => label === from)) return PERIOD;
  return file.span >= METRICS_LABELS_BEGIN ? PERIOD : 0;
}

/** What is wrong with a line whose time can be made out. */
function fault({ label, fields }: Line, symbol: string, count: number, { from, to }: TimeRange): string | undefined {
  if (fields.length !== count) return "shape";
  if (!LABEL.test(fields[0] ?? "")) return "type";
  if (fields[1] !== symbol) return "key";
  const wrong = [fields[2] ?? "", fields[3] ?? ""].find((field) => Number.isNaN(decimalOf(field)));
  if (wrong !== undefined) return whyNot(wrong);
  return label < from || label > to ? "outside" : undefined;
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
 * Decodes a day's file of metrics: a header, then label, symbol, open interest and its value. A row's time is the
 * instant at which the value was known, never an earlier one.
 * @throws DataError `empty-archive`, `format-changed`, `malformed-row`, `mislabelled`
 */
export function decodeMetrics(bytes: Uint8Array, file: ArchiveFile, where: string, source: string): ArchiveRows {
  const { series } = file;
  const range = archiveRange(file);
  const csv = openCsv(bytes, NAMES, where);
  const lines = linesOf(csv).map((text): Line => {
    const fields = text.split(",");
    return { label: labelTime(fields[0] ?? ""), fields, text };
  });
  demandLabels(lines, series.symbol, range, where);
  const delay = labelDelay(lines, range, file);
  const good: Line[] = [];
  const broken: BrokenRow[] = [];
  for (const line of lines) {
    if (Number.isNaN(line.label)) continue;
    const reason = fault(line, series.symbol, csv.header?.length ?? FIELDS, range);
    if (reason) broken.push({ time: line.label + delay, reason, evidence: line.text });
    else good.push(line);
  }
  const nameless = lines.find(({ label }) => Number.isNaN(label));
  refuseStrangers(good.length, broken, nameless?.text, where);
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
    // A few kilobytes are the collector's business.
    release() {},
  };
}
