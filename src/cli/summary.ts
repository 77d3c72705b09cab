import type { ErrorDetail } from "../core/errors.ts";
import { type Gap, type GapClass, joinGaps } from "../core/gap.ts";
import { fileStem } from "../core/layout.ts";
import { seriesLabel } from "../core/series.ts";
import type { Step } from "../core/step.ts";
import { type Estimate, fits } from "../pipeline/estimate.ts";
import type { Outcome } from "../pipeline/outcome.ts";
import { bytes, type Cell, count, shortTime, table } from "./output.ts";
import { totals, type Usage } from "./totals.ts";

const groupName = (step: Step): string =>
  step.action === "load" ? `load ${step.table}` : `${step.action} ${step.table} ${fileStem(step.series)}`;

const unitOf = (step: Step): string => (step.action === "load" ? step.month : step.day);

/** `2025-01-01 … 2025-01-31`: what a group of steps covers. */
function spanOf(outcomes: readonly Outcome[]): string {
  const units = [...new Set(outcomes.map(({ step }) => unitOf(step)))].sort();
  const [first, last] = [units[0] ?? "", units.at(-1) ?? ""];
  return first === last ? first : `${first} … ${last}`;
}

const counted = (words: readonly string[]): string =>
  [...Map.groupBy(words, (word) => word)].map(([word, members]) => `${members.length} ${word}`).join(", ");

/** A line a series or table. */
function lines(header: readonly string[], outcomes: readonly Outcome[], rest: (group: Outcome[]) => readonly Cell[]) {
  const rows = [...Map.groupBy(outcomes, ({ step }) => groupName(step)).values()].map((group) => {
    const [{ step }] = group as [Outcome];
    const series = step.action === "load" ? "" : seriesLabel(step.series);
    return [step.action, step.table, series, spanOf(group), ...rest(group)];
  });
  return table(["action", "table", "series", "days or months", ...header], rows);
}

const sum = (group: readonly Outcome[], member: "rows" | "bytes"): number =>
  group.reduce((total, outcome) => total + outcome[member], 0);

const done = (outcomes: readonly Outcome[]): string =>
  lines(["state", "from", "rows", "size"], outcomes, (group) => [
    counted(group.map(({ revised, status }) => (revised ? "revised" : status))),
    sources(group),
    sum(group, "rows"),
    group[0]?.step.action === "load" ? "" : bytes(sum(group, "bytes")),
  ]);

const intended = (outcomes: readonly Outcome[]): string =>
  lines(["state", "from", "why"], outcomes, (group) => [
    counted(group.map(({ status }) => status)),
    sources(group),
    counted(group.map(({ step, error }) => error?.code ?? step.reason)),
  ]);

/** Where rows came from, or are to come from; one word where all did from one source. */
function sources(group: readonly Outcome[]): string {
  const names = group.filter(({ step }) => step.action === "fetch").map(({ source }) => source);
  return new Set(names).size === 1 ? (names[0] as string) : counted(names);
}

/** Why the plan goes to each source: a line a reason. */
function routeLines(outcomes: readonly Outcome[]): string[] {
  const fetches = outcomes.flatMap(({ step }) => (step.action === "fetch" ? [step] : []));
  return [...Map.groupBy(fetches, (step) => `${step.route}: ${step.because}`)].map(([reason, steps]) => {
    const days = steps.map((step) => step.day).sort();
    const [first, last] = [days[0], days.at(-1)];
    return `${reason} (${first === last ? first : `${first} … ${last}`}, ${count(steps.length, "day")}).`;
  });
}

/** What a plan takes, about. */
export function estimateLine(estimate: Estimate): string {
  const { files, bytes: zipped, rows, requests, disk, meanwhile, free } = estimate;
  const archives = files > 0 ? `${count(files, "archive file")} of ${bytes(zipped)}, ` : "";
  const copy = meanwhile > 0 ? ` and ${bytes(meanwhile)} for a while` : "";
  const room = free === null ? "" : ` (${bytes(free)} free${fits(estimate) ? "" : ": too little"})`;
  return `Estimate: ${archives}${count(rows, "row")}, ${count(requests, "request")}, ${bytes(disk)} on disk${copy}${room}.`;
}

const WHY: Readonly<Record<GapClass, string>> = {
  "exchange-halt": "exchange-halt: nothing was traded",
  "not-published": "not-published: the venue does not keep it",
  "not-fetched": "not-fetched: whoever may have it was not asked, or did not answer; the next run that may ask it does",
  quarantined: "quarantined: what came cannot be and is kept in _quarantine; --force asks again",
  unknown: "unknown: the venue sends nothing there; --force asks again",
};

