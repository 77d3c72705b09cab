import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import { Cli } from "../cli/process.ts";
import { TemporaryFolder, tree } from "../fakes/folder.ts";
import { Lab, wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";
import { RealLab } from "../fakes/real-lab.ts";
import { remainsOf } from "../fakes/remains.ts";

const start = Date.UTC(2025, 0, 30);
/** The fourth day is open. */
const venue = () => new ModelVenue(start - 20 * DAY, start + 3 * DAY + 7 * HOUR + MINUTE);
const wishes = (from: number, to: number) =>
  (["spot", "futures"] as const).map((topic) => wish(topic, start + from * DAY, start + to * DAY));

test("invariant 1: a range asked for in parts, backward and over one another leaves what the whole leaves, to the byte", async () => {
  using folder = new TemporaryFolder();
  await using parts = new RealLab(folder.join("parts"), venue());
  for (const [from, to] of [
    [3, 4],
    [1, 2],
    [0, 2],
    [2, 4],
  ] as const) {
    await parts.run(...wishes(from, to));
  }
  await using whole = new RealLab(folder.join("whole"), venue());
  await whole.run(...wishes(0, 4));
  assert.deepEqual(await remainsOf(parts.data), await remainsOf(whole.data));
});

test("invariant 1: what is fetched from where depends on the partition and the venue's clock, not on the range", async () => {
  const lab = new Lab(venue());
  const whole = await lab.steps(...wishes(0, 4));
  assert.ok(whole.length > 0);
  for (let day = 0; day < 4; day++) {
    const alone = await lab.steps(...wishes(day, day + 1));
    const [from, to] = [start + day * DAY, start + (day + 1) * DAY];
    const within = whole.filter(
      (step) => step.action === "load" || (Date.parse(step.day) >= from && Date.parse(step.day) < to),
    );
    const plain = (steps: typeof whole) =>
      steps.map(
        (step) =>
          step.action !== "load" && [step.action, step.path, step.reason, step.action === "fetch" && step.route],
      );
    assert.deepEqual(plain(alone).sort(), plain(within).sort());
  }
});

test("invariant 1: running twice plans nothing, and the second run says so with 0 rows and 0 bytes", async () => {
  using cli = Cli.made();
  const commands = [
    ["ingest", "spot", "--symbol", "BTCUSDT", "--from", "2025-01-30", "--to", "2025-02-02"],
    ["ingest", "futures", "--symbol", "BTCUSDT", "--from", "2025-01-30", "--to", "2025-02-02"],
    ["load"],
  ];
  for (const command of commands) (await cli.run(...command)).exits(0);
  const before = tree(cli.path("data"));
  for (const command of commands) {
    const answer = await cli.json(...command);
    assert.deepEqual([answer.ok, answer.steps, answer.error], [true, [], null]);
    assert.deepEqual(
      Object.entries(answer.totals).filter(([, sum]) => sum !== 0),
      [],
    );
    const { stdout } = (await cli.run(...command)).exits(0);
    assert.match(stdout, /0 rows, 0 bytes/);
  }
  assert.deepEqual(tree(cli.path("data")), before);
});
