import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { after, test } from "node:test";
import { startTwin } from "../../src/twin/start.ts";
import { NOW } from "../fakes/archive-files.ts";
import { tree } from "../fakes/folder.ts";
import { Cli, type WorkAnswer } from "./process.ts";

interface Cleaned {
  readonly command: string;
  readonly ok: boolean;
  readonly removed: boolean;
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly reason: string }[];
  readonly totals: { readonly files: number; readonly bytes: number };
  readonly error: null;
}

const twin = await startTwin({ now: NOW, limits: false });
after(() => twin.close());
const SERIES = ["--venue", "binance", "--symbol", "BTCUSDT", "--interval", "1d"] as const;
const INGEST = ["ingest", "spot", ...SERIES, "--from", "2025-01-30", "--to", "2025-02-03"] as const;

const object = (day: string, name = `synthetic_btcusdt_spot_1d_${day}.parquet`): string => {
  const [year, month, date] = day.split("-");
  return `spot_klines/interval=1d/yyyy=${year}/mm=${month}/dd=${date}/${name}`;
};
const manifest = (month: string): string => `_manifests/spot_klines/synthetic_btcusdt_spot_1d_${month}.json`;

/** A lake of four days over two months. */
async function filled(): Promise<Cli> {
  const cli = Cli.at(twin.settings);
  (await cli.run(...INGEST)).exits(0);
  return cli;
}

const lake = (cli: Cli, ...names: string[]): string => cli.path("data/synthetic", ...names);

function put(cli: Cli, key: string, bytes: string | Uint8Array): void {
  mkdirSync(dirname(lake(cli, key)), { recursive: true });
  writeFileSync(lake(cli, key), bytes);
}

const copy = (cli: Cli, from: string, to: string): void => put(cli, to, readFileSync(lake(cli, from)));

test("a lake of which every file is referred to has nothing to clean", async () => {
  using cli = await filled();
  const before = tree(cli.path("data"));
  assert.match((await cli.run("clean")).exits(0).stdout, /^Nothing to clean: every file is referred to\.$/m);
  const answer = await cli.json<Cleaned>("clean", "--dry-run");
  assert.deepEqual(answer, {
    command: "clean",
    ok: true,
    removed: false,
    files: [],
    totals: { files: 0, bytes: 0 },
    error: null,
  });
  assert.deepEqual(tree(cli.path("data")), before);
  using empty = Cli.at(twin.settings);
  (await empty.run("clean")).exits(0);
});

test("objects that no manifest names are shown and then removed; nothing else is touched", async () => {
  using cli = await filled();
  const before = tree(cli.path("data"));
  const orphan = object("2025-01-05");
  copy(cli, object("2025-01-30"), orphan);
  const foreign = [
    "notes.txt",
    "spot_klines/README.md",
    object("2025-01-30", "mine.parquet"),
    object("2025-01-30", "synthetic_btcusdt_spot_1d_2025-01-31.parquet"),
    "spot_klines/interval=1d/synthetic_btcusdt_spot_1d_2025-01-05.parquet",
    "_quarantine/spot_klines/notes.json",
    "other_table/synthetic_btcusdt_spot_1d_2025-01-05.parquet",
    "_manifests/spot_klines/mine.json",
  ];
  for (const key of foreign) put(cli, key, "mine");
  const littered = tree(cli.path("data"));

  const shown = await cli.json<Cleaned>("clean", "--dry-run");
  const bytes = before.get(`synthetic/${object("2025-01-30")}`)?.length ?? 0;
  assert.deepEqual(shown.files, [{ path: orphan, bytes, reason: "no manifest names it" }]);
  assert.deepEqual([shown.removed, shown.totals], [false, { files: 1, bytes }]);
  assert.match((await cli.run("clean", "--dry-run")).exits(0).stdout, /^1 file, .* would be removed\.$/m);
  assert.deepEqual(tree(cli.path("data")), littered);

  const done = await cli.json<Cleaned>("clean");
  assert.deepEqual([done.removed, done.files], [true, shown.files]);
  littered.delete(`synthetic/${orphan}`);
  assert.deepEqual(tree(cli.path("data")), littered);
  assert.deepEqual((await cli.json<Cleaned>("clean")).files, []);
  assert.deepEqual((await cli.json(...INGEST)).steps, []);
});

