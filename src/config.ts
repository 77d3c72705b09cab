import * as path from "node:path";
import { type ConfiguredSeries, readFile, readSeries } from "./config-file.ts";
import { CONFIG_SCHEMA, NEXT, validate } from "./config-schema.ts";
import { type BigQueryPlace, DATASET } from "./core/bigquery-place.ts";
import { parseBytes } from "./core/bytes.ts";
import { UsageError } from "./core/errors.ts";
import { addressOf, checkEndpoint, DEFAULT_ENDPOINTS, ENDPOINT_VARIABLES, type Endpoints } from "./endpoints.ts";
import { NONE, readBucket, readWarehouse } from "./places.ts";

export const CONFIG_FILE = "candlelake.config.json";
export const CONFIG_SCHEMA_FILE = "candlelake.config.schema.json";

/** Everything that decides what a command does, complete and frozen. */
export interface Config {
  readonly data: string;
  /** `duckdb:PATH` or `bigquery:PROJECT.DATASET`. */
  readonly warehouse: string;
  /** Its parts, where it is BigQuery's. */
  readonly bigquery: BigQueryPlace | undefined;
  /** Name of the bucket beside the lake's folder; undefined where there is none. */
  readonly bucket: string | undefined;
  /** Google's project that is named, for requests that need one. */
  readonly project: string | undefined;
  readonly synthetic: boolean;
  readonly endpoints: Endpoints;
  /** Folder that keeps verified archive files; undefined where they are not kept. */
  readonly keepArchives: string | undefined;
  readonly series: readonly ConfiguredSeries[];
}

export type Origin = "flag" | "environment" | "file" | "default";

export interface Resolved {
  readonly config: Config;
  readonly origins: Readonly<
    Record<string, { readonly value: string; readonly origin: Origin; readonly from: string }>
  >;
  /** The file that was read, if any. */
  readonly file: string | undefined;
}

/** What the command line gave; undefined where a flag was left out. */
export interface Flags {
  readonly config?: string | undefined;
  readonly data?: string | undefined;
  readonly warehouse?: string | undefined;
  readonly project?: string | undefined;
  readonly dataset?: string | undefined;
  readonly location?: string | undefined;
  readonly bucket?: string | undefined;
  readonly synthetic?: boolean | undefined;
  readonly keepArchives?: string | undefined;
  /** `500M`, `10G`, or bytes. */
  readonly maxBytes?: string | undefined;
  /** Of the library alone: no flag changes an address. */
  readonly endpoints?: Partial<Endpoints> | undefined;
}

const TRUE = new Set(["1", "true", "yes"]);
const FALSE = new Set(["", "0", "false", "no"]);

function readSwitch(name: string, value: string): boolean {
  if (TRUE.has(value.toLowerCase())) return true;
  if (FALSE.has(value.toLowerCase())) return false;
  throw new UsageError("bad-environment", `${name}=${value}: write 1 or 0.`, NEXT);
}

/** Options of the library, where nobody's compiler may have looked. @throws UsageError */
export function checkOptions<T extends object>(options: T, caller: string): T {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  validate(CONFIG_SCHEMA, Object.fromEntries(given), "", caller);
  return options;
}

/** Where datasets are made where nothing is said. */
export const DEFAULT_LOCATION = "us-central1";

/** `--project` is short for a warehouse of BigQuery's; beside another one it would be lost. */
function refuseHalves({ warehouse, project, dataset }: Flags): void {
  if (project !== undefined && warehouse !== undefined)
    throw new UsageError("bad-option", "--project and --warehouse both name a warehouse: leave one out.", NEXT);
  if (dataset !== undefined && project === undefined)
    throw new UsageError("bad-option", `--dataset ${dataset} needs --project PROJECT beside it.`, NEXT);
}

