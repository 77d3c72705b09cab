import { type Config, type Resolved, resolveConfig } from "../config.ts";
import { type ErrorDetail, UsageError } from "../core/errors.ts";
import { parseTime, type TimeRange } from "../core/time.ts";
import type { Applied } from "../pipeline/apply.ts";
import type { Logger } from "../ports.ts";
import { Deadline } from "./deadline.ts";
import { checkLogVariable, errorLine, type LogStyle, logLine, logStyle, type Severity, summaryLine } from "./log.ts";
import { detailFor, sameLake } from "./next.ts";
import type { CommandLine } from "./options.ts";
import type { Format } from "./output.ts";
import { Progress } from "./progress.ts";

/** What a command is given. */
export class Context {
  readonly line: CommandLine;
  /** Aborts when the user asks to stop, or when the command's time is up. */
  readonly signal: AbortSignal;
  /** Aborts when the user asks to stop. */
  readonly stop: AbortSignal;
  readonly progress: Progress;
  readonly logStyle: LogStyle;
  private readonly deadline: Deadline | undefined;
  private resolved: Resolved | undefined;
  private result: Readonly<Record<string, unknown>> = {};

  constructor(line: CommandLine, stop: AbortSignal) {
    this.line = line;
    this.stop = stop;
    const time = this.text("max-runtime");
    this.deadline = time === undefined ? undefined : new Deadline(time);
    this.signal = this.deadline?.within(stop) ?? stop;
    checkLogVariable(process.env);
    this.logStyle = logStyle(this.text("log"), process.env, process.stderr.isTTY === true);
    this.progress = new Progress({
      terminal: process.stderr.isTTY === true && process.env.TERM !== "dumb",
      shown: this.logStyle === "text" && !this.flag("quiet") && !this.flag("no-progress"),
    });
  }

  get args(): readonly string[] {
    return this.line.args;
  }

  text(name: string): string | undefined {
    const value = this.line.options.get(name);
    return value === true ? undefined : value;
  }

  flag(name: string): boolean {
    return this.line.options.has(name);
  }

  get format(): Format {
    return (this.text("format") ?? "text") as Format;
  }

  get settings(): Resolved {
    this.resolved ??= resolveConfig(
      {
        config: this.text("config"),
        data: this.text("data"),
        warehouse: this.text("warehouse"),
        project: this.text("project"),
        dataset: this.text("dataset"),
        location: this.text("location"),
        bucket: this.text("bucket"),
        synthetic: this.flag("synthetic") || undefined,
        keepArchives: this.text("keep-archives"),
        maxBytes: this.text("max-bytes"),
      },
      process.env,
    );
    return this.resolved;
  }

  get config(): Config {
    return this.settings.config;
  }

  /** Talk for the user, on standard error. */
  say(message: string, severity: Severity = "INFO"): void {
    if (this.flag("quiet")) return;
    this.progress.clear();
    const { command } = this.line;
    process.stderr.write(this.logStyle === "json" ? logLine(command, severity, "note", message) : `${message}\n`);
  }

  /** Something that happened, for logs that programs read; people see progress and the answer. */
  event(severity: Severity, event: string, message: string, fields: Readonly<Record<string, unknown>>): void {
    if (this.logStyle === "text" || this.flag("quiet")) return;
    process.stderr.write(logLine(this.line.command, severity, event, message, fields));
  }

  /** What went wrong, which no --quiet silences, and the command that leads on. */
  complain(error: ErrorDetail, severity: Severity = "ERROR"): void {
    const detail = this.detail(error);
    this.progress.clear();
    process.stderr.write(
      this.logStyle === "json"
        ? errorLine(this.line.command, severity, detail)
        : `${detail.message}\n  next: ${detail.next}\n`,
    );
  }

  /** What the log's last line tells beside the exit code. */
  account(result: Readonly<Record<string, unknown>>): void {
    this.result = result;
  }

  /** The log's last line, which no --quiet silences: an alert waits for it. */
  conclude(exit: number): void {
    if (this.logStyle === "json") process.stderr.write(summaryLine(this.line.command, exit, this.result));
  }

  /** What ended the command, where that was its time. */
  cause(error: unknown): unknown {
    return this.deadline ? this.deadline.cause(error, this.signal) : error;
  }

  /** What became of the steps, those included that there was no time for. */
  settle(applied: Applied): Applied {
    return this.deadline?.settle(applied, this.signal) ?? applied;
  }

  /** A command for the lake at hand. */
  next(command: string): string {
    return sameLake(command, this.line);
  }

  /** An error as answers have it. */
  detail(error: ErrorDetail): ErrorDetail {
    return detailFor(error, this.line);
  }

  get log(): Logger {
    return {
      info: (message) => this.say(message),
      warn: (message) => this.say(message, "WARNING"),
      debug: (message) => {
        if (this.flag("verbose")) this.say(message, "DEBUG");
      },
    };
  }

  /**
   * `--date`, or `--from` and `--to`. `to` is undefined where it was left out.
   * @throws UsageError where they contradict each other
   */
  range(): { from: number | undefined; to: number | undefined } {
    const [date, from, to] = [this.text("date"), this.text("from"), this.text("to")];
    const help = `candlelake ${this.line.command} --help`;
    if (date !== undefined) {
      if (from !== undefined || to !== undefined)
        throw new UsageError("bad-range", "--date stands alone: leave out --from and --to.", help);
      const range: TimeRange = parseTime(date, "--date");
      if (range.from === range.to)
        throw new UsageError("bad-range", `--date ${date} is an instant: write a day.`, help);
      return range;
    }
    const range = {
      from: from === undefined ? undefined : parseTime(from, "--from").from,
      to: to === undefined ? undefined : parseTime(to, "--to").from,
    };
    if (range.from !== undefined && range.to !== undefined && range.from >= range.to) {
      throw new UsageError(
        "bad-range",
        `--from ${from} is not before --to ${to}; the range is half-open, its end is not part of it.`,
        help,
      );
    }
    return range;
  }
}
