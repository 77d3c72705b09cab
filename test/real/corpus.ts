// The folder of real market data, what it holds as plain text, and the command line to put it through.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, type TestContext, test } from "node:test";

const root = resolve(import.meta.dirname, "../..");

export const folder = resolve(root, process.env["CANDLELAKE_REAL_DATA"] ?? "../shared/data");

/** Why these tests are skipped; false where they are not. */
export const absent: string | false = existsSync(folder) ? false : `no real market data in ${folder}`;

/** A test that reads the folder. */
export const real = (name: string, body: (context: TestContext) => Promise<void> | void): void => {
  test(name, { skip: absent }, (context) => body(context));
};

export const read = (path: string): Buffer => readFileSync(join(folder, path));

/** Lines of a CSV as fields, without the header. */
export const fieldsOf = (text: string): string[][] =>
  text
    .split(/\r?\n/)
    .filter((line) => /^\d/.test(line))
    .map((line) => line.split(","));

/** A folder that is gone when the tests of the file are over. */
export function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), "candlelake-real-"));
  after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line as a process of its own, in `cwd` and with no settings but these. */
export function candlelake(
  args: readonly string[],
  cwd: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^CANDLELAKE_|_PROXY$/i.test(name));
  const options = { cwd, env: { ...Object.fromEntries(inherited), ...settings }, maxBuffer: 2 ** 28 };
  return new Promise((done, fail) => {
    execFile(process.execPath, [join(root, "bin/candlelake.js"), ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === "number") done({ code, stdout, stderr });
      else fail(error);
    });
  });
}

/** Gaps as answers have them. */
export interface Gap {
  readonly from: string;
  readonly to: string;
  readonly class: string;
  readonly bars: number;
}

export interface Work {
  readonly ok: boolean;
  readonly steps: readonly {
    readonly action: string;
    readonly table: string;
    readonly day: string;
    readonly status: string;
    readonly source: string;
    readonly because: string;
    readonly rows: number;
    readonly path: string;
    readonly gaps: readonly Gap[];
    readonly error?: { readonly code: string; readonly message: string };
  }[];
  readonly totals: Readonly<Record<string, number>>;
  readonly error: { readonly code: string; readonly message: string; readonly next: string } | null;
}

export interface Status {
  readonly series: readonly {
    readonly table: string;
    readonly symbol: string;
    readonly from: string;
    readonly to: string;
    readonly watermark: string;
    readonly partitions: number;
    readonly rows: number;
    readonly gaps: readonly Gap[];
    readonly loaded: number;
  }[];
}

/** A manifest, as far as these tests read it. */
export interface Manifest {
  readonly archives?: Readonly<Record<string, { sha256: string; unit: string; header: boolean }>>;
  readonly partitions: Readonly<
    Record<
      string,
      {
        readonly content: string;
        readonly rows: number;
        readonly source: string;
        readonly archives?: readonly string[];
        readonly notes: readonly { readonly kind: string; readonly count: number }[];
      }
    >
  >;
}

/** Commands on one lake. */
export class Lake {
  readonly cwd = scratch();
  readonly #settings: Readonly<Record<string, string>>;

  constructor(settings: Readonly<Record<string, string>>) {
    this.#settings = settings;
  }

