import { type ErrorDetail, EXIT, UsageError } from "../core/errors.ts";

/** How talk on standard error is written: lines for people, or a JSON object a line for Cloud Logging. */
export type LogStyle = "text" | "json";

export const LOG_STYLES: readonly LogStyle[] = ["text", "json"];

/** https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity */
export type Severity = "DEBUG" | "INFO" | "WARNING" | "ERROR";

export const LOG_VARIABLE = "CANDLELAKE_LOG";

/** Set in every container of Cloud Run, its jobs and functions. https://cloud.google.com/run/docs/container-contract */
const ON_CLOUD_RUN = ["CLOUD_RUN_JOB", "K_SERVICE"];

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The flag, else the environment, else JSON where Cloud Run collects the lines and text everywhere else. A value that is
 * none counts as none: what is wrong with it has to be told in some style.
 */
export function logStyle(option: string | undefined, environment: Environment, terminal: boolean): LogStyle {
  const given = [option, environment[LOG_VARIABLE]].find((text) => text !== undefined && text !== "");
  if (given !== undefined) return given === "json" ? "json" : "text";
  return !terminal && ON_CLOUD_RUN.some((name) => environment[name]) ? "json" : "text";
}

/** @throws UsageError where the variable has another word */
export function checkLogVariable(environment: Environment): void {
  const value = environment[LOG_VARIABLE];
  if (!value || LOG_STYLES.some((style) => style === value)) return;
  throw new UsageError(
    "bad-environment",
    `${LOG_VARIABLE}=${value}: write ${LOG_STYLES.join(" or ")}.`,
    "candlelake --help",
  );
}

/**
 * A line that Cloud Logging takes apart: `severity`, `time`, `message` and the labels go where it keeps such things, the
 * rest is the entry's `jsonPayload`. https://cloud.google.com/logging/docs/structured-logging
 */
export function logLine(
  command: string,
  severity: Severity,
  event: string,
  message: string,
  fields: Readonly<Record<string, unknown>> = {},
): string {
  const labels = { program: "candlelake", ...(command ? { command } : {}) };
  const time = new Date().toISOString();
  return `${JSON.stringify({ severity, time, message, event, ...fields, "logging.googleapis.com/labels": labels })}\n`;
}

export const errorLine = (command: string, severity: Severity, { code, message, next }: ErrorDetail): string =>
  logLine(command, severity, "error", message, { code, next });

/** The last line of a command: what an alert looks at. */
export function summaryLine(command: string, exit: number, fields: Readonly<Record<string, unknown>> = {}): string {
  const ok = exit === EXIT.ok;
  const severity = ok ? "INFO" : exit === EXIT.incomplete ? "WARNING" : "ERROR";
  const message = `candlelake ${command}: ${ok ? "ok" : `exit code ${exit}`}`;
  return logLine(command, severity, "summary", message, { ok, exit, ...fields });
}
