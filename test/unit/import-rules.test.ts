import assert from "node:assert/strict";
import { test } from "node:test";
import { refusedImports } from "../../toolchain/import-rules.js";

const allowed: [file: string, specifier: string][] = [
  ["src/core/time.ts", "./errors.ts"],
  ["src/market/klines.ts", "../core/table.ts"],
  ["src/features/vwap.ts", "../market/klines.ts"],
  ["src/parquet/write.ts", "../arrow/schema.ts"],
  ["src/parquet/write.ts", "node:zlib"],
  ["src/warehouses/duckdb.ts", "@duckdb/node-api/lib/types.js"],
  ["src/warehouses/export.ts", "../arrow/file.ts"],
  ["src/net/http.ts", "node:https"],
  ["src/net/http.ts", "../ports.ts"],
  ["src/sources/binance.ts", "./binance/endpoints.ts"],
  ["src/sources/binance/archive.ts", "../../net/http.ts"],
  ["src/sources/binance/archive.ts", "../binance.ts"],
  ["src/stores/directory.ts", "node:fs/promises"],
  ["src/stores/s3/sign.ts", "../../parquet/read.ts"],
  ["src/warehouses/duckdb.ts", "@duckdb/node-api"],
  ["src/warehouses/duckdb/load.ts", "../ledger.ts"],
  ["src/stores/file.ts", "./disk.ts"],
  ["src/pipeline/run.ts", "node:crypto"],
  ["src/twin/server.ts", "../sources/synthetic.ts"],
  ["src/twin/server.ts", "../sources/binance/endpoints.ts"],
  ["src/cli/commands/serve.ts", "../../twin/server.ts"],
  ["src/cli/main.ts", "../open.ts"],
  ["src/open.ts", "./sources/binance.ts"],
  ["src/open.ts", "./pipeline/engine.ts"],
  ["src/index.ts", "./pipeline/run.ts"],
];

const refused: [rule: string, file: string, specifier: string][] = [
  ["core imports nothing else from src", "src/core/time.ts", "../market/klines.ts"],
  ["core imports nothing from Node", "src/core/time.ts", "node:path"],
  ["core imports no package", "src/core/time.ts", "undici"],
  ["market does not know features", "src/market/klines.ts", "../features/vwap.ts"],
  ["features do not know the pipeline", "src/features/vwap.ts", "../pipeline/run.ts"],
  ["parquet does not know the tables", "src/parquet/write.ts", "../market/klines.ts"],
  ["parquet touches no files", "src/parquet/write.ts", "node:fs"],
  ["a package for tests alone", "src/parquet/write.ts", "hyparquet"],
  ["arrow does not know parquet", "src/arrow/file.ts", "../parquet/format.ts"],
  ["Google's clients stay in their adapters", "src/net/http.ts", "@google-cloud/storage"],
  ["DuckDB stays in warehouses", "src/open.ts", "@duckdb/node-api"],
  ["no other package", "src/cli/main.ts", "commander"],
  ["a package whose name only begins alike", "src/warehouses/duckdb.ts", "@duckdb/node-api-types"],
  ["modules of Node by their full name", "src/net/http.ts", "http"],
  ["net does not know sources", "src/net/http.ts", "../sources/binance.ts"],
  ["a source does not know another one", "src/sources/binance.ts", "./synthetic.ts"],
  ["a source's folder does not know another one", "src/sources/binance/archive.ts", "../synthetic/walk.ts"],
  ["a source touches no files", "src/sources/binance.ts", "node:fs"],
  ["a store does not know sources", "src/stores/directory.ts", "../sources/binance.ts"],
  ["a store does not know warehouses", "src/stores/directory.ts", "../warehouses/ledger.ts"],
  ["a warehouse does not know stores", "src/warehouses/duckdb.ts", "../stores/directory.ts"],
  ["the pipeline does not know adapters", "src/pipeline/run.ts", "../stores/directory.ts"],
  ["the pipeline does not open adapters", "src/pipeline/run.ts", "../open.ts"],
  ["the pipeline touches no files", "src/pipeline/run.ts", "node:fs"],
  ["the twin knows only some files of sources", "src/twin/server.ts", "../sources/binance/archive.ts"],
  ["only the CLI knows the twin", "src/open.ts", "./twin/server.ts"],
  ["the CLI opens adapters through open.ts", "src/cli/main.ts", "../sources/binance.ts"],
  ["nothing imports the CLI", "src/index.ts", "./cli/main.ts"],
  ["ports know core and market", "src/ports.ts", "./pipeline/run.ts"],
  ["ports import nothing from Node", "src/ports.ts", "node:stream"],
  ["config knows core", "src/config.ts", "./market/klines.ts"],
  ["the index names no adapters", "src/index.ts", "./stores/directory.ts"],
  ["a folder without a rule imports nothing", "src/helpers/misc.ts", "../core/time.ts"],
  ["nothing from outside src", "src/cli/main.ts", "../../toolchain/node.js"],
  ["nothing from outside src, in TypeScript either", "src/cli/main.ts", "../../test/unit/time.ts"],
  ["no absolute path", "src/cli/main.ts", "/src/core/time.ts"],
  ["relative imports end in .ts", "src/market/klines.ts", "../core/table.js"],
];

