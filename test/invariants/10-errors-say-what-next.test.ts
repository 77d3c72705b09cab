import assert from "node:assert/strict";
import * as fs from "node:fs";
import { test } from "node:test";
import { parseCommandLine } from "../../src/cli/options.ts";
import { SPECS } from "../../src/cli/specs.ts";
import { resolveConfig } from "../../src/config.ts";
import { AppError, type ErrorDetail } from "../../src/core/errors.ts";
import { parseInterval, parsePeriod } from "../../src/core/interval.ts";
import { parseSymbol, parseVenue } from "../../src/core/series.ts";
import { DAY, HOUR, parseTime } from "../../src/core/time.ts";
import { DEFAULT_ENDPOINTS } from "../../src/endpoints.ts";
import { parseTable } from "../../src/market/tables.ts";
import { systemClock } from "../../src/net/system-clock.ts";
import { openCandlelake, SILENT } from "../../src/open.ts";
import { exitCodeOf } from "../../src/pipeline/exit-code.ts";
import type { Wish } from "../../src/pipeline/wish.ts";
import type { Clock } from "../../src/ports.ts";
import { FileStore } from "../../src/stores/file.ts";
import { lockLake } from "../../src/stores/lock.ts";
import { startTwin } from "../../src/twin/start.ts";
import { commandOf } from "../cli/process.ts";
import { readOnlyDisk } from "../fakes/disks.ts";
import { TemporaryFolder } from "../fakes/folder.ts";
import { wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";
import { configOf, loading, RealLab, rowsOf } from "../fakes/real-lab.ts";
import { errorSites, nextMembers } from "./next-commands.ts";

const start = Date.UTC(2025, 0, 30);
const now = start + 2 * DAY + HOUR;
const clock: Clock = { now: () => now, async sleep() {} };

test("invariant 10: every error in the program has a message, and a next command that parses as it stands", () => {
  const sites = errorSites();
  assert.ok(sites.length > 60, `only ${sites.length} were found`);
  for (const { where, message, nexts } of [...sites, ...nextMembers()]) {
    assert.ok(message !== "" && message !== '""' && message !== "``", `${where} has no message`);
    for (const next of nexts) assert.doesNotThrow(() => commandOf(next), `${where}: ${next}`);
  }
});

/** A cause in words, what it is about, and a command that parses. */
function isGood({ code, message, next }: ErrorDetail, about: string): void {
  assert.match(code, /^[a-z]+(?:-[a-z0-9]+)*$/);
  assert.ok(message.includes(about), `${JSON.stringify(message)} does not name ${about}`);
  assert.match(message, /[.?!:]/);
  assert.doesNotMatch(message, /undefined|\[object|NaN/);
  commandOf(next);
}

const words: [what: string, about: string, said: () => unknown][] = [
  ["a date that does not exist", "2025-02-30", () => parseTime("2025-02-30", "--date")],
  ["an interval that does not exist", "7h", () => parseInterval("7h")],
  ["a period that does not exist", "7h", () => parsePeriod("7h")],
  ["a symbol that cannot be one", "../x", () => parseSymbol("../x")],
  ["a venue that is unknown", "kraken", () => parseVenue("kraken")],
  ["made data as a venue", "--synthetic", () => parseVenue("synthetic")],
  ["a table that does not exist", "spot_candles", () => parseTable("spot_candles")],
  ["a command that does not exist", "injest", () => parseCommandLine(["injest"], SPECS)],
  ["an option that does not exist", "--symbl", () => parseCommandLine(["ingest", "spot", "--symbl", "X"], SPECS)],
  ["an option without its value", "--symbol", () => parseCommandLine(["ingest", "spot", "--symbol"], SPECS)],
  ["a bucket that cannot be one", "Not A Bucket", () => resolveConfig({ bucket: "gs://Not A Bucket" }, {})],
  ["two warehouses", "--project", () => resolveConfig({ project: "p", warehouse: "duckdb:x" }, {})],
  ["a word too many", "again", () => parseCommandLine(["run", "again"], SPECS)],
  ["a word too few", "ingest", () => parseCommandLine(["ingest"], SPECS)],
  ["a topic that does not exist", "options", () => parseCommandLine(["ingest", "options"], SPECS)],
  ["a format that does not exist", "xml", () => parseCommandLine(["run", "--format", "xml"], SPECS)],
  ["a settings file that is not there", "no.json", () => resolveConfig({ config: "no.json" }, {})],
  [
    "a switch that is neither on nor off",
    "CANDLELAKE_SYNTHETIC",
    () => resolveConfig({}, { CANDLELAKE_SYNTHETIC: "maybe" }),
  ],
  ["a warehouse that is none", "mysql:x", () => resolveConfig({ warehouse: "mysql:x" }, {})],
  ["an endpoint that is no address", "here", () => resolveConfig({}, { CANDLELAKE_BINANCE_US_REST: "here" })],
  [
    "a test market",
    "testnet",
    () => resolveConfig({}, { CANDLELAKE_BINANCE_US_REST: "https://testnet.binance.vision" }),
  ],
];
for (const [what, about, said] of words) {
  test(`invariant 10: ${what} is refused with exit code 2, by its name`, () => {
    assert.throws(said, (error) => {
      assert.ok(error instanceof AppError, String(error));
      assert.equal(error.exitCode, 2);
      isGood(error, about);
      return true;
    });
  });
}

/** What a twin of the venues answers wrongly, and what is said of it. */
const faults: [fault: string, exit: number, about: string][] = [
  ["451", 1, "geo-block"],
  ["403", 1, "firewall"],
  ["418:7200", 1, "banned this address until"],
  ["429:7200", 1, "wants a pause until"],
  ["cut", 4, "Given up after 5 tries"],
  ["500", 4, "Given up after 5 tries"],
  ["html200", 4, "page for browsers"],
];
for (const [fault, exit, about] of faults) {
  test(`invariant 10: a venue that answers with ${fault} ends in ${exit}, and its host is named`, async () => {
    using folder = new TemporaryFolder();
    const twin = await startTwin({ now, faults: `${fault}@/klines`, limits: false });
    try {
      const endpoints = { ...DEFAULT_ENDPOINTS, "binance-us-rest": `${twin.url}/binance-us` };
      const { engine } = openCandlelake(configOf(folder.path, { endpoints, synthetic: true }), SILENT, { clock });
      const applied = await engine.apply({ wishes: [wish("spot", start, start + DAY)], load: null }, "ingest");
      assert.equal(exitCodeOf(applied), exit);
      for (const { error } of applied.outcomes) {
        assert.ok(error);
        isGood(error, new URL(twin.url).host);
        assert.ok(error.message.includes(about), error.message);
      }
    } finally {
      await twin.close();
    }
  });
}

/** Wishes that the venue cannot grant. */
const wishes: [what: string, about: string, of: Wish][] = [
  ["a day that has not come", "2030-01-01", wish("spot", Date.UTC(2030, 0, 1), Date.UTC(2030, 0, 2))],
  ["a time before the market began", "begins on", wish("spot", Date.UTC(2012, 0, 1), Date.UTC(2012, 0, 2))],
];
for (const [what, about, of] of wishes) {
  test(`invariant 10: ${what} is refused, with a command that would do`, async () => {
    using folder = new TemporaryFolder();
    const { engine } = openCandlelake(configOf(folder.path, { synthetic: true }), SILENT, { clock });
    await assert.rejects(engine.apply({ wishes: [of], load: null }, "ingest"), (error) => {
      assert.ok(error instanceof AppError);
      assert.equal(error.exitCode, 2);
      isGood(error, about);
      assert.match(error.next, /--symbol BTCUSDT .*--(?:date|from) \d{4}-\d\d-\d\d$/);
      return true;
    });
  });
}

test("invariant 10: a symbol that the venue does not know is named", async () => {
  using folder = new TemporaryFolder();
  const { engine } = openCandlelake(configOf(folder.path, { synthetic: true }), SILENT, { clock });
  const of = wish("spot", start, start + DAY, { symbol: "NOSUCHUSDT" });
  const applied = await engine.apply({ wishes: [of], load: null }, "ingest");
  assert.equal(exitCodeOf(applied), 4);
  isGood(applied.outcomes[0]?.error ?? assert.fail(), "NOSUCHUSDT");
});

/** A lake that is fetched and loaded, and then damaged; what is said of it is about one file. */
const object = "spot_klines/interval=1h/yyyy=2025/mm=01/dd=30/binance-us_btcusdt_spot_1h_2025-01-30.parquet";
const manifest = "_manifests/spot_klines/binance-us_btcusdt_spot_1h_2025-01.json";
const damages: [
  what: string,
  about: string,
  damage: (data: string) => void,
  use: (lab: RealLab) => Promise<unknown>,
][] = [
  [
    "a manifest that is cut",
    manifest,
    (data) => fs.truncateSync(`${data}/${manifest}`, 100),
    (lab) => firstError(lab, loading(wish("spot", start, start + DAY))),
  ],
  [
    "a manifest of a newer format",
    manifest,
    (data) => fs.writeFileSync(`${data}/${manifest}`, '{"format":99}'),
    (lab) => firstError(lab, loading(wish("spot", start, start + DAY))),
  ],
  [
    "an object that changed",
    object,
    (data) => {
      fs.appendFileSync(`${data}/${object}`, "x");
      fs.rmSync(`${data}/candlelake.duckdb`);
    },
    (lab) => firstError(lab, loading()),
  ],
  [
    "an object that is gone",
    object,
    (data) => {
      fs.rmSync(`${data}/${object}`);
      fs.rmSync(`${data}/candlelake.duckdb`);
    },
    (lab) => firstError(lab, loading()),
  ],
  [
    "an object that is gone, asked for in SQL",
    object,
    (data) => fs.rmSync(`${data}/${object}`),
    (lab) => lab.queryLake("SELECT * FROM spot_klines"),
  ],
  [
    "a warehouse that is none",
    "candlelake.duckdb",
    (data) => fs.writeFileSync(`${data}/candlelake.duckdb`, "not a database at all, but long enough to be one"),
    (lab) => lab.query("SELECT 1"),
  ],
  [
    "a warehouse that is not there",
    "candlelake.duckdb",
    (data) => fs.rmSync(`${data}/candlelake.duckdb`),
    (lab) => lab.query("SELECT 1"),
  ],
  ["a statement that writes", "DELETE", () => undefined, (lab) => lab.query("DELETE FROM spot_klines")],
  ["a statement that is wrong", "spot_candles", () => undefined, (lab) => lab.query("SELECT * FROM spot_candles")],
];

async function firstError(lab: RealLab, asked: Parameters<RealLab["engine"]["apply"]>[0]): Promise<never> {
  const { outcomes } = await lab.engine.apply(asked, "candlelake run");
  const error = outcomes.find((outcome) => outcome.error)?.error ?? assert.fail("nothing failed");
  throw new AppError(error.exitCode, error);
}

for (const [what, about, damage, use] of damages) {
  test(`invariant 10: ${what} is named`, async () => {
    using folder = new TemporaryFolder();
    await using lab = new RealLab(folder.join("data"), new ModelVenue(start - 20 * DAY, now));
    await lab.run(wish("spot", start, start + DAY));
    assert.equal((await rowsOf(await lab.engine.query("FROM spot_klines"))).length, 24);
    damage(lab.data);
    await assert.rejects(use(lab), (error) => {
      assert.ok(error instanceof AppError, String(error));
      assert.ok([2, 3, 4].includes(error.exitCode));
      isGood(error, about);
      return true;
    });
  });
}

test("invariant 10: what stores and locks refuse names the file or the holder", async () => {
  using folder = new TemporaryFolder();
  const store = new FileStore(folder.path, readOnlyDisk);
  const lock = await lockLake(folder.join("lake"), "candlelake run", systemClock);
  const said: [about: string, what: () => Promise<unknown>][] = [
    ["t/a", () => store.write("t/a", new Uint8Array(1))],
    ["../x", () => store.read("../x")],
    [`process ${process.pid}`, () => lockLake(folder.join("lake"), "candlelake load", systemClock)],
  ];
  for (const [about, what] of said) {
    await assert.rejects(what(), (error) => {
      assert.ok(error instanceof AppError, String(error));
      assert.equal(error.exitCode, 4);
      isGood(error, about);
      return true;
    });
  }
  await lock.release();
});
