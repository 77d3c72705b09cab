import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, describe, test } from "node:test";
import { startTwin } from "../../src/twin/start.ts";
import { NOW } from "../fakes/archive-files.ts";
import { tree } from "../fakes/folder.ts";
import { NO_SUCH_SYMBOL, NOT_THERE, startFront } from "../fakes/twin-front.ts";
import { Cli, type StepAnswer, type WorkAnswer } from "./process.ts";

const twin = await startTwin({ now: NOW, limits: false, archive: "files" });
after(() => twin.close());

const RANGE = ["--from", "2026-07-30", "--to", "2026-08-02"] as const;
const INGEST = ["ingest", "spot", "--venue", "binance", ...RANGE] as const;

/** How many steps of each series are in each state, and why the others are not done. */
function byStep(steps: readonly StepAnswer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { symbol, interval, table, status, error } of steps) {
    const name = `${table} ${symbol} ${interval} ${status}${error ? ` ${error.code}` : ""}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** Before the twin: a question for a symbol's first candle is answered when so many of them wait. */
async function gate(size: number) {
  const waiting: (() => void)[] = [];
  let most = 0;
  const open = () => {
    for (const answer of waiting.splice(0)) answer();
  };
  const server = createServer((request, response) => {
    const { status, headers, body } = twin.handle(request.url ?? "/");
    const answer = () => response.writeHead(status, headers).end(body);
    if (!request.url?.includes("startTime=0")) {
      answer();
      return;
    }
    waiting.push(answer);
    most = Math.max(most, waiting.length);
    if (waiting.length >= size) open();
    else setTimeout(open, 2000).unref();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const own = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    settings: { ...twin.settings, CANDLELAKE_BINANCE_SPOT_REST: `${own}/binance-spot` },
    most: () => most,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

const without = (files: Map<string, Buffer>, text: string) => [...files].filter(([key]) => !key.includes(text));

describe("several symbols and intervals", () => {
  test("are asked for their beginnings at once, and planned in the order in which they were named", async () => {
    await using front = await gate(4);
    using cli = Cli.at(front.settings);
    const symbols = ["BTCUSDT", "ETHUSDT", "LTCUSDT", "NOPEUSDT"];
    const words = [...INGEST, "--symbol", symbols.join(), "--interval", "1h,1d", "--dry-run", "--format", "json"];
    const { steps } = (await cli.run(...words)).json<WorkAnswer>();
    assert.equal(front.most(), 4);
    assert.deepEqual([...new Set(steps.map(({ symbol }) => symbol))], symbols);
    using free = Cli.at(twin.settings);
    const bare = (some: readonly StepAnswer[]) => some.map(({ error, ...rest }) => ({ ...rest, error: error?.code }));
    assert.deepEqual(bare((await free.run(...words)).json<WorkAnswer>().steps), bare(steps));
  });

  test("in one command: an unknown one fails its steps, the others are done, a line a series", async () => {
    using cli = Cli.at(twin.settings);
    const words = [...INGEST, "--symbol", "BTCUSDT,ETHUSDT,NOPEUSDT", "--interval", "1h,1d"];
    const ended = (await cli.run(...words, "--format", "json")).exits(1);
    const { ok, steps, totals } = ended.json<WorkAnswer>();
    assert.equal(ok, false);
    assert.deepEqual(byStep(steps), {
      "spot_klines BTCUSDT 1h done": 3,
      "spot_klines BTCUSDT 1d done": 3,
      "spot_klines ETHUSDT 1h done": 3,
      "spot_klines ETHUSDT 1d done": 3,
      "spot_klines NOPEUSDT 1h failed unknown-symbol": 3,
      "spot_klines NOPEUSDT 1d failed unknown-symbol": 3,
    });
    assert.deepEqual([totals["done"], totals["failed"], totals["rows"]], [12, 6, 2 * 3 * 25]);
    assert.equal(ended.stderr.match(/^failed: .*NOPEUSDT/gm)?.length, 2);

    // What is there stays, and only the unknown one is asked for again.
    const before = tree(cli.path("data"));
    const again = (await cli.run(...words, "--format", "json")).exits(1);
    assert.deepEqual(new Set(again.json<WorkAnswer>().steps.map(({ symbol }) => symbol)), new Set(["NOPEUSDT"]));
    assert.deepEqual(tree(cli.path("data")), before);

    using apart = Cli.at(twin.settings);
    for (const symbol of ["ETHUSDT", "BTCUSDT"]) {
      for (const interval of ["1d", "1h"])
        (await apart.run(...INGEST, "--symbol", symbol, "--interval", interval)).exits(0);
    }
    assert.deepEqual(tree(apart.path("data")), before);
    const text = (await apart.run(...words, "--force")).exits(1).stdout;
    assert.equal(text.match(/^fetch +spot_klines +\S+ (?:BTC|ETH)USDT spot 1[hd] .* 3 unchanged /gm)?.length, 4);
  });

  test("named twice, or in small letters, are each taken once; with blanks they are none", async () => {
    using cli = Cli.at(twin.settings);
    const { steps } = await cli.json(...INGEST, "--symbol", "btcusdt,ETHUSDT,BTCUSDT", "--interval", "1d,1d");
    assert.deepEqual(byStep(steps), { "spot_klines BTCUSDT 1d done": 3, "spot_klines ETHUSDT 1d done": 3 });
    for (const words of [
      ["--symbol", "BTCUSDT,"],
      ["--symbol", "BTCUSDT, ETHUSDT"],
      ["--symbol", "BTCUSDT", "--interval", "1h,2w"],
    ]) {
      const ended = (await cli.run(...INGEST, ...words)).exits(2);
      assert.match(ended.stderr, /next: candlelake /);
    }
  });

  test("of futures share their funding and open interest", async () => {
    using cli = Cli.at(twin.settings);
    const words = ["ingest", "futures", "--symbol", "BTCUSDT", "--interval", "1h,4h", "--period", "5m", ...RANGE];
    assert.deepEqual(byStep((await cli.json(...words)).steps), {
      "futures_klines BTCUSDT 1h done": 3,
      "futures_klines BTCUSDT 4h done": 3,
      "funding_rates BTCUSDT null done": 3,
      "open_interest BTCUSDT 5m done": 3,
      "futures_metrics BTCUSDT 1h done": 3,
      "futures_metrics BTCUSDT 4h done": 3,
    });
    assert.deepEqual((await cli.json(...words)).steps, []);
  });

  test("in the settings file: run brings them in and loads them, whatever one of them fails of", async () => {
    const gone = /LTCUSDT-1d-2026-08|symbol=LTCUSDT/;
    await using front = await startFront(twin, (url) => {
      if (!gone.test(url)) return undefined;
      return url.startsWith("/binance-archive") ? NOT_THERE : NO_SUCH_SYMBOL;
    });
    using cli = Cli.at(front.settings);
    const series = {
      market: "spot",
      venue: "binance",
      symbols: ["BTCUSDT", "LTCUSDT", "NOPEUSDT"],
      intervals: ["1d"],
      from: "2026-07-30",
    };
    writeFileSync(cli.path("candlelake.config.json"), JSON.stringify({ series: [series] }));
    const ended = (await cli.run("run", "--format", "json")).exits(1);
    const { steps } = ended.json<WorkAnswer>();
    const fetched = byStep(steps.filter(({ action }) => action === "fetch"));
    assert.equal(fetched["spot_klines BTCUSDT 1d done"], 31);
    // The one that is no longer traded ends with its archive.
    assert.equal(fetched["spot_klines LTCUSDT 1d done"], 2);
    assert.match(ended.stderr, /LTCUSDT spot 1d is no longer traded, .* ends on 2026-07-31\.$/m);
    assert.ok((fetched["spot_klines NOPEUSDT 1d failed unknown-symbol"] ?? 0) > 0);
    const loads = steps.filter(({ action }) => action === "load");
    assert.deepEqual(
      loads.map(({ month, status, rows }) => [month, status, rows]),
      [
        ["2026-07", "done", 4],
        ["2026-08", "done", 29],
      ],
    );
    const before = without(tree(cli.path("data")), ".duckdb");
    const again = (await cli.run("run", "--format", "json")).exits(1).json<WorkAnswer>();
    const done = again.steps.filter(({ status }) => status === "done");
    const asked = again.steps.filter(({ action }) => action === "fetch").map(({ symbol }) => symbol);
    assert.deepEqual([done, new Set(asked)], [[], new Set(["NOPEUSDT"])]);
    assert.deepEqual(without(tree(cli.path("data")), ".duckdb"), before);
  });
});

describe("renamed symbols", () => {
  test("the old name ends where the new one begins; each is a series of its own", async () => {
    const old = /LTCUSDT-1d-2026-08|symbol=LTCUSDT/;
    const young = /XLMUSDT-1d-2026-(?:0[1-7])/;
    await using front = await startFront(twin, (url) => {
      if (old.test(url)) return url.startsWith("/binance-archive") ? NOT_THERE : NO_SUCH_SYMBOL;
      return young.test(url) ? NOT_THERE : undefined;
    });
    using cli = Cli.at(front.settings);
    const words = ["ingest", "spot", "--venue", "binance", "--interval", "1d", "--symbol", "LTCUSDT,XLMUSDT"];
    const range = ["--from", "2026-07-30", "--to", "2026-08-03", "--source", "archive"];
    const ended = await cli.run(...words, ...range, "--format", "json");
    const { steps } = ended.json<WorkAnswer>();
    const days = (symbol: string) =>
      steps.filter((step) => step.symbol === symbol && step.status === "done").map(({ day }) => day);
    assert.deepEqual(days("LTCUSDT"), ["2026-07-30", "2026-07-31"]);
    assert.deepEqual(days("XLMUSDT"), ["2026-08-01", "2026-08-02"]);
  });
});
