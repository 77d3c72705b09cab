import { type ErrorDetail, EXIT } from "../core/errors.ts";
import { joinGaps } from "../core/gap.ts";
import { fileStem } from "../core/layout.ts";
import type { Step } from "../core/plan.ts";
import { seriesLabel } from "../core/series.ts";
import { iso } from "../core/time.ts";
import { openCandlelake } from "../open.ts";
import { exitCodeOf } from "../pipeline/apply.ts";
import type { Plan, Request } from "../pipeline/engine.ts";
import { type Outcome, planned } from "../pipeline/outcome.ts";
import type { Context } from "./context.ts";
import { bytes, count, csv, json, ndjson, table, write } from "./output.ts";

/** A step as the JSON contract has it. */
function stepJson(outcome: Outcome): Record<string, unknown> {
  const { step } = outcome;
  const error = outcome.error && { code: outcome.error.code, message: outcome.error.message, next: outcome.error.next };
  const tail = { rows: outcome.rows, ...(error ? { error } : {}) };
  if (step.action === "load") {
    return {
      action: step.action,
      table: step.table,
      month: step.month,
      status: outcome.status,
      reason: step.reason,
      ...tail,
    };
  }
  const { venue, market, symbol } = step.series;
  return {
    action: step.action,
    table: step.table,
    venue,
    market,
    symbol,
    interval: step.series.step ?? null,
    day: step.day,
    status: outcome.status,
    reason: step.reason,
    source: step.action === "fetch" ? step.source : "derived",
    rows: outcome.rows,
    bytes: outcome.bytes,
    path: step.path,
    sha256: outcome.sha256,
    gaps: outcome.gaps.map((gap) => ({ from: iso(gap.from), to: iso(gap.to), class: gap.class, bars: gap.bars })),
    revised: outcome.revised,
    quarantined: outcome.quarantined,
    ...(error ? { error } : {}),
  };
}

interface Usage {
  readonly requests: number;
  readonly retries: number;
}

function totals(outcomes: readonly Outcome[], usage: Usage): Record<string, number> {
  const of = (status: string) => outcomes.filter((outcome) => outcome.status === status).length;
  const made = outcomes.filter((outcome) => outcome.step.action !== "load" && outcome.status === "done");
  const loads = outcomes.filter((outcome) => outcome.step.action === "load" && outcome.status === "done");
  const sum = (from: readonly Outcome[], member: "rows" | "bytes") =>
    from.reduce((total, outcome) => total + outcome[member], 0);
  return {
    planned: outcomes.length,
    done: of("done"),
    unchanged: of("unchanged"),
    deferred: of("deferred"),
    failed: of("failed"),
    rows: sum(made, "rows"),
    bytesWritten: sum(made, "bytes"),
    bytesUploaded: 0,
    requests: usage.requests,
    retries: usage.retries,
    loadJobs: loads.length,
    rowsLoaded: sum(loads, "rows"),
    bytesBilled: 0,
  };
}

const groupName = (step: Step): string =>
  step.action === "load" ? `load ${step.table}` : `${step.action} ${step.table} ${fileStem(step.series)}`;

/** A line a series or table: days, rows, what is missing, what went wrong. */
function summaries(outcomes: readonly Outcome[]): string {
  const groups = Map.groupBy(outcomes, (outcome) => groupName(outcome.step));
  const rows = [...groups.values()].map((group) => {
    const [{ step }] = group as [Outcome];
    const units = group.map(({ step: own }) => (own.action === "load" ? own.month : own.day)).sort();
    const states = [...Map.groupBy(group, (outcome) => (outcome.revised ? "revised" : outcome.status))].map(
      ([status, members]) => `${members.length} ${status}`,
    );
    const sum = (member: "rows" | "bytes") => group.reduce((total, outcome) => total + outcome[member], 0);
    const name = step.action === "load" ? "" : seriesLabel(step.series);
    const span = units.length > 1 ? `${units[0]} … ${units.at(-1)}` : (units[0] ?? "");
    return [
      step.action,
      step.table,
      name,
      span,
      states.join(", "),
      sum("rows"),
      step.action === "load" ? "" : bytes(sum("bytes")),
    ];
  });
  return table(["action", "table", "series", "days or months", "state", "rows", "size"], rows);
}

/** Missing rows by class, each series once: said in the output, so that nobody has to look for it. */
function gapLines(outcomes: readonly Outcome[]): string[] {
  const lines: string[] = [];
  const fetched = outcomes.filter((outcome) => outcome.step.action === "fetch" && outcome.gaps.length > 0);
  for (const group of Map.groupBy(fetched, (outcome) => groupName(outcome.step)).values()) {
    const [{ step }] = group as [Outcome];
    if (step.action === "load") continue;
    const gaps = joinGaps(group.flatMap((outcome) => outcome.gaps).sort((a, b) => a.from - b.from));
    for (const [kind, members] of Map.groupBy(gaps, (gap) => gap.class)) {
      const bars = members.reduce((sum, gap) => sum + gap.bars, 0);
      const [first, last] = [members[0], members.at(-1)];
      if (!first || !last) continue;
      const why = kind === "not-published" ? "not published: the venue does not keep it" : kind;
      lines.push(
        `${step.table} ${seriesLabel(step.series)}: ${count(bars, "row")} missing, ${iso(first.from)} to ${iso(last.to)} (${why})`,
      );
    }
  }
  const notKept = fetched.some(
    (outcome) => outcome.step.table === "open_interest" && outcome.gaps.some((gap) => gap.class === "not-published"),
  );
  if (notKept && outcomes.some((outcome) => outcome.step.table === "futures_metrics")) {
    lines.push("futures_metrics has NULL open interest there.");
  }
  return lines;
}

