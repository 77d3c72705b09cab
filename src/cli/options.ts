import { UsageError } from "../core/errors.ts";
import { nearest } from "../core/suggest.ts";

export interface OptionSpec {
  readonly name: string;
  /** Placeholder of the value; none for a switch. */
  readonly value?: string;
  readonly short?: string;
  readonly doc: string;
  readonly choices?: readonly string[];
  /** Another spelling of an option, for people who come from elsewhere. */
  readonly alias?: string;
}

export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  /** Positional arguments as the usage line shows them. */
  readonly args: string;
  readonly minArgs: number;
  readonly maxArgs: number;
  /** Words that the first argument may be, where they are known. */
  readonly argChoices?: readonly string[];
  readonly options: readonly OptionSpec[];
  readonly examples: readonly string[];
  /** More than a line, where the summary is not enough. */
  readonly about?: string;
}

export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { name: "config", value: "FILE", doc: "Settings file (default: candlelake.config.json, if it is there)" },
  { name: "data", value: "DIR", doc: "Folder of the lake (default: data)" },
  { name: "warehouse", value: "URL", doc: "duckdb:PATH (default: duckdb:<data>/candlelake.duckdb)" },
  { name: "synthetic", alias: "dummy", doc: "Made data, in a world of their own" },
  {
    name: "format",
    value: "FORMAT",
    doc: "text, json, csv or ndjson (default: text)",
    choices: ["text", "json", "csv", "ndjson"],
  },
  { name: "quiet", short: "q", doc: "No talk but errors" },
  { name: "verbose", short: "v", doc: "A line for every step" },
  { name: "no-progress", doc: "No progress line" },
  { name: "help", short: "h", doc: "This text" },
  { name: "version", doc: "The version" },
];

/** Options of the contract that need a part of candlelake that this version lacks. */
const NOT_YET: Readonly<Record<string, string>> = {
  bucket: "Cloud Storage",
  project: "BigQuery",
  dataset: "BigQuery",
  location: "BigQuery",
};

export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
  readonly options: ReadonlyMap<string, string | true>;
}

const spelled = (spec: OptionSpec): string[] => [spec.name, ...(spec.alias ? [spec.alias] : [])];

function findOption(known: readonly OptionSpec[], name: string, command: string): OptionSpec {
  const found = known.find((spec) => spelled(spec).includes(name));
  if (found) return found;
  const help = `candlelake ${command ? `${command} ` : ""}--help`;
  const missing = NOT_YET[name];
  if (missing)
    throw new UsageError(
      "not-in-this-version",
      `--${name} needs ${missing}, which this version does not have. Leave it out.`,
      help,
    );
  const guess = nearest(name, known.flatMap(spelled));
  throw new UsageError(
    "unknown-option",
    `There is no option --${name}${guess ? `; did you mean --${guess}?` : ""}`,
    help,
  );
}

function readValue(spec: OptionSpec, given: string | undefined, rest: string[], command: string): string | true {
  const help = `candlelake ${command ? `${command} ` : ""}--help`;
  if (!spec.value) {
    if (given === undefined) return true;
    throw new UsageError("bad-option", `--${spec.name} takes no value.`, help);
  }
  const value = given ?? rest.shift();
  if (value === undefined || value === "" || (given === undefined && value.startsWith("--"))) {
    throw new UsageError("bad-option", `--${spec.name} needs a value: --${spec.name} ${spec.value}.`, help);
  }
  if (spec.choices && !spec.choices.includes(value)) {
    const guess = nearest(value, spec.choices);
    throw new UsageError(
      "bad-option",
      `--${spec.name} ${JSON.stringify(value)} is not one of ${spec.choices.join(" ")}${guess ? `; did you mean ${guess}?` : ""}`,
      help,
    );
  }
  return value;
}

/** The command that a line names, before its options are known: the first word that is no option or value of one. */
function findCommand(argv: readonly string[]): string | undefined {
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] as string;
    if (!word.startsWith("-")) return word;
    const spec = GLOBAL_OPTIONS.find(
      (option) => spelled(option).some((name) => `--${name}` === word) || `-${option.short}` === word,
    );
    if (spec?.value) i++;
  }
  return undefined;
}

/**
 * Reads a command line strictly.
 * @param specs every command there is
 * @throws UsageError naming the word at fault and the one that was probably meant
 */
export function parseCommandLine(argv: readonly string[], specs: readonly CommandSpec[]): CommandLine {
  const name = findCommand(argv) ?? "";
  const spec = specs.find((candidate) => candidate.name === name);
  if (name && !spec) {
    const guess = nearest(
      name,
      specs.map((candidate) => candidate.name),
    );
    throw new UsageError(
      "unknown-command",
      `There is no command ${JSON.stringify(name)}${guess ? `; did you mean ${guess}?` : ""}`,
      "candlelake --help",
    );
  }
  const known = [...(spec?.options ?? []), ...GLOBAL_OPTIONS];
  const options = new Map<string, string | true>();
  const words: string[] = [];
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") {
      words.push(...rest.splice(0));
    } else if (word.startsWith("--")) {
      const [flag = "", ...value] = word.slice(2).split("=");
      const option = findOption(known, flag, name);
      options.set(option.name, readValue(option, value.length > 0 ? value.join("=") : undefined, rest, name));
    } else if (/^-[a-zA-Z]$/.test(word)) {
      const short = known.find((option) => option.short === word?.slice(1));
      if (!short)
        throw new UsageError(
          "unknown-option",
          `There is no option ${word}.`,
          `candlelake ${name ? `${name} ` : ""}--help`,
        );
      options.set(short.name, readValue(short, undefined, rest, name));
    } else words.push(word);
  }
  const args = words.slice(1);
  if (spec && !options.has("help") && !options.has("version")) checkArgs(spec, args);
  return { command: name, args, options };
}

function checkArgs(spec: CommandSpec, args: readonly string[]): void {
  const help = `candlelake ${spec.name} --help`;
  const usage = `candlelake ${spec.name} ${spec.args}`.trim();
  if (args.length < spec.minArgs) throw new UsageError("missing-argument", `Something is missing: ${usage}.`, help);
  if (args.length > spec.maxArgs)
    throw new UsageError(
      "extra-argument",
      `${JSON.stringify(args[spec.maxArgs])} is one word too many: ${usage}.`,
      help,
    );
  const [first] = args;
  if (first !== undefined && spec.argChoices && !spec.argChoices.includes(first)) {
    const guess = nearest(first, spec.argChoices);
    throw new UsageError(
      "bad-argument",
      `${JSON.stringify(first)} is not one of ${spec.argChoices.join(" ")}${guess ? `; did you mean ${guess}?` : ""}`,
      help,
    );
  }
}
