import { AppError, type ErrorDetail, EXIT } from "../core/errors.ts";
import { errorLine, type LogStyle, logStyle, summaryLine } from "./log.ts";
import { again, detailFor } from "./next.ts";
import { type CommandLine, findCommand } from "./options.ts";
import { json, OutputError, write } from "./output.ts";
import { SPECS } from "./specs.ts";

/** Answers of commands that take steps have these, however they end. */
const STEPS = new Set(["ingest", "load", "run", "plan"]);

/** An option's value, on a line that may not parse. */
function optionOf(argv: readonly string[], option: string): string | undefined {
  const at = argv.findIndex((word) => word === option || word.startsWith(`${option}=`));
  const word = argv[at];
  return word === option ? argv[at + 1] : word?.slice(option.length + 1);
}

/** What to say of a failure, and the exit code that it has. */
function explain(
  error: unknown,
  argv: readonly string[],
  line: CommandLine | undefined,
): { readonly exit: number; readonly detail: ErrorDetail } {
  if (error instanceof AppError)
    return { exit: error.exitCode, detail: line ? detailFor(error.detail, line) : error.detail };
  const next = again(argv);
  if (error instanceof OutputError)
    return { exit: EXIT.environment, detail: { code: "output-lost", message: error.message, next } };
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exit: EXIT.bug, detail: { code: "bug", message: `This is a bug in candlelake:\n${stack}`, next } };
}

function tell(style: LogStyle, command: string, exit: number, detail: ErrorDetail): void {
  const { code, message, next } = detail;
  const lines = exit === EXIT.bug ? `${message}\n` : `candlelake: ${message}\n  next: ${next}\n`;
  process.stderr.write(
    style === "json" ? errorLine(command, "ERROR", detail) + summaryLine(command, exit, { code, next }) : lines,
  );
}

/**
 * One message with cause and next command; a stack only for a bug. Returns the exit code.
 * @param line the command line, where it could be read
 */
export async function reportFailure(
  error: unknown,
  argv: readonly string[],
  line: CommandLine | undefined,
): Promise<number> {
  // A reader that has seen enough (`| head`) is no failure.
  if (error instanceof OutputError && error.isReaderGone) return EXIT.ok;
  const { exit, detail } = explain(error, argv, line);
  const command = findCommand(argv, SPECS) ?? "";
  tell(logStyle(optionOf(argv, "--log"), process.env, process.stderr.isTTY === true), command, exit, detail);
  if (!(error instanceof AppError) || optionOf(argv, "--format") !== "json") return exit;
  const steps = STEPS.has(command) ? { steps: [], totals: (await import("./totals.ts")).totals([]) } : {};
  await write(json({ command: command || null, ok: false, ...steps, error: detail })).catch((lost: unknown) => {
    if (!(lost instanceof OutputError)) throw lost;
  });
  return exit;
}
