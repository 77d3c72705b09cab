import { AppError, EXIT } from "../core/errors.ts";
import { json, write } from "./output.ts";
import { SPECS } from "./specs.ts";

const wantsJson = (argv: readonly string[]): boolean =>
  argv.some((word, i) => word === "--format=json" || (word === "--format" && argv[i + 1] === "json"));

/** One message with cause and next command; a stack only for a bug. Returns the exit code. */
export async function reportFailure(error: unknown, argv: readonly string[]): Promise<number> {
  if (!(error instanceof AppError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`This is a bug in candlelake:\n${stack}\n`);
    return EXIT.bug;
  }
  process.stderr.write(`candlelake: ${error.message}\n  next: ${error.next}\n`);
  if (wantsJson(argv)) {
    const command = SPECS.find((spec) => argv.includes(spec.name))?.name ?? null;
    await write(json({ command, ok: false, error: error.detail }));
  }
  return error.exitCode;
}
