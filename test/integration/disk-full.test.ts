import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR } from "../../src/core/time.ts";
import { refusal, watched } from "../fakes/disks.ts";
import { TemporaryFolder } from "../fakes/folder.ts";
import { wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";
import { RealLab } from "../fakes/real-lab.ts";

const start = Date.UTC(2021, 3, 24);
for (const [topic, writes] of [
  ["spot", 1],
  ["spot", 3],
  ["futures", 10],
  ["futures", 13],
  ["futures", 15],
] as const) {
  test(`a disk that is full after ${writes} files of ${topic} fails the step that met it`, async () => {
    using folder = new TemporaryFolder();
    let count = 0;
    const disk = watched((call, target) => {
      if (call === "writeFile" && ++count > writes) throw refusal("ENOSPC", "write", target);
    });
    await using lab = new RealLab(folder.path, new ModelVenue(start - 20 * DAY, start + 4 * DAY + 7 * HOUR), { disk });
    const { outcomes, fatal } = await lab.run(wish(topic, start, start + 3 * DAY));
    assert.equal(fatal?.code, "disk-full");
    const own = outcomes.filter(({ step }) => step.action !== "load");
    const told = own.map(
      ({ step, status, error }) => `${step.table} ${"day" in step ? step.day : ""} ${status} ${error?.code}`,
    );
    assert.ok(
      own.some(({ status, error }) => status === "failed" && error?.code === "disk-full"),
      told.join("\n"),
    );
    await using after = new RealLab(folder.path, lab.venue);
    const { steps } = await after.engine.plan({ wishes: [wish(topic, start, start + 3 * DAY)], load: null });
    const lost = own.filter(
      ({ step, status }) =>
        status === "done" &&
        steps.some((one) => "path" in one && "path" in step && one.path === step.path && one.action === "fetch"),
    );
    assert.equal(lost.length, 0, `said to be done and not in a manifest:\n${told.join("\n")}`);
  });
}
