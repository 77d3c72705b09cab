import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { type CloudUsage, monthCost } from "../../src/core/cloud-cost.ts";

const NOTHING: CloudUsage = { classA: 0, classB: 0, storedBytes: 0, bytesBilled: 0, runsPerMonth: 730, tableBytes: 0 };
const dollars = (usage: Partial<CloudUsage>): string => monthCost({ ...NOTHING, ...usage }).toFixed(4);

describe("the month's cost", () => {
  test("is nothing within what is free, to the last one", () => {
    assert.equal(monthCost(NOTHING), 0);
    const free = { classA: 5_000, classB: 50_000, bytesBilled: 2 ** 40, runsPerMonth: 1 };
    assert.equal(monthCost({ ...NOTHING, ...free, storedBytes: 5 * 2 ** 30, tableBytes: 10 * 2 ** 30 }), 0);
    assert.ok(monthCost({ ...NOTHING, ...free, classA: 5_001 }) > 0);
  });

  test("counts what is beyond it, each kind at its price", () => {
    assert.equal(dollars({ classA: 1_005_000, runsPerMonth: 1 }), "5.0000");
    assert.equal(dollars({ classB: 10_050_000, runsPerMonth: 1 }), "4.0000");
    assert.equal(dollars({ storedBytes: 105 * 2 ** 30 }), "2.0000");
    assert.equal(dollars({ tableBytes: 110 * 2 ** 30 }), "2.0000");
    assert.equal(dollars({ bytesBilled: 3 * 2 ** 40, runsPerMonth: 1 }), "12.5000");
  });

  test("of one kind does not use up what is free of another, and runs add up", () => {
    assert.equal(dollars({ classA: 100, classB: 10 }), ((73_000 - 5_000) * 0.000005).toFixed(4));
  });
});

test("the page on running every hour has its sums from here", () => {
  const page = readFileSync(new URL("../../docs/running-every-hour.md", import.meta.url), "utf8");
  const numbers = (name: string): number[] => {
    const [, ...cells] = new RegExp(`^\\| \`${name}\` \\|([^|]*)\\|([^|]*)\\|$`, "m").exec(page) ?? [];
    return cells.map((cell) => Number(cell.replaceAll(/[,$ ]/g, "")));
  };
  for (const i of [0, 1]) {
    const usage = Object.fromEntries(Object.keys(NOTHING).map((name) => [name, numbers(name)[i]]));
    assert.ok(Object.values(usage).every(Number.isFinite), JSON.stringify(usage));
    assert.equal(monthCost(usage as unknown as CloudUsage).toFixed(2), numbers("total")[i]?.toFixed(2));
  }
});
