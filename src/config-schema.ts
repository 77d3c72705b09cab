import { UsageError } from "./core/errors.ts";
import { INTERVALS, PERIODS } from "./core/interval.ts";
import { didYouMean } from "./core/suggest.ts";

export interface Schema {
  readonly type: "object" | "array" | "string" | "boolean";
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: false;
  readonly items?: Schema;
  readonly enum?: readonly string[];
}

const text = (description: string): Schema => ({ type: "string", description });

/** The JSON Schema of the config file: `init` writes it beside the file, and reading checks against the same value. */
export const CONFIG_SCHEMA: Schema & { readonly $schema: string; readonly title: string } = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "candlelake configuration",
  type: "object",
  additionalProperties: false,
  properties: {
    $schema: text("This schema, for editors."),
    data: text("Folder of the lake. Default: data."),
    warehouse: text("duckdb:PATH or bigquery:PROJECT.DATASET. Default: duckdb:<data>/candlelake.duckdb."),
    location: text("Where datasets of BigQuery are made. Default: us-central1."),
    bucket: text("gs://NAME: a copy of the lake in Cloud Storage, from which it also goes on. Default: none."),
    project: text("Google's project for requests that need one. Default: the warehouse's, or the credentials'."),
    synthetic: { type: "boolean", description: "Made data only, in a world of their own. Default: false." },
    endpoints: {
      type: "object",
      description: "Other addresses of the venues and of Google.",
      additionalProperties: false,
      properties: {
        "binance-us-rest": text("Default: https://api.binance.us"),
        "binance-spot-rest": text("Default: https://data-api.binance.vision"),
        "binance-futures-rest": text("Default: https://fapi.binance.com"),
        "binance-archive": text("Bulk files. Default: https://data.binance.vision"),
        "binance-archive-list": text(
          "Their listing, or none. Default: the bucket's; none where the files' address is another.",
        ),
        storage: text("Cloud Storage. Default: https://storage.googleapis.com"),
        bigquery: text("BigQuery. Default: https://bigquery.googleapis.com"),
      },
    },
    "keep-archives": text("Folder that keeps verified bulk files for the next time. Default: they are not kept."),
    series: {
      type: "array",
      description: "What `run` keeps up to date.",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["market", "from"],
        properties: {
          market: {
            type: "string",
            enum: ["spot", "futures"],
            description: "futures: USD-M perpetuals with funding and open interest.",
          },
          venue: {
            type: "string",
            enum: ["binance", "binance-us"],
            description: "Default: binance-us for spot, binance for futures.",
          },
          symbol: text("The venue's spelling, such as BTCUSDT."),
          symbols: { type: "array", description: "Several, in place of `symbol`.", items: text("A symbol.") },
          interval: { type: "string", enum: INTERVALS, description: "Candle length." },
          intervals: {
            type: "array",
            description: "Several, in place of `interval`.",
            items: { type: "string", enum: INTERVALS },
          },
          period: { type: "string", enum: PERIODS, description: "Open interest's period, futures only. Default: 5m." },
          from: text("First day, such as 2025-01-01."),
          source: {
            type: "string",
            enum: ["auto", "rest", "archive"],
            description: "Where rows come from. Default: auto, decided for each day.",
          },
        },
      },
    },
  },
};

/** Where settings are looked at. */
export const NEXT = "candlelake config --help";

/** @param why the rest of a sentence, with its end */
export function refuse(file: string, at: string, why: string): never {
  throw new UsageError("bad-config", `${file}: ${at || "the file"} ${why}`, NEXT);
}

const typeOf = (value: unknown): string => (Array.isArray(value) ? "array" : value === null ? "null" : typeof value);

export function validate(schema: Schema, value: unknown, at: string, file: string): void {
  if (typeOf(value) !== schema.type) refuse(file, at, `must be of type ${schema.type}, not ${typeOf(value)}.`);
  if (value === "") refuse(file, at, "is empty; leave it out.");
  if (schema.enum && !schema.enum.includes(String(value))) {
    const end = didYouMean(String(value), schema.enum);
    refuse(file, at, `cannot be ${JSON.stringify(value)}${end} Known: ${schema.enum.join(" ")}.`);
  }
  if (schema.type === "array" && schema.items) {
    for (const [i, item] of (value as unknown[]).entries()) validate(schema.items, item, `${at}[${i}]`, file);
  }
  if (schema.type !== "object" || !schema.properties) return;
  const members = value as Record<string, unknown>;
  for (const [name, member] of Object.entries(members)) {
    const inner = at ? `${at}.${name}` : name;
    const known = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    if (!known) refuse(file, inner, `is not a setting${didYouMean(name, Object.keys(schema.properties))}`);
    validate(known, member, inner, file);
  }
  for (const name of schema.required ?? [])
    if (!(name in members)) refuse(file, at ? `${at}.${name}` : name, "is missing.");
}
