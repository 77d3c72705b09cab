import type { CommandSpec, OptionSpec } from "./options.ts";
import { GLOBAL_OPTIONS } from "./specs.ts";

const flags = (spec: CommandSpec): string[] => [...spec.options, ...GLOBAL_OPTIONS].map((option) => `--${option.name}`);
const names = (specs: readonly CommandSpec[]): string => specs.map((spec) => spec.name).join(" ");

function bash(specs: readonly CommandSpec[]): string {
  const cases = specs.map(
    (spec) => `    ${spec.name}) words="${[...(spec.argChoices ?? []), ...flags(spec)].join(" ")}" ;;`,
  );
  return `_candlelake() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words="${names(specs)}"
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  [ "$COMP_CWORD" -eq 1 ] && words="${names(specs)}"
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _candlelake candlelake
`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function zsh(specs: readonly CommandSpec[]): string {
  const commands = specs.map((spec) => `    ${quoted(`${spec.name}:${spec.summary}`)}`);
  const cases = specs.map(
    (spec) => `    ${spec.name}) compadd -- ${[...(spec.argChoices ?? []), ...flags(spec)].join(" ")} ;;`,
  );
  return `#compdef candlelake
_candlelake() {
  local -a commands=(
${commands.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case "\${words[2]}" in
${cases.join("\n")}
  esac
  _files
}
compdef _candlelake candlelake
`;
}

function fish(specs: readonly CommandSpec[]): string {
  const line = (condition: string, option: OptionSpec) =>
    `complete -c candlelake ${condition}-l ${option.name}${option.value ? " -r" : ""} -d ${quoted(option.doc)}`;
  const commands = specs.map(
    (spec) => `complete -c candlelake -f -n __fish_use_subcommand -a ${spec.name} -d ${quoted(spec.summary)}`,
  );
  const own = specs.flatMap((spec) => {
    const condition = `-n '__fish_seen_subcommand_from ${spec.name}' `;
    const words = spec.argChoices
      ? [`complete -c candlelake -f ${condition}-a ${quoted(spec.argChoices.join(" "))}`]
      : [];
    return [...words, ...spec.options.map((option) => line(condition, option))];
  });
  return `${[...commands, ...own, ...GLOBAL_OPTIONS.map((option) => line("", option))].join("\n")}\n`;
}

/** A script that completes commands, their words and their options, made from the same value as the help. */
export function completionScript(shell: "bash" | "zsh" | "fish", specs: readonly CommandSpec[]): string {
  return { bash, zsh, fish }[shell](specs);
}