/** Flags before environment before file before defaults. @throws UsageError naming the setting and where it came from */
export function resolveConfig(flags: Flags, environment: Readonly<Record<string, string | undefined>>): Resolved {
  const name = flags.config ?? CONFIG_FILE;
  const file = readFile(name, flags.config !== undefined);
  const origins: Record<string, { value: string; origin: Origin; from: string }> = {};
  const pick = (setting: string, candidates: readonly (readonly [Origin, string, string | undefined])[]): string => {
    for (const [origin, from, value] of candidates) {
      if (value === undefined || value === "") continue;
      origins[setting] = { value, origin, from };
      return value;
    }
    throw new Error(`${setting} has no default`);
  };
  const data = pick("data", [
    ["flag", "--data", flags.data],
    ["environment", "CANDLELAKE_DATA", environment.CANDLELAKE_DATA],
    ["file", name, file?.data],
    ["default", "", "data"],
  ]);
  const switched = environment.CANDLELAKE_SYNTHETIC;
  const synthetic = pick("synthetic", [
    ["flag", "--synthetic", flags.synthetic === undefined ? undefined : String(flags.synthetic)],
    ["environment", "CANDLELAKE_SYNTHETIC", switched && String(readSwitch("CANDLELAKE_SYNTHETIC", switched))],
    ["file", name, file?.synthetic === undefined ? undefined : String(file.synthetic)],
    ["default", "", "false"],
  ]);
  /** Names a setting in a message, and where it was set. */
  const named = (setting: string, at: string): string => {
    const found = origins[setting];
    return found?.origin === "file" ? `${found.from}: ${at}` : found?.from || at;
  };
  refuseHalves(flags);
  const warehouse = pick("warehouse", [
    ["flag", "--warehouse", flags.warehouse],
    ["flag", "--project", flags.project && `bigquery:${flags.project}.${flags.dataset ?? DATASET}`],
    ["environment", "CANDLELAKE_WAREHOUSE", environment.CANDLELAKE_WAREHOUSE],
    ["file", name, file?.warehouse],
    ["default", "", `duckdb:${path.join(data, "candlelake.duckdb")}`],
  ]);
  const location = pick("location", [
    ["flag", "--location", flags.location],
    ["file", name, file?.location],
    ["default", "", DEFAULT_LOCATION],
  ]);
  const maxBytes = flags.maxBytes === undefined ? undefined : parseBytes(flags.maxBytes, "--max-bytes");
  const bigquery = readWarehouse(warehouse, location.toLowerCase(), maxBytes, named("warehouse", "warehouse"));
  const bucketText = pick("bucket", [
    ["flag", "--bucket", flags.bucket],
    ["environment", "CANDLELAKE_BUCKET", environment.CANDLELAKE_BUCKET],
    ["environment", "DATA_BUCKET", environment.DATA_BUCKET],
    ["file", name, file?.bucket],
    ["default", "", NONE],
  ]);
  const bucket = readBucket(bucketText, named("bucket", "bucket"));
  const project = pick("project", [
    ["flag", "--project", flags.project],
    ["flag", "--warehouse", bigquery?.project],
    ["environment", "GOOGLE_CLOUD_PROJECT", environment.GOOGLE_CLOUD_PROJECT],
    ["file", name, file?.project],
    ["default", "", NONE],
  ]);
  const kept = pick("keep-archives", [
    ["flag", "--keep-archives", flags.keepArchives],
    ["file", name, file?.["keep-archives"]],
    ["default", "", NONE],
  ]);
  const endpoints = { ...DEFAULT_ENDPOINTS };
  for (const key of Object.keys(DEFAULT_ENDPOINTS) as (keyof Endpoints)[]) {
    const variables = ENDPOINT_VARIABLES[key];
    const at = `endpoints.${key}`;
    const isMoved = endpoints["binance-archive"] !== DEFAULT_ENDPOINTS["binance-archive"];
    const address = pick(key, [
      ["flag", at, flags.endpoints?.[key]],
      ...variables.map((variable) => ["environment", variable, addressOf(variable, environment[variable])] as const),
      ["file", name, file?.endpoints?.[key]],
      ["default", "", key === "binance-archive-list" && isMoved ? NONE : DEFAULT_ENDPOINTS[key]],
    ]);
    if (key === "binance-archive-list" && address === NONE) {
      endpoints[key] = NONE;
      continue;
    }
    endpoints[key] = checkEndpoint(address, named(key, at));
  }
  const series = file ? readSeries(file, name) : [];
  origins.series = {
    value: String(series.length),
    origin: file?.series ? "file" : "default",
    from: file?.series ? name : "",
  };
  const config: Config = {
    data,
    warehouse,
    bigquery,
    bucket,
    project: project === NONE ? undefined : project,
    synthetic: synthetic === "true",
    endpoints: Object.freeze(endpoints),
    keepArchives: kept === NONE ? undefined : kept,
    series: Object.freeze(series),
  };
  return { config: Object.freeze(config), origins, file: file && name };
}