  run(...args: readonly string[]): Promise<Ended> {
    return candlelake(args, this.cwd, this.#settings);
  }

  /** The answer of a command that has to succeed. */
  async json<T = Work>(...args: readonly string[]): Promise<T> {
    const { code, stdout, stderr } = await this.run(...args, "--format", "json");
    assert.equal(code, 0, `${args.join(" ")}: ${stderr}${stdout.slice(0, 500)}`);
    return JSON.parse(stdout);
  }

  query(sql: string, ...flags: readonly string[]): Promise<Record<string, unknown>[]> {
    return this.json("query", sql, ...flags);
  }

  /** A manifest, by its path below their folder. */
  manifest(path: string): Manifest {
    return JSON.parse(readFileSync(join(this.cwd, "data/_manifests", path), "utf8"));
  }

  /** A command that finds everything as it should be. */
  async idle(...args: readonly string[]): Promise<void> {
    const { steps, totals } = await this.json(...args);
    assert.deepEqual([steps, totals["rows"], totals["bytesWritten"], totals["rowsLoaded"]], [[], 0, 0, 0]);
  }
}

/** Steps of one kind: how many there are in each state, and their rows. */
export function tally({ steps }: Work, action: string, table: string): Record<string, number> {
  const found: Record<string, number> = { rows: 0 };
  for (const step of steps) {
    if (step.action !== action || step.table !== table) continue;
    found[step.status] = (found[step.status] ?? 0) + 1;
    found["rows"] = (found["rows"] ?? 0) + step.rows;
  }
  return found;
}

/** The rows one by one, so that the first that differs is told and not all of them. */
export function assertRows(found: readonly unknown[], expected: readonly unknown[]): void {
  assert.equal(found.length, expected.length, "number of rows");
  for (const [i, row] of expected.entries()) assert.deepEqual(found[i], row, `row ${i}`);
}

/** Milliseconds of a time in milliseconds or microseconds. */
export const millis = (text: string): number => Number(text.length > 13 ? text.slice(0, 13) : text);

export const isoOf = (time: number): string => new Date(time).toISOString();

/** A kline's fields as a row of `spot_klines` or `futures_klines`, and as far as they go of `futures_metrics`. */
export function candleOf(fields: readonly string[], of: Record<"interval" | "symbol" | "venue" | "source", string>) {
  const [open, ...rest] = fields as [string, ...string[]];
  const value = (i: number) => Number(rest[i]);
  return {
    ts: isoOf(millis(rest[5] as string)),
    open: value(0),
    high: value(1),
    low: value(2),
    close: value(3),
    volume: value(4),
    quote_volume: value(6),
    num_trades: value(7),
    taker_buy_base_volume: value(8),
    taker_buy_quote_volume: value(9),
    interval: of.interval,
    open_time: isoOf(millis(open)),
    symbol: of.symbol,
    venue: of.venue,
    source: of.source,
  };
}

const PLACES = 8;

/** A decimal as a whole number of 10^-8: exact, without a double. */
export function exact(text: string): bigint {
  const [, sign, whole, fraction = "", exponent] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(text) ?? [];
  assert.ok(whole !== undefined && exponent === undefined && fraction.length <= PLACES, `${text} is no plain decimal`);
  return BigInt(`${sign}${whole}${fraction.padEnd(PLACES, "0")}`);
}

/** The columns that can be added up, by the place of their text in a kline. */
export const SUMMED = {
  open: 1,
  high: 2,
  low: 3,
  close: 4,
  volume: 5,
  quote_volume: 7,
  num_trades: 8,
  taker_buy_base_volume: 9,
  taker_buy_quote_volume: 10,
} as const;

/** SQL that adds columns up by month without rounding: each double as the shortest decimal that names it. */
export const monthlySums = (table: string): string =>
  `SELECT strftime(open_time, '%Y-%m') AS month, count(*) AS n, ${Object.keys(SUMMED)
    .map((name) => `CAST(sum(CAST(CAST(${name} AS VARCHAR) AS DECIMAL(30, ${PLACES}))) AS VARCHAR) AS ${name}`)
    .join(", ")} FROM ${table} GROUP BY 1 ORDER BY 1`;

/** What `monthlySums` has to answer for these klines, added up from their text, and which texts no double holds. */
export function sumsOf(lines: readonly (readonly string[])[]): { rows: object[]; inexact: Record<string, number> } {
  const inexact: Record<string, number> = {};
  const months = Map.groupBy(lines, ([open]) => isoOf(millis(open as string)).slice(0, 7));
  const rows = [...months].map(([month, members]) => {
    const sums = Object.entries(SUMMED).map(([name, at]) => {
      let sum = 0n;
      for (const fields of members) {
        const text = fields[at] as string;
        const stored = exact(String(Number(text)));
        if (stored !== exact(text)) inexact[name] = (inexact[name] ?? 0) + 1;
        sum += stored;
      }
      return [name, decimal(sum)];
    });
    return { month, n: members.length, ...Object.fromEntries(sums) };
  });
  return { rows, inexact };
}

function decimal(sum: bigint): string {
  const digits = String(sum).padStart(PLACES + 1, "0");
  return `${digits.slice(0, -PLACES)}.${digits.slice(-PLACES)}`;
}
