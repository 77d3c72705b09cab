import { EXIT } from "../core/errors.ts";
import type { Step } from "../core/step.ts";
import { openCandlelake } from "../open.ts";
import type { Applied } from "../pipeline/apply.ts";
import type { Plan, Request } from "../pipeline/engine.ts";
import { type Estimate, fits } from "../pipeline/estimate.ts";
import { exitCodeOf } from "../pipeline/exit-code.ts";
import { foreseen, type Outcome } from "../pipeline/outcome.ts";
import type { CloudUsage } from "../ports.ts";
import type { Context } from "./context.ts";
import { complainOfGone, goneJson } from "./gone.ts";
import type { Severity } from "./log.ts";
import { count, json, ndjson, SYNTHETIC, write } from "./output.ts";
import { receiptLine, receiptOf } from "./receipt.ts";
import { stepEvent, stepJson, stepsCsv } from "./steps.ts";
import { complaints, estimateLine, summary } from "./summary.ts";
import { totals, type Usage } from "./totals.ts";

function text(context: Context, { outcomes }: Applied, usage: Usage, planOnly: boolean): string {
  const mark = context.config.synthetic ? SYNTHETIC : "";
  return mark + summary(outcomes, usage, planOnly, context.flag("verbose"));
}

/** What is free on the disk is another number every time: an answer has only what depends on the request. */
const aboutOf = (estimate: Estimate) => {
  const { files, bytes, rows, requests, disk } = estimate;
  return { files, bytes, rows, requests, disk, fits: fits(estimate) };
};

/** Prints the answer and returns the exit code. */
async function report(
  context: Context,
  applied: Applied,
  usage: Usage,
  cloud: CloudUsage,
  planOnly: boolean,
  plan: Plan | undefined,
): Promise<number> {
  const { outcomes, fatal } = applied;
  const exit = exitCodeOf(applied);
  const complained = complaints(outcomes);
  for (const complaint of complained) context.complain(complaint, complaint.isDeferred ? "WARNING" : "ERROR");
  const worst = fatal?.detail ?? complained.find(({ isDeferred }) => !isDeferred) ?? complained[0];
  const { code, next } = worst ? context.detail(worst) : {};
  const receipt = planOnly ? undefined : receiptOf(applied, cloud);
  context.account({ code, next, synthetic: context.config.synthetic, ...totals(outcomes, usage), receipt });
  const gone = plan?.gone ?? [];
  complainOfGone(context, gone);
  if (fatal) context.complain({ ...fatal.detail, message: `candlelake: ${fatal.message}` });
  const steps = outcomes.map((outcome) => stepJson(context, outcome));
  switch (context.format) {
    case "json": {
      const bad = outcomes.flatMap((outcome) => outcome.error ?? []);
      const whole = fatal ?? (bad.length === outcomes.length ? bad[0] : undefined);
      await write(
        json({
          command: context.line.command,
          ok: exit === EXIT.ok,
          steps,
          totals: totals(outcomes, usage),
          estimate: plan ? aboutOf(plan.estimate) : null,
          ...(receipt ? { receipt } : {}),
          ...goneJson(context, gone),
          error: whole ? context.detail(whole) : null,
        }),
      );
      break;
    }
    case "ndjson":
      await write(ndjson(steps));
      break;
    case "csv":
      await write(stepsCsv(steps));
      break;
    case "text":
      // A plan is what was asked for; of work that went well a quiet run says nothing, and a log says it in its own words.
      if (planOnly || (!context.flag("quiet") && context.logStyle === "text"))
        await write(text(context, applied, usage, planOnly) + (receipt ? receiptLine(receipt) : ""));
  }
  return exit;
}

const label = (step: Step): string =>
  step.action === "load"
    ? `load ${step.table} ${step.month}`
    : `${step.action} ${step.table} ${step.series.symbol} ${step.day}`;

const severityOf = ({ status }: Outcome): Severity =>
  status === "failed" ? "ERROR" : status === "deferred" ? "WARNING" : "INFO";

/** Below this a plan is carried out before anybody has read what it takes. */
const WORTH_SAYING = 20_000;

function say(context: Context, { request, goal, notes, estimate, gone }: Plan, dryRun: boolean): void {
  context.progress.clear();
  for (const note of notes) context.say(note);
  if (estimate.rows >= (dryRun ? 1 : WORTH_SAYING) || fits(estimate) === false) context.say(estimateLine(estimate));
  const isAsked = request.wishes.length > 0 || (goal.load ?? []).some(({ months }) => months.length > 0);
  const isEmpty = !isAsked && gone.length === 0;
  if (isEmpty && request.upload === undefined && !request.load?.range)
    context.say(`The lake in ${context.config.data} has nothing to load.`);
}

/** Plans a request and, unless it is a dry run, carries it out; prints the answer and returns the exit code. */
export async function work(context: Context, request: Request, dryRun: boolean): Promise<number> {
  const { engine, ports } = openCandlelake(context.config, context.log);
  const usage = (): Usage => ({ ...ports.usage(), loadJobs: ports.cloud().warehouse?.loadJobs ?? 0 });
  try {
    context.progress.announce("planning …");
    if (dryRun) {
      const plan = await engine.plan(request, context.signal);
      say(context, plan, true);
      const applied = { outcomes: plan.steps.map(foreseen), fatal: undefined, goal: plan.goal, stored: 0 };
      return await report(context, applied, usage(), ports.cloud(), true, plan);
    }
    let opened: Plan | undefined;
    const applied = await engine.apply(
      request,
      `candlelake ${context.line.command}`,
      {
        planned(plan) {
          say(context, plan, false);
          opened = plan;
          context.progress.start(plan.steps.length);
          context.event("INFO", "plan", `${count(plan.steps.length, "step")} planned`, {
            planned: plan.steps.length,
            ...aboutOf(plan.estimate),
          });
        },
        settled(outcome) {
          const what = label(outcome.step);
          context.progress.step(what);
          context.event(severityOf(outcome), "step", `${outcome.status} ${what}`, stepEvent(context, outcome));
        },
      },
      context.signal,
      context.stop,
    );
    context.progress.clear();
    return await report(context, context.settle(applied), usage(), ports.cloud(), false, opened);
  } finally {
    context.progress.clear();
    await engine.close();
  }
}
