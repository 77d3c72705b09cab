import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import { Engine } from "../../src/pipeline/engine.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { CrashingStore, Killed } from "../fakes/crashing-store.ts";
import { Lab, modelPorts, request, wish } from "../fakes/lab.ts";
import { ModelVenue, type Quirks } from "../fakes/model-venue.ts";

const start = Date.UTC(2025, 0, 30);
const wishes = (force = false) => [
  wish("spot", start, undefined, { force }),
  wish("futures", start, undefined, { force }),
];

/** What happened before the run that is killed, and what the venue answers to it. */
interface Scene {
  readonly before?: Quirks;
  readonly after?: Quirks;
  readonly force?: boolean;
}

const klines = (...hours: number[]) => ({
  has: (series: { kind: string }, time: number) =>
    series.kind === "klines" && hours.includes(Math.floor((time - start) / HOUR)),
});

const scenes: Record<string, Scene | undefined> = {
  "a first run": undefined,
  "an open day that goes on": {},
  "an open day that is corrected": { after: { version: (_, time) => (time >= start + 26 * HOUR ? 1 : 0) } },
  "an open day of which stored rows come broken": { after: { broken: klines(26, 27).has } },
  "an open day of which late rows come": { before: { missing: klines(26, 27).has } },
  "an open day of which stored rows are no longer kept": { after: { kept: () => start + 27 * HOUR } },
  "everything read again by force, and corrected": { force: true, after: { version: () => 1 } },
  "everything read again by force, as it was": { force: true },
};

function venueOf(scene: Scene | undefined): ModelVenue {
  const venue = new ModelVenue(Date.UTC(2024, 11, 20), start + DAY + 10 * HOUR + MINUTE);
  venue.quirks = scene?.before ?? {};
  return venue;
}

/** The lake as it is when the run begins, and the venue as it is then. */
async function prepared(scene: Scene | undefined): Promise<Lab> {
  const lab = new Lab(venueOf(scene));
  if (!scene) return lab;
  await lab.run(...wishes());
  lab.venue.quirks = scene.after ?? {};
  lab.venue.time += 3 * HOUR;
  return lab;
}

function copyOf(store: MemoryStore): MemoryStore {
  const copy = new MemoryStore();
  const oldestFirst = [...store.objects.keys()].sort((a, b) => (store.modified(a) ?? 0) - (store.modified(b) ?? 0));
  for (const key of oldestFirst) void copy.write(key, store.objects.get(key) as Uint8Array);
  return copy;
}

for (const [what, scene] of Object.entries(scenes)) {
  test(`${what}: killed before any change of the store, then run again, it ends as if nothing had happened`, async () => {
    const { venue, store } = await prepared(scene);
    const asked = wishes(scene?.force);
    const whole = new Lab(venue, copyOf(store));
    await whole.run(...asked);
    const counted = new CrashingStore(copyOf(store));
    await new Engine(modelPorts(venue, counted)).apply(request(...asked), "test");
    assert.ok(counted.changes > 0);
    for (let n = 0; n < counted.changes; n++) {
      const left = copyOf(store);
      const killed = new Engine(modelPorts(venue, new CrashingStore(left, n)));
      await assert.rejects(killed.apply(request(...asked), "test"), Killed);
      const again = new Lab(venue, left);
      const { outcomes } = await again.run(...asked);
      assert.ok(outcomes.every((outcome) => !outcome.error));
      assert.deepEqual(again.contents(), whole.contents(), `killed before change ${n} of ${counted.changes}`);
    }
  });
}
