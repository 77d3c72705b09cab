import * as assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { Cli, type Running } from "./process.ts";

/** `NAME=value` lines as an environment. */
const settingsOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name as string, value as string]),
  );

async function listens(address: string): Promise<boolean> {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function ready(cli: Cli, ...words: string[]): Promise<{ twin: Running; settings: Record<string, string> }> {
  const twin = cli.start("twin", ...words);
  await twin.said(/^ready$/m);
  return { twin, settings: settingsOf(twin.stdout) };
}

const stop = async (twin: Running, signal: NodeJS.Signals = "SIGTERM") => {
  twin.child.kill(signal);
  return twin.end();
};

const DAY = ["ingest", "spot", "--symbol", "BTCUSDT", "--date", "2025-01-01"];

describe("twin", { skip: process.platform === "win32" && "signals are another matter there" }, () => {
  test("prints its settings a line each, then ready; with them ingest asks it; stopped, it leaves nothing listening", async () => {
    using cli = Cli.closed();
    const { twin, settings } = await ready(cli, "--now", "2025-02-01T00:00Z");
    assert.deepEqual(Object.keys(settings), [
      "CANDLELAKE_BINANCE_US_REST",
      "CANDLELAKE_BINANCE_SPOT_REST",
      "CANDLELAKE_BINANCE_FUTURES_REST",
      "CANDLELAKE_BINANCE_ARCHIVE",
      "CANDLELAKE_BINANCE_ARCHIVE_LIST",
      "CANDLELAKE_SYNTHETIC",
    ]);
    assert.equal(
      twin.stdout,
      `${Object.entries(settings)
        .map(([name, value]) => `${name}=${value}\n`)
        .join("")}ready\n`,
    );
    Object.assign(cli.env, settings);
    const answer = await cli.json(...DAY);
    assert.deepEqual([answer.ok, answer.totals["rows"]], [true, 24]);
    const future = (await cli.run("ingest", "spot", "--symbol", "BTCUSDT", "--date", "2025-02-01")).exits(2);
    assert.match(future.stderr, /the venue's clock says 2025-02-01T00:00:00\.000Z/);

    const address = settings["CANDLELAKE_BINANCE_US_REST"] as string;
    assert.ok(await listens(address));
    const ended = await stop(twin);
    assert.deepEqual([ended.code, ended.stderr], [0, ""]);
    assert.ok(!(await listens(address)));
  });

  test("with --google there are Cloud Storage and BigQuery beside it, which end with it", async () => {
    using cli = Cli.closed();
    const { twin, settings } = await ready(
      cli,
      "--google",
      "--now",
      "2025-02-01T00:00Z",
      "--faults",
      "503-after@POST@1",
    );
    const url = settings["CANDLELAKE_STORAGE_ENDPOINT"] as string;
    assert.deepEqual(Object.keys(settings).slice(5), [
      "CANDLELAKE_SYNTHETIC",
      "CANDLELAKE_STORAGE_ENDPOINT",
      "CANDLELAKE_BIGQUERY_ENDPOINT",
      "CANDLELAKE_BUCKET",
      "CANDLELAKE_WAREHOUSE",
      "GOOGLE_CLOUD_PROJECT",
    ]);
    const put = () =>
      fetch(`${url}/upload/storage/v1/b/demo-bucket/o?uploadType=media&name=x&ifGenerationMatch=0`, {
        method: "POST",
        body: "x",
      });
    assert.deepEqual([(await put()).status, (await put()).status], [503, 412]);
    assert.equal((await fetch(`${settings["CANDLELAKE_BINANCE_US_REST"]}/api/v3/time`)).status, 200);
    const listed = await (await fetch(`${url}/b/demo-bucket/o?fields=items/timeCreated`)).json();
    assert.deepEqual(listed, { items: [{ timeCreated: "2025-02-01T00:00:00.000Z" }] });
    assert.equal((await stop(twin)).code, 0);
    assert.ok(!(await listens(url)));
  });

  test("a fault strikes the servers that know it, and a wrong one is refused before anything starts", async () => {
    using cli = Cli.closed();
    const wrong = (await cli.run("twin", "--google", "--faults", "503-aftr")).exits(2);
    assert.match(wrong.stderr, /did you mean 503-after\?/);
    const { twin, settings } = await ready(cli, "--google", "--faults", "csv-hole, deny:storage.buckets.get, 503@2");
    const status = async (path: string) => (await fetch(path)).status;
    const bucket = `${settings["CANDLELAKE_STORAGE_ENDPOINT"]}/b/demo-bucket`;
    const time = `${settings["CANDLELAKE_BINANCE_US_REST"]}/api/v3/time`;
    assert.deepEqual([await status(bucket), await status(bucket)], [403, 503]);
    assert.deepEqual([await status(time), await status(time)], [200, 503]);
    assert.equal((await stop(twin)).code, 0);
  });

  test("ends on Ctrl-C too, with an answer under way", async () => {
    using cli = Cli.closed();
    const { twin, settings } = await ready(cli, "--faults", "timeout");
    const asking = fetch(`${settings["CANDLELAKE_BINANCE_US_REST"]}/api/v3/time`).then(
      () => "answered",
      () => "cut off",
    );
    const silent = await Promise.race([asking, new Promise((resolve) => setTimeout(resolve, 200, "silent"))]);
    assert.equal(silent, "silent");
    assert.equal((await stop(twin, "SIGINT")).code, 0);
    assert.equal(await asking, "cut off");
  });

  test("in json is one document with the settings", async () => {
    using cli = Cli.closed();
    const twin = cli.start("twin", "--format", "json");
    await twin.said(/^\}$/m);
    const { command, ok, settings } = JSON.parse(twin.stdout);
    assert.deepEqual([command, ok, settings.CANDLELAKE_SYNTHETIC], ["twin", true, "1"]);
    await stop(twin);
  });

  test("another seed is another market, and the same seed the same one", async () => {
    const hashes: (string | null | undefined)[] = [];
    for (const seed of [[], ["--seed", "7"], ["--seed", "7"]]) {
      using cli = Cli.closed();
      const { twin, settings } = await ready(cli, ...seed);
      Object.assign(cli.env, settings);
      hashes.push((await cli.json(...DAY)).steps[0]?.sha256);
      await stop(twin);
    }
    assert.notEqual(hashes[0], hashes[1]);
    assert.equal(hashes[1], hashes[2]);
  });

  test("--history all has open interest that the venue no longer keeps; --faults go wrong and are got over", async () => {
    using cli = Cli.closed();
    const { twin, settings } = await ready(cli, "--history", "all", "--faults", "429:1@1, 500@/klines@2");
    Object.assign(cli.env, settings);
    const answer = await cli.json("ingest", "futures", "--symbol", "BTCUSDT", "--date", "2025-01-01");
    assert.equal(answer.ok, true);
    await stop(twin);
  });

  test("--archive leaves out the list, or every file; a word that is none of its own is refused", async () => {
    for (const [part, status] of [
      ["files", 200],
      ["none", 404],
    ] as const) {
      using cli = Cli.closed();
      const { twin, settings } = await ready(cli, "--archive", part);
      assert.equal(settings["CANDLELAKE_BINANCE_ARCHIVE_LIST"], undefined);
      const key = "data/spot/monthly/klines/BTCUSDT/1d/BTCUSDT-1d-2025-01.zip";
      assert.equal((await fetch(`${settings["CANDLELAKE_BINANCE_ARCHIVE"]}/${key}`)).status, status);
      await stop(twin);
    }
    using cli = Cli.closed();
    assert.match((await cli.run("twin", "--archive", "all")).exits(2).stderr, /--archive/);
  });

  test("a port that is taken is refused with its name", async () => {
    using cli = Cli.closed();
    const { twin, settings } = await ready(cli);
    const { port } = new URL(settings["CANDLELAKE_BINANCE_US_REST"] as string);
    const { stderr } = (await cli.run("twin", "--port", port)).exits(2);
    assert.match(stderr, new RegExp(`--port ${port}: `));
    await stop(twin);
  });

  test("made data are not taken for real: without its last line ingest refuses the twin", async () => {
    using cli = Cli.closed();
    const { twin, settings } = await ready(cli);
    Object.assign(cli.env, settings, { CANDLELAKE_SYNTHETIC: "" });
    const { stderr } = await cli.run(...DAY);
    assert.match(stderr, /serves made data/);
    await stop(twin);
  });
});
