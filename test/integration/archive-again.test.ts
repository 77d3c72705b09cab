// Rows that are stored and come again from another source: what is there stays, and its entry says whose rows they are.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { after, test } from "node:test";
import { HOUR } from "../../src/core/time.ts";
import { startTwin, type Twin } from "../../src/twin/start.ts";
import { bytesOf, linesOf, NOW, SPOT, sumOf } from "../fakes/archive-files.ts";
import { TemporaryFolder } from "../fakes/folder.ts";
import { wish } from "../fakes/lab.ts";
import { type Instead, NOT_THERE, startFront } from "../fakes/twin-front.ts";
import { TwinLab } from "../fakes/twin-lab.ts";
import { zipOf } from "../fakes/zip.ts";

/** One of the days that its monthly file is known to have wrong; here all files are right. */
const BAD = "2021-09-23";
const DAILY = `BTCUSDT-1h-${BAD}.zip`;
/** Another day's, of which nothing is known. */
const OTHER = "BTCUSDT-1h-2021-09-15.zip";
const MONTHLY = "BTCUSDT-1h-2021-09.zip";
const MANIFEST = "spot_klines/binance_btcusdt_spot_1h_2021-09.json";
const month = wish("spot", Date.UTC(2021, 8, 1), Date.UTC(2021, 9, 1), { venue: "binance" });
const day = { ...month, from: Date.UTC(2021, 8, 23), to: Date.UTC(2021, 8, 24) };
const before = { ...month, from: Date.UTC(2021, 8, 10), to: Date.UTC(2021, 8, 11) };
const [alone, overRest] = [{ choice: "archive" as const }, { choice: "rest" as const, force: true }];

/** A recording, so that rows say which source they are from. */
const folder = new TemporaryFolder("memory");
const made = await startTwin({ now: NOW, limits: false });
const place = (path: string, bytes: string | Uint8Array): void => {
  mkdirSync(dirname(folder.join("recorded", path)), { recursive: true });
  writeFileSync(folder.join("recorded", path), bytes);
};
const lines = await linesOf(made, `${SPOT}/1h/${MONTHLY}`);
place(`csv/spot_1h/${MONTHLY.replace("zip", "csv")}`, lines.map((line) => `${line}\n`).join(""));
for (const name of [DAILY, OTHER]) {
  const key = `${SPOT.replace("monthly", "daily")}/1h/${name}`;
  for (const ending of ["", ".CHECKSUM"]) place(`vision/${key}${ending}`, await bytesOf(made, key + ending));
}
await made.close();
after(() => folder[Symbol.dispose]());

let count = 0;
/** A lake and the hosts that it asks, one after the other. */
async function against(
  data: string,
  faults: string,
  instead: RegExp | ((url: string) => Instead | undefined),
  body: (lab: TwinLab, twin: Twin) => Promise<void>,
) {
  const twin = await startTwin({ replay: folder.join("recorded"), now: NOW, faults, limits: false });
  try {
    const missing = (url: string) => (instead instanceof RegExp && instead.test(url) ? NOT_THERE : undefined);
    await using front = await startFront(twin, typeof instead === "function" ? instead : missing);
    await using lab = new TwinLab(data, front.settings);
    await body(lab, twin);
  } finally {
    await twin.close();
  }
}

const newLake = (): string => folder.join(`lake ${count++}`);
const NOTHING = /^$/;

/** That every entry names the sources of its rows, the one that has most first. */
async function assertSources(lab: TwinLab): Promise<void> {
  const rows = await lab.queryLake(
    "SELECT strftime(open_time, '%Y-%m-%d') AS day, source, count(*) AS n FROM spot_klines GROUP BY ALL ORDER BY n DESC, source",
  );
  const of = (one: string) => rows.filter(({ day }) => day === one).map(({ source }) => source);
  for (const [one, { source }] of Object.entries(lab.manifest(MANIFEST).partitions))
    assert.equal(source, of(one).join("+"), one);
}

const parquet = (lab: TwinLab) => Object.entries(lab.contents()).filter(([key]) => key.endsWith(".parquet"));

