import { UsageError } from "../core/errors.ts";
import { didYouMean } from "../core/suggest.ts";
import { GLOBAL_OPTIONS } from "./option-specs.ts";
import type { CommandSpec, OptionSpec } from "./spec.ts";

export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
  readonly options: ReadonlyMap<string, string | true>;
  /** As it was typed. */
  readonly argv: readonly string[];
}

const spelled = (spec: OptionSpec): string[] => [spec.name, ...(spec.alias ? [spec.alias] : [])];

const helpOf = (command: string): string => `candlelake ${command ? `${command} ` : ""}--help`;

function findOption(known: readonly OptionSpec[], name: string, command: string): OptionSpec {
  const found = known.find((spec) => spelled(spec).includes(name));
  if (found) return found;
  throw new UsageError(
    "unknown-option",
    `There is no option --${name}${command ? ` of ${command}` : ""}${didYouMean(name, known.flatMap(spelled), "--")}`,
    helpOf(command),
  );
}

function findShort(known: readonly OptionSpec[], word: string, command: string): OptionSpec {
  const found = known.find((option) => `-${option.short}` === word);
  if (found) return found;
  throw new UsageError(
    "unknown-option",
    `There is no option ${word}${command ? ` of ${command}` : ""}.`,
    helpOf(command),
  );
}

function readValue(spec: OptionSpec, given: string | undefined, rest: string[], command: string): string | true {
  if (!spec.value) {
    if (given === undefined) return true;
    throw new UsageError("bad-option", `--${spec.name} takes no value.`, helpOf(command));
  }
  const value = given ?? (rest[0]?.startsWith("-") ? undefined : rest.shift());
  if (value === undefined || value === "") {
    throw new UsageError("bad-option", `--${spec.name} needs a value: --${spec.name} ${spec.value}.`, helpOf(command));
  }
  if (spec.choices && !spec.choices.includes(value)) {
    throw new UsageError(
      "bad-option",
      `--${spec.name} ${JSON.stringify(value)} is not one of ${spec.choices.join(" ")}${didYouMean(value, spec.choices)}`,
      helpOf(command),
    );
  }
  return value;
}

/** The command that a line names, before its options are known: the first word that is no option or value of one. */
export function findCommand(argv: readonly string[], specs: readonly CommandSpec[]): string | undefined {
  const options = [...GLOBAL_OPTIONS, ...specs.flatMap((spec) => spec.options)];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] as string;
    if (!word.startsWith("-")) return word;
    const names = (option: OptionSpec) => [`-${option.short}`, ...spelled(option).map((name) => `--${name}`)];
    if (options.find((option) => names(option).includes(word))?.value) i++;
  }
  return undefined;
}

/** SQL may begin with a comment, and a comment begins like an option: but no option has a blank in its name. */
const isOption = (word: string): boolean => word.length > 1 && /^-[^\s=]*(?:=|$)/.test(word);

/**
 * Reads a command line strictly.
 * @param specs every command there is
 * @throws UsageError naming the word at fault and the one that was probably meant
 */
export function parseCommandLine(argv: readonly string[], specs: readonly CommandSpec[]): CommandLine {
  const name = findCommand(argv, specs) ?? "";
  const spec = specs.find((candidate) => candidate.name === name);
  if (name && !spec) {
    // A misspelt option before it may have made a command of its value.
    const all = [...GLOBAL_OPTIONS, ...specs.flatMap((candidate) => candidate.options)];
    for (const word of argv.slice(0, argv.indexOf(name))) {
      if (word.startsWith("--")) findOption(all, word.slice(2).split("=")[0] as string, "");
    }
    const names = specs.map((candidate) => candidate.name);
    throw new UsageError(
      "unknown-command",
      `There is no command ${JSON.stringify(name)}${didYouMean(name, names)}`,
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
    } else if (isOption(word)) {
      const [flag = "", ...value] = word.split("=");
      const option = flag.startsWith("--") ? findOption(known, flag.slice(2), name) : findShort(known, flag, name);
      set(options, option, readValue(option, value.length > 0 ? value.join("=") : undefined, rest, name), name);
    } else words.push(word);
  }
  const args = words.slice(1);
  if (spec && !options.has("help") && !options.has("version")) checkArgs(spec, args);
  return { command: name, args, options, argv };
}

/** Of two values one would be lost, and nobody would know which. */
function set(options: Map<string, string | true>, { name }: OptionSpec, value: string | true, command: string): void {
  const before = options.get(name);
  if (before !== undefined && before !== value) {
    throw new UsageError(
      "bad-option",
      `--${name} is given twice: ${JSON.stringify(before)} and ${JSON.stringify(value)}. Name one.`,
      helpOf(command),
    );
  }
  options.set(name, value);
}

function checkArgs(spec: CommandSpec, args: readonly string[]): void {
  const usage = `candlelake ${spec.name} ${spec.args}`.trim();
  if (args.length < spec.minArgs)
    throw new UsageError("missing-argument", `Something is missing: ${usage}.`, helpOf(spec.name));
  const extra = args[spec.maxArgs];
  if (extra !== undefined) {
    throw new UsageError(
      "extra-argument",
      `${JSON.stringify(extra)} is one word too many: ${usage}.`,
      helpOf(spec.name),
    );
  }
  const [first] = args;
  if (first !== undefined && spec.argChoices && !spec.argChoices.includes(first)) {
    throw new UsageError(
      "bad-argument",
      `${JSON.stringify(first)} is not one of ${spec.argChoices.join(" ")}${didYouMean(first, spec.argChoices)}`,
      helpOf(spec.name),
    );
  }
}
