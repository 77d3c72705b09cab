import { AppError, EXIT } from "../core/errors.ts";
import { again, detailFor } from "./next.ts";
import { type CommandLine, findCommand } from "./options.ts";
import { json, OutputError, write } from "./output.ts";
import { SPECS } from "./specs.ts";

/** Answers of commands that take steps have these, however they end. */
const STEPS = new Set(["ingest", "load", "run", "plan"]);

const wantsJson = (argv: readonly string[]): boolean =>
  argv.some((word, i) => word === "--format=json" || (word === "--format" && argv[i + 1] === "json"));

/**
 * One message with cause and next command; a stack only for a bug. Returns the exit code.
 * @param line the command line, where it could be read
 */
export async function reportFailure(
  error: unknown,
  argv: readonly string[],
  line: CommandLine | undefined,
): Promise<number> {
  if (error instanceof OutputError) {
    // A reader that has seen enough (`| head`) is no failure.
    if (error.isReaderGone) return EXIT.ok;
    process.stderr.write(`candlelake: ${error.message}\n  next: ${again(argv)}\n`);
    return EXIT.environment;
  }
  if (!(error instanceof AppError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`This is a bug in candlelake:\n${stack}\n`);
    return EXIT.bug;
  }
  const detail = line ? detailFor(error.detail, line) : error.detail;
  process.stderr.write(`candlelake: ${detail.message}\n  next: ${detail.next}\n`);
  if (!wantsJson(argv)) return error.exitCode;
  const command = findCommand(argv, SPECS) ?? null;
  const steps = STEPS.has(command ?? "") ? { steps: [], totals: (await import("./totals.ts")).totals([]) } : {};
  await write(json({ command, ok: false, ...steps, error: detail })).catch((lost: unknown) => {
    if (!(lost instanceof OutputError)) throw lost;
  });
  return error.exitCode;
}
