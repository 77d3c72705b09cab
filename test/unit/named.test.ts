import * as assert from "node:assert/strict";
import { test } from "node:test";
import { monthsNamed } from "../../src/cli/named.ts";

test("three months are named one by one, and of more how many there are and to which", () => {
  const months = ["2024-01", "2024-02", "2024-03", "2024-05", "2024-06"].map((month) => ({ month }));
  const of = (many: number) => monthsNamed(months.slice(0, many), ({ month }) => month);
  assert.deepEqual([1, 3, 4, 5].map(of), [
    "2024-01",
    "2024-01, 2024-02, 2024-03",
    "2024-01, 2024-02, 2024-03 and 1 month more, to 2024-05",
    "2024-01, 2024-02, 2024-03 and 2 months more, to 2024-06",
  ]);
});
