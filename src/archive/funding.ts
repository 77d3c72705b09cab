import { type ArchiveFile, archiveRange } from "../core/archive-file.ts";
import { constant, type NumberColumn } from "../core/batch.ts";
import { iso } from "../core/time.ts";
import { FUNDING_RATES, intervals } from "../market/funding-rates.ts";
import type { BrokenRow } from "../ports.ts";
import { linesOf, openCsv } from "./csv.ts";
import type { ArchiveRows } from "./decode.ts";
import { decimalOf, LEAST_MICROS, LEAST_MILLIS, millisOf, timeNumber, wholeOf, whyNot } from "./fields.ts";
import { fundingHoles, isApart, type Told } from "./funding-holes.ts";
import type { Known } from "./known.ts";
import { type Nameless, placeNameless } from "./nameless-events.ts";
import { mislabelled, refuseUnread } from "./refusal.ts";

const NAMES = ["calc_time", "funding_interval_hours", "last_funding_rate"];

interface Event {
  /** Milliseconds. */
  readonly time: number;
  readonly hours: number;
  readonly rate: number;
  readonly line: string;
}

/** What is wrong with a line whose time can be made out. */
function fault(fields: readonly string[], count: number, micros: boolean): string | undefined {
  const [time = "", hours = "", rate = ""] = fields;
  if (fields.length !== count) return "shape";
  if (Number.isNaN(decimalOf(time))) return whyNot(time);
  if (Number(time) < LEAST_MILLIS || Number(time) >= LEAST_MICROS !== micros) return "time-unit";
  if (Number.isNaN(decimalOf(rate))) return whyNot(rate);
  return wholeOf(hours) > 0 ? undefined : whyNot(hours);
}

/** What a line tells of its event, also a broken one: it took place as well. */
function tell(time: number, fields: readonly string[]): Told {
  const hours = wholeOf(fields[1] ?? "");
  return { time, hours: hours > 0 ? hours : Number.NaN };
}

const ascending = (told: readonly Told[]): Told[] => told.toSorted((a, b) => a.time - b.time);

/**
 * Hours since the event before, in the order of `events`. Where that one is in another file or missing, nobody but the
 * event itself tells them; the symbol's first event has none before it.
 * @param told the file's own events, ascending
 */
function hoursOf(events: readonly Event[], told: readonly Told[], first: number | undefined): NumberColumn {
  const since = new Map<number, number | null>();
  intervals(told, undefined).forEach((hours, i) => {
    const event = told[i] as Told;
    const last = told.findLast(({ time }) => time < event.time);
    since.set(event.time, last && !isApart(last, event) ? hours : null);
  });
  const hours = events.map((event) => (event.time === first ? null : (since.get(event.time) ?? event.hours)));
  const isKnown = (value: number | null) => value !== null;
  return {
    values: Float64Array.from(hours, (value) => value ?? 0),
    valid: hours.every(isKnown) ? null : Uint8Array.from(hours, (value) => (isKnown(value) ? 1 : 0)),
  };
}

/**
 * Decodes a file of funding events: a header, then time, hours of the interval and rate. It has no mark price.
 * @param known of the series
 * @throws DataError `empty-archive`, `format-changed`, `mislabelled`
 */
export function decodeFunding(
  bytes: Uint8Array,
  file: ArchiveFile,
  where: string,
  source: string,
  known: Known = {},
): ArchiveRows {
  const { series } = file;
  const { from, to } = archiveRange(file);
  const csv = openCsv(bytes, NAMES, where);
  const rows = linesOf(csv).map((line) => ({ line, fields: line.split(",") }));
  const times = rows.map(({ fields }) => timeNumber(fields[0]));
  const micros =
    times.filter((time) => time >= LEAST_MICROS).length > times.filter((time) => time < LEAST_MICROS).length;
  const events: Event[] = [];
  const broken: BrokenRow[] = [];
  const own: Told[] = [];
  const strays: Told[] = [];
  const nameless: Nameless[] = [];
  for (const [i, { line, fields }] of rows.entries()) {
    const time = millisOf(times[i] as number);
    const reason = fault(fields, csv.header?.length ?? NAMES.length, micros);
    if (Number.isNaN(time)) {
      nameless.push({ after: own.length, reason: reason ?? "type", evidence: line });
      continue;
    }
    const [, hours = "", rate = ""] = fields;
    const isInside = time >= from && time < to;
    (isInside ? own : strays).push(tell(time, fields));
    if (reason) broken.push({ time, reason, evidence: line });
    else if (!isInside) broken.push({ time, reason: "outside", evidence: line });
    else events.push({ time, hours: wholeOf(hours), rate: decimalOf(rate), line });
  }
  const outside = broken.filter((row) => row.reason === "outside");
  if (outside.length > events.length) {
    throw mislabelled(where, `most of its events are of other days, such as ${iso(outside[0]?.time ?? 0)}`);
  }
  refuseUnread(events.length, broken, nameless[0]?.evidence, where);
  const found = placeNameless(nameless, own, fundingHoles(ascending([...own, ...strays]), file, known));
  return {
    batch: {
      table: FUNDING_RATES,
      rows: events.length,
      columns: [
        { values: Float64Array.from(events, (event) => event.time * 1000), valid: null },
        { values: Float64Array.from(events, (event) => event.rate), valid: null },
        hoursOf(events, ascending(own), known.first),
        { values: new Float64Array(events.length), valid: new Uint8Array(events.length) },
        constant(series.symbol),
        constant(series.venue),
        constant(source),
      ],
    },
    evidence: (index) => events[index]?.line ?? "",
    broken: [...broken, ...found.broken],
    unit: micros ? "us" : "ms",
    header: csv.header !== undefined,
    missing: found.holes,
    // A few kilobytes are the collector's business.
    release() {},
  };
}
