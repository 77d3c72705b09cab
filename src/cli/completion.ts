import { GLOBAL_OPTIONS } from "./option-specs.ts";
import type { CommandSpec, OptionSpec } from "./spec.ts";

const spellings = (option: OptionSpec): string[] => [
  `--${option.name}`,
  ...(option.alias ? [`--${option.alias}`] : []),
  ...(option.short ? [`-${option.short}`] : []),
];

const flags = (spec: CommandSpec): string[] => [...spec.options, ...GLOBAL_OPTIONS].map((option) => `--${option.name}`);

/** Words that may stand after the command itself, and its options. */
const wordsOf = (spec: CommandSpec): string =>
  [...(spec.argChoices ?? spec.argSuggestions ?? []), ...flags(spec)].join(" ");

const valuesOf = (option: OptionSpec): readonly string[] => option.choices ?? option.suggestions ?? [];

const names = (specs: readonly CommandSpec[]): string => specs.map((spec) => spec.name).join(" ");

/** Each spelling of an option that takes a value, with the values worth offering; none where any file or word may stand. */
function values(specs: readonly CommandSpec[]): (readonly [spellings: string, values: string])[] {
  const options = [...GLOBAL_OPTIONS, ...specs.flatMap((spec) => spec.options)].filter((option) => option.value);
  return [...new Map(options.map((option) => [option.name, option])).values()].map((option) => [
    spellings(option).join("|"),
    valuesOf(option).join(" "),
  ]);
}

function bash(specs: readonly CommandSpec[]): string {
  const before = values(specs).map(([option, words]) => `    ${option}) words="${words}" ;;`);
  const after = specs.map((spec) => `        ${spec.name}) words="${wordsOf(spec)}" ;;`);
  return `_candlelake() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  case "$previous" in
${before.join("\n")}
    *)
      case "\${COMP_WORDS[1]}" in
${after.join("\n")}
      esac
      [ "$COMP_CWORD" -eq 1 ] && words="${names(specs)} --help --version"
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _candlelake candlelake
`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function zsh(specs: readonly CommandSpec[]): string {
  const commands = specs.map((spec) => `    ${quoted(`${spec.name}:${spec.summary}`)}`);
  const before = values(specs).map(([option, words]) =>
    words ? `    ${option}) compadd -- ${words}; return ;;` : `    ${option}) _files; return ;;`,
  );
  const after = specs.map((spec) => `    ${spec.name}) compadd -- ${wordsOf(spec)} ;;`);
  return `#compdef candlelake
_candlelake() {
  local -a commands=(
${commands.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case "\${words[CURRENT-1]}" in
${before.join("\n")}
  esac
  case "\${words[2]}" in
${after.join("\n")}
  esac
}
compdef _candlelake candlelake
`;
}

function fish(specs: readonly CommandSpec[]): string {
  const line = (condition: string, option: OptionSpec) => {
    const words = valuesOf(option).join(" ");
    const value = option.value ? (words ? ` -x -a ${quoted(words)}` : " -r") : "";
    const short = option.short ? ` -s ${option.short}` : "";
    return `complete -c candlelake ${condition}-l ${option.name}${short}${value} -d ${quoted(option.doc)}`;
  };
  const commands = specs.map(
    (spec) => `complete -c candlelake -f -n __fish_use_subcommand -a ${spec.name} -d ${quoted(spec.summary)}`,
  );
  const own = specs.flatMap((spec) => {
    const condition = `-n '__fish_seen_subcommand_from ${spec.name}' `;
    const first = spec.argChoices ?? spec.argSuggestions;
    const words = first ? [`complete -c candlelake -f ${condition}-a ${quoted(first.join(" "))}`] : [];
    return [...words, ...spec.options.map((option) => line(condition, option))];
  });
  return `${[...commands, ...own, ...GLOBAL_OPTIONS.map((option) => line("", option))].join("\n")}\n`;
}

/** A script that completes commands, their words and their options, made from the same value as the help. */
export function completionScript(shell: "bash" | "zsh" | "fish", specs: readonly CommandSpec[]): string {
  return { bash, zsh, fish }[shell](specs);
}
