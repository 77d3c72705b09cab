// The Python of README and examples, run as it stands on a lake of made data.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { numbers } from "../../src/core/batch.ts";
import { openLake, readWish, TABLE } from "../../src/index.ts";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../..");
const python = process.env["CANDLELAKE_PYTHON"];
const skip = python ? false : "CANDLELAKE_PYTHON names no Python with pandas, polars, pyarrow and duckdb";

/** Two candle lengths in `data` of a folder, as the real market's would lie there. Returns the closes of the hours. */
async function writeLake(folder: string): Promise<number[]> {
  const made = join(folder, "made");
  const lake = openLake({ data: made, synthetic: true });
  const series = { topic: "spot", symbol: "BTCUSDT", from: "2025-01-30", to: "2025-02-03" } as const;
  const wishes = ["1h", "15m"].map((interval) => readWish({ ...series, interval }));
  const { outcomes } = await lake.apply({ wishes, load: null }, "judge");
  assert.ok(outcomes.every(({ status }) => status === "done"));
  const closes: number[] = [];
  const hours = lake.read(TABLE.spot_klines, { series: ({ step }) => step === "1h" });
  for await (const { batch } of hours) closes.push(...numbers(batch, "close").values);
  await lake.close();
  await rename(join(made, "synthetic"), join(folder, "data"));
  return closes;
}

async function scriptsOf(language: string): Promise<string[]> {
  const readme = await readFile(join(root, "README.md"), "utf8");
  return [...readme.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , text = ""]) => text);
}

/** Appended to a block of the README: the size of its frame, and the highest of its hourly closes. */
const EPILOGUE = `
frame = candles.collect().to_pandas() if hasattr(candles, "collect") else candles
print(len(frame), repr(float(max(frame["close"][frame["interval"] == "1h"]))))
`;

test("the README's Python and read_lake.py read what is there", { skip }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "candlelake-judge-"));
  t.after(() => rm(folder, { recursive: true }));
  const closes = await writeLake(folder);
  assert.equal(closes.length, 4 * 24);
  const answer = async (...args: string[]): Promise<string> => {
    const { stdout } = await run(python ?? assert.fail(), args, { cwd: folder }).catch((error: { stderr: string }) =>
      assert.fail(error.stderr),
    );
    return stdout;
  };
  const blocks = await scriptsOf("python");
  assert.equal(blocks.length, 2);
  for (const [i, block] of blocks.entries()) {
    await writeFile(join(folder, `block${i}.py`), block + EPILOGUE);
    const [rows, highest] = (await answer(`block${i}.py`)).trim().split(" ");
    assert.deepEqual([Number(rows), Number(highest)], [closes.length * 5, Math.max(...closes)], block);
  }
  const lines = (await answer(join(root, "examples/read_lake.py"), "data")).trim().split("\n");
  const [last, highest] = [closes.at(-1), Math.max(...closes)];
  const numbersIn = (line: string) => (line.match(/[\d.]+(?:e[+-]?\d+)?/g) ?? []).map(Number);
  assert.deepEqual(lines.map(numbersIn), [
    [96, last],
    [96, highest],
    [96, last],
  ]);
});
