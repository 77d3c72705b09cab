import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { arrowFile } from "../../src/arrow/file.ts";
import { type Batch, concat, numbers, rowAt } from "../../src/core/batch.ts";
import { dayOf } from "../../src/core/time.ts";
import { TABLES } from "../../src/market/tables.ts";
import { encode } from "../../src/parquet/encode.ts";
import { plainBatch, withColumns } from "../unit/parquet-batches.ts";

const run = promisify(execFile);
const python = process.env["CANDLELAKE_PYTHON"];
const script = fileURLToPath(new URL("parquet.judge.py", import.meta.url));

const DAY_MICROS = 86_400_000_000;
const START = 1_735_689_600_000_000;

/** A partition's rows with whatever a reader could get wrong: NULLs, tiny and huge numbers, both zeros, other letters. */
function partition(table: Batch["table"], day: number, step: string, rows: number, symbol: string): Batch {
  const micros = DAY_MICROS / rows;
  const batch = plainBatch(table, rows, START + day * DAY_MICROS, micros);
  const word = (name: string): string | undefined => ({ interval: step, period: step, symbol })[name];
  const every = (n: number) => Uint8Array.from({ length: rows }, (_, i) => (i % n === 0 ? 0 : 1));
  const changed = table.columns.map((spec, c) => {
    if (spec.type === "STRING")
      return [spec.name, { dictionary: [word(spec.name) ?? "binance"], codes: null }] as const;
    const { values } = numbers(batch, spec.name);
    // The event time is never NULL; of the other columns some are, now and then or always.
    if (spec.name === table.eventTime || spec.name === "ts" || spec.name === "num_trades")
      return [spec.name, batch.columns[c]] as const;
    const odd = spec.type === "FLOAT64" ? [-0, 0, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, -1 / 3] : [];
    return [spec.name, { values: values.map((value, i) => odd[i] ?? value), valid: every(c) }] as const;
  });
  const source = {
    dictionary: ["rest", "archive-daily"],
    codes: Uint8Array.from({ length: rows }, (_, i) => (i > 5 ? 1 : 0)),
  };
  return withColumns(batch, { ...Object.fromEntries(changed), source });
}

/** A double's bits, or any other value, as text. */
function bits(value: number | string | null, isDouble: boolean): string | null {
  if (value === null || !isDouble) return value === null ? null : String(value);
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(Number(value));
  return bytes.toString("hex");
}

async function writeLake(root: string): Promise<void> {
  const expected: Record<string, unknown> = {};
  for (const table of TABLES) {
    const keyed = table.columns.find((spec) => spec.partitionKey);
    const steps = keyed
      ? ([
          ["1h", 24],
          ["5m", 288],
        ] as const)
      : ([["8h", 3]] as const);
    const batches: Batch[] = [];
    for (const symbol of ["BTCUSDT", "币安人生USDT"]) {
      for (const [step, rows] of steps) {
        for (const day of [0, 1]) {
          const batch = partition(table, day, step, rows, symbol);
          batches.push(batch);
          const [year, month, date] = dayOf((START + day * DAY_MICROS) / 1000).split("-");
          const folder = join(
            root,
            table.name,
            keyed ? `${keyed.name}=${step}` : "",
            `yyyy=${year}`,
            `mm=${month}`,
            `dd=${date}`,
          );
          await mkdir(folder, { recursive: true });
          await writeFile(join(folder, `binance_${symbol.toLowerCase()}_${step}.parquet`), encode(batch));
        }
      }
    }
    await writeFile(join(root, `${table.name}.arrow`), arrowFile(table, batches));
    const all = concat(table, batches);
    expected[table.name] = { key: table.key, rows: all.rows, columns: columnsInKeyOrder(all) };
  }
  await writeFile(join(root, "expected.json"), JSON.stringify(expected));
}

function columnsInKeyOrder(batch: Batch): unknown {
  const { table } = batch;
  const rows = Array.from({ length: batch.rows }, (_, i) => rowAt(batch, i));
  const order = (a: number | string | null | undefined, b: number | string | null | undefined): number => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
  };
  rows.sort((a, b) => table.key.map((name) => order(a[name], b[name])).find((one) => one !== 0) ?? 0);
  return table.columns.map(({ name, type, partitionKey }) => ({
    name,
    type,
    key: partitionKey ?? false,
    values: rows.map((row) => bits(row[name] ?? null, type === "FLOAT64")),
  }));
}

const skip = python ? false : "CANDLELAKE_PYTHON names no Python with pandas, polars, pyarrow and duckdb";

test("pandas, polars, pyarrow and DuckDB read a table's folder in one line, and Arrow files", { skip }, async (t) => {
  const root = await mkdtemp(join(tmpdir(), "candlelake-judge-"));
  t.after(() => rm(root, { recursive: true }));
  await writeLake(root);
  const { stdout } = await run(python ?? assert.fail(), [script, root]).catch((error: { stderr: string }) =>
    assert.fail(error.stderr),
  );
  assert.match(stdout, /^5 tables, \d+ rows: .* agree\n$/);
  t.diagnostic(stdout.trim());
});
