import { parseDuration } from "../core/duration.ts";
import { AppError, EXIT, Interrupted } from "../core/errors.ts";
import type { Applied } from "../pipeline/apply.ts";
import { detailOf } from "../pipeline/outcome.ts";

/** The time that a command was given is up. */
class OutOfTime extends AppError {
  constructor(text: string) {
    super(EXIT.incomplete, {
      code: "max-runtime",
      message: `The time of --max-runtime ${text} is up; what was finished is kept.`,
      next: "candlelake run",
    });
  }
}

/** When a command has to stop: counted from the start of the process, as whoever started it counts. */
export class Deadline {
  private readonly timer: AbortSignal;
  private readonly text: string;

  /** @throws UsageError where the text is no duration */
  constructor(text: string) {
    this.text = text;
    this.timer = AbortSignal.timeout(Math.max(0, Math.round(parseDuration(text, "--max-runtime") - performance.now())));
  }

  /** Aborts with the given one, or when the time is up. */
  within(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.timer]);
  }

  /** Whether it was the time that stopped the work, and not the user. */
  private stopped(signal: AbortSignal): boolean {
    return signal.aborted && signal.reason === this.timer.reason;
  }

  /** What a failure was: of what the time stopped, this. */
  cause(error: unknown, signal: AbortSignal): unknown {
    return error instanceof Interrupted && this.stopped(signal) ? new OutOfTime(this.text) : error;
  }

  /** Steps that were not come to are deferred, and the work as a whole has not failed. */
  settle(applied: Applied, signal: AbortSignal): Applied {
    if (!(applied.fatal instanceof Interrupted) || !this.stopped(signal)) return applied;
    const error = detailOf(new OutOfTime(this.text));
    const outcomes = applied.outcomes.map((outcome) =>
      outcome.status === "planned" ? { ...outcome, rows: 0, status: "deferred" as const, error } : outcome,
    );
    return { ...applied, outcomes, fatal: undefined };
  }
}