test("what a folder may import passes", () => {
  for (const [file, specifier] of allowed) {
    assert.deepEqual(refusedImports(file, `import { a } from "${specifier}";\n`), []);
  }
});

for (const [rule, file, specifier] of refused) {
  test(`refused: ${rule}`, () => {
    const [line, ...more] = refusedImports(file, `import { a } from "${specifier}";\n`);
    assert.deepEqual(more, []);
    assert.ok(line?.startsWith(`${file}:1: ${specifier}: `), line);
  });
}

const spellings: Record<string, string> = {
  "a default import": 'import a from "node:fs";',
  "a namespace import": 'import * as a from "node:fs";',
  "a type import": 'import type { Stats } from "node:fs";',
  "an import for its effect": 'import "node:fs";',
  "an import over several lines": 'import {\n  a,\n  b, // what isn\'t "c"\n} from "node:fs";',
  "a second statement on a line": 'const a = 1; import { b } from "node:fs";',
  "an export": 'export { a } from "node:fs";',
  "an export of everything": 'export * from "node:fs";',
  "an export of types": 'export type { Stats } from "node:fs";',
  "an export over several lines": 'export {\n  a,\n} from "node:fs";',
  "a dynamic import": '  const a = await import("node:fs");',
  "a dynamic import over two lines": 'const a = await import(\n  "node:fs"\n);',
  "a type named in place": 'type A = import("node:fs").Stats;',
  "a computed import": "const a = await import(name);",
  "an import pieced together": 'const a = await import("node:" + name);',
  "an import by template": "const a = await import(`node:fs`);",
  require: 'const a = require("node:fs");',
  createRequire: "const a = module.createRequire(import.meta.url);",
  getBuiltinModule: 'const a = process.getBuiltinModule("node:fs");',
};

for (const [name, text] of Object.entries(spellings)) {
  test(`seen: ${name}`, () => {
    assert.equal(refusedImports("src/core/time.ts", `${text}\n`).length, 1);
  });
}

test("a module of Node that is got by its name passes where it may be imported", () => {
  const text = 'const { get } = process.getBuiltinModule("node:https");\n';
  assert.deepEqual(refusedImports("src/net/transport.ts", text), []);
  assert.equal(refusedImports("src/net/transport.ts", "process.getBuiltinModule(name);\n").length, 1);
});

test("prose and calls that only look alike pass", () => {
  const text =
    '// await import("node:fs")\n/** @see import("node:fs") */\nstore.import("a");\nArray.from("node:fs");\n';
  assert.deepEqual(refusedImports("src/core/time.ts", text), []);
});
