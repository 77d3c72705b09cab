// Writes the reference pages that are made from the program itself: `npm run docs`. A test fails where they are stale.
import { realpathSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { GLOBAL_OPTIONS } from "../src/cli/option-specs.ts";
import type { CommandSpec, OptionSpec } from "../src/cli/spec.ts";
import { SPECS } from "../src/cli/specs.ts";
import { CONFIG_FILE } from "../src/config.ts";
import { DEFAULT_ENDPOINTS, ENDPOINT_VARIABLES, type Endpoints } from "../src/endpoints.ts";
import { columnsMarkdown } from "../src/market/schema-text.ts";
import { TABLES } from "../src/market/tables.ts";

const MADE = "<!-- Made by `npm run docs`; change the program, not this page. -->";

const cell = (text: string): string => text.replaceAll("|", "\\|");

function optionCell({ name, short, alias, value }: OptionSpec): string {
  const spellings = [...(short ? [`-${short}`] : []), `--${name}`, ...(alias ? [`--${alias}`] : [])];
  return spellings.map((spelling) => `\`${spelling}${value ? ` ${value}` : ""}\``).join(", ");
}

const optionTable = (options: readonly OptionSpec[]): string =>
  [
    "| option | what |",
    "|---|---|",
    ...options.map((option) => `| ${optionCell(option)} | ${cell(option.doc)} |`),
  ].join("\n");

function commandPart(spec: CommandSpec): string {
  return [
    `### ${spec.name}`,
    `${spec.summary}.${spec.about ? ` ${spec.about}` : ""}`,
    `\`\`\`\ncandlelake ${`${spec.name} ${spec.args}`.trim()} [options]\n\`\`\``,
    ...(spec.options.length > 0 ? [optionTable(spec.options)] : []),
    `\`\`\`sh\n${spec.examples.join("\n")}\n\`\`\``,
  ].join("\n\n");
}

const settingRows = (): string[] => [
  "| data folder | `--data` | `CANDLELAKE_DATA` | `data` | `data` |",
  "| warehouse | `--warehouse` | `CANDLELAKE_WAREHOUSE` | `warehouse` | `duckdb:<data>/candlelake.duckdb` |",
  "| bucket | `--bucket` | `CANDLELAKE_BUCKET`, else `DATA_BUCKET` | `bucket` | none: the folder alone |",
  "| Google's project | `--project` | `GOOGLE_CLOUD_PROJECT` | `project` | the warehouse's, or the credentials' |",
  "| location of new datasets | `--location` | | `location` | `us-central1` |",
  "| made data only | `--synthetic` | `CANDLELAKE_SYNTHETIC=1` | `synthetic` | off |",
  ...(Object.keys(DEFAULT_ENDPOINTS) as (keyof Endpoints)[]).map(
    (key) =>
      `| address of ${key} | | \`${ENDPOINT_VARIABLES[key].join("`, else `")}\` | \`endpoints.${key}\` | \`${DEFAULT_ENDPOINTS[key]}\` |`,
  ),
  "| series that `run` keeps up to date | | | `series` | none |",
];

const cliPage = (): string => `# The command line

${MADE}

\`\`\`
candlelake COMMAND [options]
\`\`\`

Data go to standard output, talk to standard error. Nothing has colours. Progress is shown on a terminal; elsewhere long
work says a line now and then.

${SPECS.map(({ name, summary }) => `- [${name}](#${name}): ${summary}`).join("\n")}

## Options of every command

${optionTable(GLOBAL_OPTIONS)}

## Settings

A flag comes before the environment, the environment before the file (\`${CONFIG_FILE}\`, which \`candlelake init\`
writes), the file before the default. \`candlelake config\` prints each value and where it came from.

| setting | flag | environment | in the file | default |
|---|---|---|---|---|
${settingRows().join("\n")}

\`HTTP_PROXY\`, \`HTTPS_PROXY\` and \`NO_PROXY\` are honoured.

Made data are a world of their own: \`<data>/synthetic/\`, a DuckDB file and schemas with the suffix \`_synthetic\`. They
come from a stand-in where an address was changed to one (\`candlelake twin\`), else from the built-in generator.

## Times

\`2025-01-01\` is a UTC day, \`2025-01\` a month; an instant ends with \`Z\` or an offset (\`2025-01-01T12:00Z\`). Ranges are
half-open: \`--from 2025-01-01 --to 2025-01-03\` are two days. \`ingest\` widens a range to whole days, \`load\` to whole
months, and each says so. Without \`--to\` a range ends with the last closed candle, by the venue's clock.

## Exit codes

| code | meaning |
|---|---|
| 0 | all is there; nothing to do is a success too |
| 1 | some partitions failed or had to wait, and the others are done |
| 2 | the request cannot be meant: nothing was touched |
| 3 | stored or received data are not what they claim to be |
| 4 | the venue, the disk or the warehouse refused |
| 130 | stopped by a signal; what was finished is kept, and the same command goes on |
| 70 | a bug, with its stack |

Every error names its cause, the file or partition, and a command to go on with.

## Answers in JSON

\`--format json\` prints one document. Commands that take steps answer
\`{"command", "ok", "steps", "totals", "error"}\`. A step has \`action\` (\`fetch\`, \`derive\`, \`upload\`, \`load\`), \`table\`, \`status\`
(\`planned\`, \`done\`, \`unchanged\`, \`failed\`, \`deferred\`), \`reason\` and \`rows\`; one of the lake has \`venue\`,
\`market\`, \`symbol\`, \`interval\`, \`day\`, \`source\`, \`bytes\`, \`path\` (relative to the lake), \`sha256\`, \`gaps\`,
\`revised\` and \`quarantined\`, one of the warehouse has \`month\`. A step that went wrong has
\`error: {code, message, next}\`. In \`totals\`, \`requests\` are all that the command asked of venues from its start, clocks,
first candles and repeated tries (\`retries\`) included, those of a dry run too; \`loadJobs\` are the jobs that were run to bring
rows to the warehouse (BigQuery: usually one a month and table; DuckDB: always); everything else is a sum over the steps.
Nothing to do is \`"steps": []\` and totals of 0. A command that fails as a whole says \`"ok": false\` and \`error\`.

With a bucket or BigQuery there is a \`receipt\`: \`objects\`, \`bytesUploaded\` (manifests included), \`bytesDownloaded\`,
\`storageRequests\` (\`lists\`, \`reads\`, \`writes\`, \`others\`), \`storageRetries\`, \`warehouseRequests\`, \`loadJobs\`,
\`ledgerJobs\`, \`copyJobs\`, \`rowsLoaded\`, \`bytesLoaded\`, \`bytesBilled\` and \`monthUsd\`,
what a month of hourly runs would cost. \`status\` then has \`foreign\`: \`uri\`, \`difference\` and \`next\` of each object that is
none of the lake's. \`foreignTables\` (\`code\`, \`message\`, \`next\`) names tables of the warehouse that stand in the place of
ours: nothing is loaded into them. Where the warehouse has months that the lake no longer has, \`status\`, \`load\` and \`run\` say so in \`gone\`:
\`table\`, \`month\`, \`rows\`, \`series\` (each with the \`content\` and \`rows\` of the ledger) and \`next\`. They stay until
\`load --prune\` takes them. \`setup\` answers \`created\`, \`exists\`, \`differs\` (\`table\`, \`difference\`, \`next\`) and
\`failed\` (\`name\`, \`error\`): a dataset that may not be made or looked at, while the rest was.

\`query\` answers with an array of row objects: times are ISO 8601 with \`Z\`, integers beyond
2^53 are text.

## Commands

${SPECS.map(commandPart).join("\n\n")}
`;

const tablesPage = (): string => `# The tables

${MADE}

One Parquet file a series and UTC day, under the data folder: \`<table>/interval=1h/yyyy=2025/mm=01/dd=01/…\`. Times are
UTC with microseconds. What is not available is NULL: never NaN, never 0, never a neighbour's value. The same columns,
with types of their own, are printed by \`candlelake schema [TABLE] --as duckdb|parquet|typescript|markdown\`.

${TABLES.map(columnsMarkdown).join("\n")}`;

/** The text of every page that is made, by its path in the repository. */
export const pages = (): Readonly<Record<string, string>> => ({
  "docs/cli.md": cliPage(),
  "docs/tables.md": tablesPage(),
});

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  for (const [file, text] of Object.entries(pages())) writeFileSync(new URL(`../${file}`, import.meta.url), text);
}
