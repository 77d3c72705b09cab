import { GLOBAL_OPTIONS } from "./option-specs.ts";
import type { CommandSpec, OptionSpec } from "./spec.ts";

const left = (option: OptionSpec): string =>
  `${option.short ? `-${option.short}, ` : ""}--${option.name}${option.value ? ` ${option.value}` : ""}`;

function aligned(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, doc]) => `  ${name.padEnd(width)}  ${doc}`.trimEnd()).join("\n");
}

const optionRows = (options: readonly OptionSpec[]): [string, string][] =>
  options.map((option) => [left(option), option.alias ? `${option.doc} (also --${option.alias})` : option.doc]);

export function programHelp(specs: readonly CommandSpec[]): string {
  return `candlelake: market data of Binance as a checked lake of Parquet files and a warehouse.

Usage: candlelake COMMAND [options]

Commands:
${aligned(specs.map((spec) => [spec.name, spec.summary]))}

Options of every command:
${aligned(optionRows(GLOBAL_OPTIONS))}

Examples:
  candlelake demo
  candlelake ingest spot --symbol BTCUSDT --interval 1h --from 2025-01-01
  candlelake load
  candlelake query "SELECT max(open_time) FROM spot_klines"

candlelake COMMAND --help tells more. Data go to standard output, talk to standard error.
`;
}

export function commandHelp(spec: CommandSpec): string {
  const own = spec.options.length > 0 ? `Options:\n${aligned(optionRows(spec.options))}\n\n` : "";
  return `candlelake ${spec.name}: ${spec.summary}
${spec.about ? `\n${spec.about}\n` : ""}
Usage: ${`candlelake ${spec.name} ${spec.args}`.trim()} [options]

${own}Options of every command:
${aligned(optionRows(GLOBAL_OPTIONS))}

Examples:
${spec.examples.map((example) => `  ${example}`).join("\n")}
`;
}
