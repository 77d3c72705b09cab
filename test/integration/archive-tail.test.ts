// Files that stop before the range does: whether the rest waits for REST, or is not wanted.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { DAY } from "../../src/core/time.ts";
import { startTwin, type Twin } from "../../src/twin/start.ts";
import { TemporaryFolder } from "../fakes/folder.ts";
import { wish } from "../fakes/lab.ts";
import { NOT_THERE, startFront } from "../fakes/twin-front.ts";
import { TwinLab } from "../fakes/twin-lab.ts";

const at = (text: string): number => Date.parse(`${text}T00:00:00Z`);
const folder = new TemporaryFolder("memory");
after(() => folder[Symbol.dispose]());

/** Behind it nothing listens. */
const CLOSED = "http://127.0.0.1:1";

let count = 0;
const lab = (settings: Readonly<Record<string, string>>): TwinLab =>
  new TwinLab(folder.join(`lake ${count++}`), settings);

async function over(options: Parameters<typeof startTwin>[0], body: (twin: Twin) => Promise<void>): Promise<void> {
  const twin = await startTwin({ limits: false, ...options });
  try {
    await body(twin);
  } finally {
    await twin.close();
  }
}

type Outcomes = Awaited<ReturnType<TwinLab["run"]>>["outcomes"];

/** Runs of days with one status and cause: the first day, the last one, their number. */
function runs(outcomes: Outcomes): unknown[][] {
  const found: unknown[][] = [];
  for (const { step, status, error } of outcomes) {
    if (step.action !== "fetch") continue;
    const cause = error?.code ?? "";
    const last = found.at(-1);
    if (last && last[0] === status && last[1] === cause) [last[3], last[4]] = [step.day, Number(last[4]) + 1];
    else found.push([status, cause, step.day, step.day, 1]);
  }
  return found;
}

const funding = (from: string) => wish("funding", at(from), undefined, {});
const days = (from: string, to: number): number => (to - at(from)) / DAY;

describe("REST refuses the location: what no file has is deferred", () => {
  for (const today of ["2025-03-05", "2025-03-20", "2025-03-31"]) {
    test(`funding on ${today}, whose month has no file yet`, () =>
      over({ now: at(today) + DAY / 2, faults: "451@/binance-futures" }, async (twin) => {
        await using blocked = lab(twin.settings);
        const { outcomes } = await blocked.run(funding("2025-01-01"));
        const tail = ["deferred", "geo-blocked", "2025-03-01", today, days("2025-03-01", at(today)) + 1];
        assert.deepEqual(runs(outcomes), [["done", "", "2025-01-01", "2025-02-28", 59], tail]);
        // A run of its own for the tail tells the same, and so does the next one.
        const alone = await blocked.run(funding("2025-03-01"));
        assert.deepEqual(runs(alone.outcomes), [tail]);
        const { outcomes: again } = await blocked.run(funding("2025-01-01"));
        assert.deepEqual(runs(again), [tail]);
      }));
  }

  const SPOT = wish("spot", at("2024-12-30"), undefined, { venue: "binance" });
  const MONTHS_STOPPED = /BTCUSDT-1h-2025-0(?:1-1|1-[23]|1\.|2|3)/;
  for (const archive of ["listing", "files"] as const) {
    for (const [what, cause] of [
      ["blocked", "geo-blocked"],
      ["out of reach", "unreachable"],
    ] as const) {
      test(`spot whose files stopped two months ago, REST ${what} (${archive})`, () =>
        over(
          {
            now: at("2025-03-20") + DAY / 2,
            archive,
            ...(cause === "geo-blocked" ? { faults: "451@/binance-spot" } : {}),
          },
          async (twin) => {
            await using front = await startFront(twin, (url) =>
              MONTHS_STOPPED.test(url) && !url.includes("/api/") ? NOT_THERE : undefined,
            );
            const { settings } = front;
            await using stalled = lab(
              cause === "unreachable" ? { ...settings, CANDLELAKE_BINANCE_SPOT_REST: CLOSED } : settings,
            );
            const { outcomes } = await stalled.run(SPOT);
            const status = cause === "geo-blocked" ? "deferred" : "failed";
            assert.deepEqual(runs(outcomes), [
              ["done", "", "2024-12-30", "2025-01-09", 11],
              [status, cause, "2025-01-10", "2025-03-20", days("2025-01-10", at("2025-03-21"))],
            ]);
            // Where REST answers again everything comes, as if it had never been away.
            await over({ now: at("2025-03-20") + DAY / 2 }, async (whole) => {
              await using later = new TwinLab(stalled.data, whole.settings);
              await using once = lab(whole.settings);
              for (const way of [later, once]) await way.run(SPOT);
              assert.deepEqual(parquet(later), parquet(once));
            });
          },
        ));
    }
  }

  test("the days behind the last file are not asked for one by one", () =>
    over({ now: at("2025-03-20") + DAY / 2, archive: "files", faults: "451@/binance-spot" }, async (twin) => {
      await using front = await startFront(twin, (url) => (MONTHS_STOPPED.test(url) ? NOT_THERE : undefined));
      await using stalled = lab(front.settings);
      await stalled.run(SPOT);
      const begun = twin.requests.length;
      await stalled.run(SPOT);
      // Whether there is a file without a checksum is asked once each, many at a time.
      const zips = twin.requests.slice(begun).flatMap(({ path }) => (path.endsWith(".zip") ? [path] : []));
      assert.deepEqual(zips, [...new Set(zips)]);
      assert.ok(zips.length < 60, zips.join());
    }));
});

test("--source archive is content with the files", () =>
  over({ now: at("2025-03-20") + DAY / 2, faults: "451@/binance-futures" }, async (twin) => {
    await using archived = lab(twin.settings);
    const { outcomes } = await archived.run({ ...funding("2025-01-01"), choice: "archive" });
    assert.deepEqual(runs(outcomes), [["done", "", "2025-01-01", "2025-02-28", 59]]);
  }));

const parquet = (of: TwinLab): Record<string, string> =>
  Object.fromEntries(Object.entries(of.contents()).filter(([key]) => key.endsWith(".parquet")));
