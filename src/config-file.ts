import * as fs from "node:fs";
import { CONFIG_SCHEMA, NEXT, refuse, validate } from "./config-schema.ts";
import { UsageError } from "./core/errors.ts";
import { type Interval, type Period, parseInterval, parsePeriod } from "./core/interval.ts";
import { whyUnarchived } from "./core/route.ts";
import { parseSymbol } from "./core/series.ts";
import { shellWord } from "./core/shell.ts";
import { parseTime } from "./core/time.ts";
import type { Endpoints } from "./endpoints.ts";

export interface ConfiguredSeries {
  readonly market: "spot" | "futures";
  readonly venue: "binance" | "binance-us";
  readonly symbol: string;
  readonly interval: Interval;
  readonly period: Period;
  /** Milliseconds. */
  readonly from: number;
  readonly source: "auto" | "rest" | "archive";
}

/** What a config file may say, as its schema has it. */
export interface FileConfig {
  readonly data?: string;
  readonly warehouse?: string;
  readonly location?: string;
  readonly bucket?: string;
  readonly project?: string;
  readonly synthetic?: boolean;
  readonly endpoints?: Partial<Endpoints>;
  readonly series?: readonly {
    market: "spot" | "futures";
    venue?: "binance" | "binance-us";
    symbol?: string;
    symbols?: readonly string[];
    interval?: string;
    intervals?: readonly string[];
    period?: string;
    from: string;
    source?: ConfiguredSeries["source"];
  }[];
  readonly "keep-archives"?: string;
}

/** undefined where there is none and none was named. @throws UsageError `bad-config` */
export function readFile(file: string, named: boolean): FileConfig | undefined {
  let content: string;
  try {
    content = fs.readFileSync(file, "utf8");
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    if (missing && !named) return undefined;
    const why = missing ? "there is no such file" : `it cannot be read (${(error as NodeJS.ErrnoException).code})`;
    throw new UsageError(
      "bad-config",
      `${file}: ${why}.`,
      missing ? `candlelake init --config ${shellWord(file)}` : NEXT,
    );
  }
  let value: unknown;
  try {
    // Some editors begin a file with a mark of its encoding.
    value = JSON.parse(content.replace(/^\uFEFF/, ""));
  } catch (error) {
    return refuse(file, "", `is no JSON: ${(error as Error).message}.`);
  }
  validate(CONFIG_SCHEMA, value, "", file);
  return value as FileConfig;
}

/** What is wrong within the file is mended there, whatever the same word on a command line would need. */
function inFile<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof UsageError ? new UsageError("bad-config", error.message, NEXT) : error;
  }
}

/** The one or the several of a setting that has both spellings. */
function oneOrMore(
  file: string,
  at: string,
  name: string,
  one: string | undefined,
  several: readonly string[] | undefined,
) {
  const plural = `${at}.${name}s`;
  if (one !== undefined && several !== undefined) refuse(file, plural, `cannot stand beside ${name}.`);
  if (several?.length === 0) refuse(file, plural, "is empty.");
  const values = several ?? (one === undefined ? [] : [one]);
  if (values.length === 0) refuse(file, `${at}.${name}`, "is missing.");
  return values.map((value, i) => ({ value, at: `${file}: ${several ? `${plural}[${i}]` : `${at}.${name}`}` }));
}

/** @throws UsageError `bad-config` */
export const readSeries = (file: FileConfig, name: string): ConfiguredSeries[] =>
  (file.series ?? []).flatMap((entry, i) => {
    const at = (member: string) => `${name}: series[${i}].${member}`;
    if (entry.market === "futures" && entry.venue === "binance-us")
      refuse(name, `series[${i}].venue`, "cannot be binance-us, which has no futures.");
    const symbols = oneOrMore(name, `series[${i}]`, "symbol", entry.symbol, entry.symbols);
    const intervals = oneOrMore(name, `series[${i}]`, "interval", entry.interval, entry.intervals);
    return inFile(() => {
      const rest = {
        market: entry.market,
        venue: entry.venue ?? (entry.market === "spot" ? ("binance-us" as const) : ("binance" as const)),
        period: parsePeriod(entry.period ?? "5m", at("period")),
        from: parseTime(entry.from, at("from")).from,
        source: entry.source ?? ("auto" as const),
      };
      return symbols.flatMap((symbol) =>
        intervals.map(({ value, at: where }) => {
          const interval = parseInterval(value, where);
          const why = rest.source === "archive" && whyUnarchived(rest.market, rest.venue, interval, rest.period);
          if (why) refuse(name, `series[${i}].source`, `cannot be archive: ${why}.`);
          return { ...rest, symbol: parseSymbol(symbol.value, symbol.at), interval };
        }),
      );
    });
  });
