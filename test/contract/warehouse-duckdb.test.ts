import * as assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { DuckDbWarehouse } from "../../src/warehouses/duckdb.ts";
import { warehouseContract } from "./warehouse.ts";

warehouseContract("DuckDB", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "candlelake-duckdb-"));
  return {
    async open(synthetic) {
      const file = path.join(folder, synthetic ? "lake_synthetic.duckdb" : "lake.duckdb");
      return new DuckDbWarehouse({ file, synthetic });
    },
    async [Symbol.asyncDispose]() {
      const left = readdirSync(folder).filter((name) => !/^lake(_synthetic)?\.duckdb$/.test(name));
      rmSync(folder, { recursive: true });
      assert.deepEqual(left, [], "nothing is left beside the file");
    },
  };
});
