import type { Context } from "./context.ts";
import type { CommandLine } from "./options.ts";

const EXIT_INTERRUPTED = 130;

interface CommandModule {
  run(context: Context): Promise<number>;
}

/** A command's code is read when it is called, not before: start-up stays light. */
const COMMANDS: Readonly<Record<string, () => Promise<CommandModule>>> = {
  completion: () => import("./commands/completion.ts"),
  config: () => import("./commands/config.ts"),
  demo: () => import("./commands/demo.ts"),
  clean: () => import("./commands/clean.ts"),
  export: () => import("./commands/export.ts"),
  ingest: () => import("./commands/ingest.ts"),
  init: () => import("./commands/init.ts"),
  load: () => import("./commands/load.ts"),
  plan: () => import("./commands/run.ts"),
  query: () => import("./commands/query.ts"),
  run: () => import("./commands/run.ts"),
  schema: () => import("./commands/schema.ts"),
  setup: () => import("./commands/setup.ts"),
  status: () => import("./commands/status.ts"),
  twin: () => import("./commands/twin.ts"),
  upload: () => import("./commands/upload.ts"),
};

async function version(): Promise<string> {
  const { readFileSync } = await import("node:fs");
  const file = new URL("../../package.json", import.meta.url);
  return `${(JSON.parse(readFileSync(file, "utf8")) as { version: string }).version}\n`;
}

async function help(command: string | undefined): Promise<string | undefined> {
  const [{ commandHelp, programHelp }, { SPECS }] = await Promise.all([import("./help.ts"), import("./specs.ts")]);
  if (!command) return programHelp(SPECS);
  const spec = SPECS.find((candidate) => candidate.name === command);
  return spec && commandHelp(spec);
}

/** The answer to a line that asks for words alone: it is there before the rest of the program is read. */
async function words(argv: readonly string[]): Promise<string | undefined> {
  const last = argv.at(-1) ?? "--help";
  if (argv.length > 2) return undefined;
  if (last === "--version" && argv.length === 1) return version();
  return last === "--help" || last === "-h" ? help(argv.length > 1 ? argv[0] : undefined) : undefined;
}

/** Milliseconds. Programs between us and a terminal pass on what we were sent too; no hand is as quick as they are. */
const ECHO = 100;

/**
 * The first Ctrl-C asks the work to stop cleanly, the second one ends the process at once. Each signal is counted for
 * itself: one keystroke may come as a SIGINT from the terminal and as a SIGTERM from the process that started this one.
 */
function stopOnSignal(): AbortSignal {
  const controller = new AbortController();
  const came = new Map<string, number>();
  const stop = (name: string) => {
    const now = performance.now();
    const first = came.get(name) ?? now;
    came.set(name, first);
    if (now - first > ECHO) process.exit(EXIT_INTERRUPTED);
    controller.abort();
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => stop(name));
  return controller.signal;
}

/** Milliseconds for which a command that was stopped may leave something behind that keeps the process. */
const LINGER = 1_000;

async function dispatch(line: CommandLine): Promise<number> {
  const [{ Context }, { setFlagsFromString }] = await Promise.all([import("./context.ts"), import("node:v8")]);
  // Without these V8 lets garbage pile up with the length of the work: years would take far more memory than months.
  setFlagsFromString("--optimize-for-size");
  setFlagsFromString("--semi-space-growth-factor=1");
  const command = await COMMANDS[line.command]?.();
  if (!command) throw new Error(`${line.command} has words but no code`);
  const context = new Context(line, stopOnSignal());
  try {
    const exit = await command.run(context);
    context.conclude(exit);
    return exit;
  } catch (error) {
    throw context.cause(error);
  } finally {
    // Google's clients go on with what they were told to leave.
    if (context.signal.aborted) setTimeout(() => process.exit(), LINGER).unref();
  }
}

/** Runs a command line and returns its exit code. Data go to standard output, everything else to standard error. */
export async function main(argv: readonly string[]): Promise<number> {
  // What cannot be written fails where it is written; a reader of the talk that has gone stops no work.
  process.stdout.on("error", () => undefined);
  process.stderr.on("error", () => undefined);
  const given = argv[0] === "help" ? [...argv.slice(1), "--help"] : argv;
  let line: CommandLine | undefined;
  try {
    const { write } = await import("./output.ts");
    let text = await words(given);
    if (text === undefined) {
      const [{ parseCommandLine }, { SPECS }] = await Promise.all([import("./options.ts"), import("./specs.ts")]);
      line = parseCommandLine(given, SPECS);
      if (line.options.has("version")) text = await version();
      else if (line.options.has("help") || !line.command) text = await help(line.command);
    }
    if (text !== undefined) await write(text);
    else if (line) return await dispatch(line);
    return 0;
  } catch (error) {
    const { reportFailure } = await import("./failure.ts");
    return reportFailure(error, given, line);
  }
}
