import type { Context } from "./context.ts";
import { commandHelp, programHelp } from "./help.ts";
import { type CommandLine, parseCommandLine } from "./options.ts";
import { write } from "./output.ts";
import { SPECS } from "./specs.ts";

const EXIT_INTERRUPTED = 130;

async function version(): Promise<string> {
  const { readFileSync } = await import("node:fs");
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

/** Milliseconds. One signal to a process group may arrive twice, once of its own and once passed on by the parent. */
const SAME_SIGNAL = 500;

/** The first Ctrl-C asks the work to stop cleanly, the second one ends the process at once. */
function stopOnSignal(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  const stop = () => {
    if (!controller.signal.aborted) {
      first = performance.now();
      controller.abort();
    } else if (performance.now() - first > SAME_SIGNAL) process.exit(EXIT_INTERRUPTED);
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, stop);
  return controller.signal;
}

interface CommandModule {
  run(context: Context): Promise<number>;
}

/** A command's code is read when it is called, not before: start-up stays light. */
const COMMANDS: Readonly<Record<string, () => Promise<CommandModule>>> = {
  completion: () => import("./commands/completion.ts"),
  config: () => import("./commands/config.ts"),
  demo: () => import("./commands/demo.ts"),
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
};

async function dispatch(line: CommandLine): Promise<number> {
  const { Context } = await import("./context.ts");
  const command = await COMMANDS[line.command]?.();
  if (!command) throw new Error(`${line.command} has words but no code`);
  return command.run(new Context(line, stopOnSignal()));
}

/** Runs a command line and returns its exit code. Data go to standard output, everything else to standard error. */
export async function main(argv: readonly string[]): Promise<number> {
  // A reader that has seen enough (`| head`) is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  try {
    const line = parseCommandLine(argv, SPECS);
    if (line.options.has("version")) {
      await write(`${await version()}\n`);
      return 0;
    }
    const spec = SPECS.find((candidate) => candidate.name === line.command);
    if (!spec || line.options.has("help")) {
      await write(spec ? commandHelp(spec) : programHelp(SPECS));
      return 0;
    }
    return await dispatch(line);
  } catch (error) {
    const { reportFailure } = await import("./failure.ts");
    return reportFailure(error, argv);
  }
}