function errorLines(outcomes: readonly Outcome[]): string[] {
  const bad = outcomes.filter((outcome) => outcome.error);
  return [...Map.groupBy(bad, (outcome) => outcome.error?.message ?? "").values()].map((group) => {
    const [{ error, status, step }] = group as [Outcome];
    const which =
      group.length === 1
        ? step.action === "load"
          ? `${step.table} ${step.month}`
          : step.path
        : count(group.length, "step");
    return `${status}: ${which}: ${error?.message}\n  next: ${error?.next}`;
  });
}

async function print(
  context: Context,
  command: string,
  outcomes: readonly Outcome[],
  usage: Usage,
  exit: number,
  error: ErrorDetail | null,
): Promise<void> {
  const steps = outcomes.map(stepJson);
  switch (context.format) {
    case "json":
      return write(json({ command, ok: exit === EXIT.ok, steps, totals: totals(outcomes, usage), error }));
    case "ndjson":
      return write(ndjson(steps));
    case "csv":
      return write(
        csv(
          steps.map(({ gaps, error: detail, ...step }) => ({
            ...step,
            gaps: JSON.stringify(gaps ?? []),
            error: detail ? (detail as ErrorDetail).code : "",
          })),
        ),
      );
    case "text":
      return write(textOf(context, outcomes, usage));
  }
}

function textOf(context: Context, outcomes: readonly Outcome[], usage: Usage): string {
  const made = context.config.synthetic ? "SYNTHETIC: made data, no market.\n" : "";
  if (outcomes.length === 0) return `${made}Nothing to do: 0 rows, 0 bytes.\n`;
  const lines = context.flag("verbose")
    ? outcomes.map(
        ({ step, status, rows }) =>
          `${status}  ${step.action}  ${step.action === "load" ? `${step.table} ${step.month}` : step.path}  ${count(rows, "row")}  (${step.reason})`,
      )
    : [];
  const sum = totals(outcomes, usage);
  const closing = `${count(sum.rows ?? 0, "row")} and ${bytes(sum.bytesWritten ?? 0)} written, ${count(sum.rowsLoaded ?? 0, "row")} loaded, ${count(usage.requests, "request")}${usage.retries ? `, ${count(usage.retries, "retry", "retries")}` : ""}.`;
  const planOnly = outcomes.every((outcome) => outcome.status === "planned");
  return [
    ...(made ? [made.trimEnd()] : []),
    ...lines,
    summaries(outcomes).trimEnd(),
    ...gapLines(outcomes),
    planOnly ? `${count(outcomes.length, "step")} planned, none taken.` : closing,
    "",
  ].join("\n");
}

const label = (step: Step): string =>
  step.action === "load"
    ? `load ${step.table} ${step.month}`
    : `${step.action} ${step.table} ${step.series.symbol} ${step.day}`;

/** Plans a request and, unless it is a dry run, carries it out; prints the answer and returns the exit code. */
export async function work(context: Context, request: Request, dryRun: boolean): Promise<number> {
  const command = context.line.command;
  const { engine, usage } = await openCandlelake(context.config, context.log);
  const notes = (plan: Plan) => {
    for (const text of plan.notes) context.say(text);
  };
  try {
    if (dryRun) {
      const plan = await engine.plan(request, context.signal);
      notes(plan);
      await print(context, command, plan.steps.map(planned), usage(), EXIT.ok, null);
      return EXIT.ok;
    }
    const applied = await engine.apply(
      request,
      `candlelake ${command}`,
      {
        planned(plan) {
          notes(plan);
          context.progress.start(plan.steps.length);
        },
        settled: (outcome) => context.progress.step(label(outcome.step)),
      },
      context.signal,
    );
    context.progress.clear();
    const exit = exitCodeOf(applied);
    const all = applied.outcomes.filter((outcome) => outcome.error);
    const error =
      applied.fatal?.detail ?? (exit !== EXIT.ok && all.length === applied.outcomes.length ? all[0]?.error : undefined);
    for (const line of errorLines(applied.outcomes)) process.stderr.write(`${line}\n`);
    if (applied.fatal) process.stderr.write(`candlelake: ${applied.fatal.message}\n  next: ${applied.fatal.next}\n`);
    const detail = error ? { code: error.code, message: error.message, next: error.next } : null;
    await print(context, command, applied.outcomes, usage(), exit, detail);
    return exit;
  } finally {
    context.progress.clear();
    await engine.close();
  }
}