function gapLine(name: string, kind: GapClass, gaps: readonly Gap[]): string {
  const bars = gaps.reduce((total, gap) => total + gap.bars, 0);
  const [first, last] = [gaps[0], gaps.at(-1)];
  return `${name}: ${count(bars, "row")} missing, ${shortTime(first?.from)} to ${shortTime(last?.to)} (${WHY[kind]}).`;
}

/** Missing rows by class, each series once: said in the answer, so that nobody has to look for it. */
function gapLines(outcomes: readonly Outcome[]): string[] {
  const found: string[] = [];
  const fetched = outcomes.filter(({ step, gaps }) => step.action === "fetch" && gaps.length > 0);
  for (const group of Map.groupBy(fetched, ({ step }) => groupName(step)).values()) {
    const [{ step }] = group as [Outcome];
    if (step.action === "load") continue;
    const gaps = joinGaps(group.flatMap((outcome) => outcome.gaps).sort((a, b) => a.from - b.from));
    const name = `${step.table} ${seriesLabel(step.series)}`;
    for (const [kind, members] of Map.groupBy(gaps, (gap) => gap.class)) found.push(gapLine(name, kind, members));
  }
  const notKept = fetched.some(
    ({ step, gaps }) => step.table === "open_interest" && gaps.some((gap) => gap.class === "not-published"),
  );
  if (notKept && outcomes.some(({ step }) => step.table === "futures_metrics"))
    found.push("futures_metrics has NULL open interest there.");
  return found;
}

const stepLine = ({ step, status, rows }: Outcome): string => {
  const what = step.action === "load" ? `${step.table} ${step.month}` : step.path;
  return `${status}  ${step.action}  ${what}  ${count(rows, "row")}  (${step.reason})`;
};

function closing(outcomes: readonly Outcome[], usage: Usage): string {
  const all = totals(outcomes, usage);
  const has = (loads: boolean) => outcomes.some(({ step }) => (step.action === "load") === loads);
  const said = [
    ...(has(false) ? [`${count(all.rows, "row")} and ${bytes(all.bytesWritten)} written`] : []),
    ...(has(true) ? [`${count(all.rowsLoaded, "row")} loaded`] : []),
    ...(usage.requests > 0 ? [count(usage.requests, "request")] : []),
    ...(usage.retries > 0 ? [count(usage.retries, "retry", "retries")] : []),
  ];
  return `${said.join(", ")}.`;
}

/** What became of steps, for people; `planOnly` where none was to be taken. */
export function summary(outcomes: readonly Outcome[], usage: Usage, planOnly: boolean, verbose: boolean): string {
  if (outcomes.length === 0) return "Nothing to do: 0 rows, 0 bytes.\n";
  return [
    ...(verbose ? outcomes.map(stepLine) : []),
    (planOnly ? intended(outcomes) : done(outcomes)).trimEnd(),
    ...(planOnly && outcomes.some(isArchived) ? routeLines(outcomes) : []),
    ...gapLines(outcomes),
    planOnly ? `${count(outcomes.length, "step")} planned, none taken.` : closing(outcomes, usage),
    "",
  ].join("\n");
}

const isArchived = ({ step }: Outcome): boolean => step.action === "fetch" && step.route !== "rest";

/** What went wrong with steps, all of them for one cause. */
export interface Complaint extends ErrorDetail {
  /** Whether it passes by itself, or elsewhere. */
  readonly isDeferred: boolean;
}

/** What went wrong, once for each cause, and where. */
export function complaints(outcomes: readonly Outcome[]): Complaint[] {
  const bad = outcomes.flatMap((outcome) => (outcome.error ? [{ ...outcome, error: outcome.error }] : []));
  return [...Map.groupBy(bad, ({ error }) => error.message).values()].map((group) => {
    const [{ error, step }] = group as [(typeof bad)[number]];
    const states = [...new Set(group.map(({ status }) => status))].join(", ");
    const tables = [...new Set(group.map((outcome) => outcome.step.table))].join(", ");
    const many = `${count(group.length, "step")} of ${tables}, ${spanOf(group)}`;
    const one = step.action === "load" ? `${step.table} ${step.month}` : step.path;
    const message = `${states}: ${group.length > 1 ? many : one}: ${error.message}`;
    return { ...error, message, isDeferred: group.every(({ status }) => status === "deferred") };
  });
}