test("a file's rows that REST has too stay the file's, which is still compared with what is published", () =>
  against(newLake(), "", NOTHING, async (lab, twin) => {
    await lab.run(before);
    const stored = parquet(lab);
    const { outcomes } = await lab.run({ ...before, ...overRest });
    assert.deepEqual(
      outcomes.map(({ status, revised, bytes }) => [status, revised, bytes]),
      [["unchanged", false, 0]],
    );
    assert.deepEqual(parquet(lab), stored);
    await assertSources(lab);
    const [entry] = Object.values(lab.manifest(MANIFEST).partitions);
    assert.deepEqual([entry?.confirmedBy, entry?.archives], ["rest", [MONTHLY]]);
    const begun = twin.requests.length;
    assert.deepEqual((await lab.verify(before)).outcomes, []);
    assert.ok(twin.requests.slice(begun).some(({ path }) => path.endsWith(`${MONTHLY}.CHECKSUM`)));
    // Who has said so is not forgotten when the same source is asked again.
    await lab.run({ ...before, ...overRest });
    await lab.run({ ...before, force: true });
    assert.equal(Object.values(lab.manifest(MANIFEST).partitions)[0]?.confirmedBy, "rest");
  }));

test("REST's rows that a file has too stay REST's", () =>
  against(newLake(), "", NOTHING, async (lab) => {
    await lab.run({ ...before, ...overRest });
    const stored = parquet(lab);
    await lab.run({ ...before, force: true });
    assert.deepEqual(parquet(lab), stored);
    await assertSources(lab);
    const [entry] = Object.values(lab.manifest(MANIFEST).partitions);
    assert.deepEqual([entry?.source, entry?.confirmedBy, entry?.archives], ["rest", "archive-monthly", [MONTHLY]]);
    assert.deepEqual((await lab.run(before)).outcomes, []);
  }));

test("a day's own file that was refused and is mended: the rows stay, and it is not asked for again", async () => {
  const data = newLake();
  const hole = `csv-hole:30@/${MONTHLY}`;
  const entry = (lab: TwinLab) => lab.manifest(MANIFEST).partitions["2021-09-15"];
  await against(data, `${hole}, zip-two@/${OTHER}`, NOTHING, async (lab) => {
    const { outcomes } = await lab.run(month);
    assert.equal(outcomes.filter(({ status }) => status === "failed").length, 1);
    await assertSources(lab);
    assert.match(entry(lab)?.source ?? "", /rest/);
  });
  await against(data, hole, NOTHING, async (lab) => {
    const stored = parquet(lab);
    await lab.run(month);
    assert.deepEqual(parquet(lab), stored);
    await assertSources(lab);
    assert.deepEqual([entry(lab)?.confirmedBy, entry(lab)?.archives], ["archive-daily", [OTHER, MONTHLY]]);
    assert.deepEqual((await lab.run(month)).outcomes, []);
  });
});

for (const [what, missing, source] of [
  ["its own file", NOTHING, "archive-daily"],
  ["REST", new RegExp(DAILY), "rest"],
] as const) {
  test(`a day of a file that is known to have it wrong, and ${what} has the same: it is settled`, async () => {
    const data = newLake();
    await against(data, "", new RegExp(DAILY), async (lab) => {
      await lab.run({ ...day, ...alone });
      assert.equal(lab.manifest(MANIFEST).partitions[BAD]?.source, "archive-monthly");
    });
    await against(data, "", missing, async (lab) => {
      const { outcomes } = await lab.run(day);
      assert.deepEqual(
        outcomes.map(({ step, status }) => [step.reason, status]),
        [["its file is known to be wrong", "unchanged"]],
      );
      await assertSources(lab);
      assert.equal(lab.manifest(MANIFEST).partitions[BAD]?.confirmedBy, source);
      assert.deepEqual((await lab.run(day)).outcomes, []);
    });
  });
}

test("stored rows that REST sends broken stay the file's beside those that it has anew, and the entry names both", async () => {
  const data = newLake();
  const other = lines.map((line) =>
    line.startsWith(String(before.from + 5 * HOUR)) ? line.split(",").with(5, "7.5").with(9, "1.25").join(",") : line,
  );
  const zip = zipOf([{ name: MONTHLY.replace("zip", "csv"), data: other.map((line) => `${line}\n`).join("") }]);
  const instead = (url: string): Instead | undefined => {
    if (!url.includes(MONTHLY)) return undefined;
    return { status: 200, body: url.endsWith("CHECKSUM") ? `${sumOf(zip)}  ${MONTHLY}` : zip };
  };
  await against(data, "", instead, async (lab) => void (await lab.run(before)));
  await against(data, "impossible@/api/v3/klines", NOTHING, async (lab) => {
    const { outcomes } = await lab.run({ ...before, ...overRest });
    assert.deepEqual(
      outcomes.map(({ status, revised, quarantined }) => [status, revised, quarantined]),
      [["done", true, 1]],
    );
    await assertSources(lab);
    const [entry] = Object.values(lab.manifest(MANIFEST).partitions);
    assert.deepEqual([entry?.source, entry?.archives], ["rest+archive-monthly", [MONTHLY]]);
  });
});