test("refused rows are kept as long as their entry says so", async () => {
  using cli = Cli.at(twin.settings);
  const bad = await startTwin({ now: NOW, limits: false, faults: "csv-conflict@/BTCUSDT-1d-2025-02" });
  try {
    Object.assign(cli.env, bad.settings);
    const { steps } = await cli.json(...INGEST.slice(0, -4), "--date", "2025-02");
    const day = steps.find(({ quarantined }) => quarantined > 0)?.day;
    const kept = `_quarantine/spot_klines/synthetic_btcusdt_spot_1d_${day}.json`;
    assert.ok(tree(lake(cli)).has(kept));
    assert.deepEqual((await cli.json<Cleaned>("clean")).files, []);
    assert.ok(tree(lake(cli)).has(kept));

    Object.assign(cli.env, twin.settings);
    (await cli.run(...INGEST.slice(0, -4), "--date", "2025-02", "--force")).exits(0);
    const { files } = await cli.json<Cleaned>("clean");
    assert.deepEqual(
      files.map(({ path, reason }) => [path, reason]),
      [[kept, "no entry refers to it"]],
    );
    assert.ok(!tree(lake(cli)).has(kept));
  } finally {
    await bad.close();
  }
});

test("where a manifest is damaged nobody knows what is referred to: its month stays, the others are cleaned", async () => {
  using cli = await filled();
  copy(cli, object("2025-01-30"), object("2025-01-05"));
  copy(cli, object("2025-02-01"), object("2025-02-05"));
  put(cli, "_quarantine/spot_klines/synthetic_btcusdt_spot_1d_2025-02-01.json", "[]");
  put(cli, manifest("2025-02"), "{");
  const said = (await cli.run("clean", "--dry-run")).exits(0).stderr;
  assert.match(said, /^Its files stay: .*2025-02\.json cannot be read.*\n {2}next: candlelake ingest spot .* --force/);
  const { files } = await cli.json<Cleaned>("clean");
  assert.deepEqual(
    files.map(({ path }) => path),
    [object("2025-01-05")],
  );
  for (const day of ["2025-02-01", "2025-02-02", "2025-02-05"]) assert.ok(tree(lake(cli)).has(object(day)), day);

  // Made anew by force, the damaged one is out of the way and can go.
  (await cli.run(...INGEST, "--force")).exits(0);
  const again = await cli.json<Cleaned>("clean");
  const reasons = Object.fromEntries(again.files.map(({ path, reason }) => [path, reason]));
  assert.equal(reasons[object("2025-02-05")], "no manifest names it");
  assert.equal(reasons["_quarantine/spot_klines/synthetic_btcusdt_spot_1d_2025-02-01.json"], "no entry refers to it");
  const [setAside, ...others] = again.files.filter(({ reason }) => reason === "a damaged manifest that was made anew");
  assert.match(setAside?.path ?? "", /^_quarantine\/_manifests\/spot_klines\/.*2025-02/);
  assert.deepEqual([others, again.files.length], [[], 3]);
  assert.deepEqual((await cli.json<Cleaned>("clean")).files, []);
  assert.deepEqual((await cli.json<WorkAnswer>(...INGEST)).steps, []);
});

test("a month whose manifest is gone: its files are orphans, and fetching brings them back", async () => {
  using cli = await filled();
  const before = tree(cli.path("data"));
  rmSync(lake(cli, manifest("2025-02")));
  const { files } = await cli.json<Cleaned>("clean", "--dry-run");
  assert.deepEqual(
    files.map(({ path }) => path),
    [object("2025-02-01"), object("2025-02-02")],
  );
  (await cli.run("clean")).exits(0);
  (await cli.run(...INGEST)).exits(0);
  assert.deepEqual(tree(cli.path("data")), before);
});

test("one world is cleaned, the other is left alone", async () => {
  using cli = await filled();
  const real = object("2025-01-05", "binance_btcusdt_spot_1d_2025-01-05.parquet");
  mkdirSync(dirname(cli.path("data", real)), { recursive: true });
  writeFileSync(cli.path("data", real), "mine");
  copy(cli, object("2025-01-30"), object("2025-01-06"));
  await cli.json<Cleaned>("clean");
  assert.ok(tree(cli.path("data")).has(real));
  assert.ok(!tree(lake(cli)).has(object("2025-01-06")));
});

test("csv and ndjson have a line a file, and a lake that was moved is cleaned where it lies", async () => {
  using cli = await filled();
  copy(cli, object("2025-01-30"), object("2025-01-05"));
  copy(cli, object("2025-01-30"), object("2025-01-06"));
  const csv = (await cli.run("clean", "--dry-run", "--format", "csv")).exits(0).stdout.trimEnd().split("\n");
  assert.deepEqual([csv[0], csv.length], ["path,bytes,reason", 3]);
  const lines = (await cli.run("clean", "--dry-run", "--format", "ndjson")).exits(0).stdout.trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).path),
    [object("2025-01-05"), object("2025-01-06")],
  );
  cpSync(cli.path("data"), cli.path("copy"), { recursive: true });
  assert.equal((await cli.json<Cleaned>("clean", "--data", "copy")).totals.files, 2);
});
