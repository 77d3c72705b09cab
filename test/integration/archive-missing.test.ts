// Files that are not there, and REST that does not answer: who is asked instead, and what is told.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTwin, type Twin } from "../../src/twin/start.ts";
import { Cli, type StepAnswer, type WorkAnswer } from "../cli/process.ts";
import { NOW } from "../fakes/archive-files.ts";
import { tree } from "../fakes/folder.ts";
import { type Front, type Instead, NO_SUCH_SYMBOL, NOT_THERE, startFront } from "../fakes/twin-front.ts";

const SPOT = ["ingest", "spot", "--venue", "binance", "--symbol", "BTCUSDT", "--interval", "1h"] as const;
/** Behind it nothing listens. */
const CLOSED = "http://127.0.0.1:1";

const whole = await startTwin({ now: NOW });
after(() => whole.close());

const parquet = (cli: Cli) => [...tree(cli.path("data"))].filter(([key]) => key.endsWith(".parquet"));
const outcome = ({ day, status, error }: StepAnswer) => [day, status, error?.code];
const zips = (twin: Twin) =>
  twin.requests
    .filter(({ path, status }) => path.endsWith(".zip") && status === 200)
    .map(({ path }) => path.slice(path.lastIndexOf("/") + 1));

/** What a whole twin brings for a command. */
async function expected(...command: readonly string[]) {
  using cli = Cli.at(whole.settings);
  assert.equal((await cli.json(...command)).ok, true);
  return parquet(cli);
}

/** A front before a twin of its own, with files and perhaps their list, which does not name what is missing. */
async function without(missing: RegExp, archive: "listing" | "files"): Promise<{ twin: Twin; front: Front }> {
  const twin = await startTwin({ now: NOW, archive });
  const listed = (url: string): Instead => {
    const { status, body } = twin.handle(url);
    const named = /<Contents>.*?<\/Contents>/gs;
    return {
      status,
      body: Buffer.from(body)
        .toString()
        .replace(named, (one) => (missing.test(one) ? "" : one)),
    };
  };
  const front = await startFront(twin, (url) => {
    if (url.startsWith("/binance-archive-list")) return listed(url);
    return missing.test(url) ? NOT_THERE : undefined;
  });
  return { twin, front };
}

const TAIL = [...SPOT, "--from", "2026-07-30"] as const;

for (const [what, blocked] of [
  ["refuses the location", { faults: "451@/binance-spot" }],
  ["cannot be reached", { rest: CLOSED }],
] as const) {
  test(`REST ${what}: the archive's part is done and dated by the archive, the tail waits`, async () => {
    const twin = await startTwin({ now: NOW, ...("faults" in blocked ? blocked : {}) });
    try {
      using cli = Cli.at(twin.settings, "rest" in blocked ? { CANDLELAKE_BINANCE_SPOT_REST: blocked.rest } : {});
      const ended = (await cli.run(...TAIL, "--format", "json")).exits(1);
      const { ok, steps } = ended.json<WorkAnswer>();
      assert.equal(ok, false);
      const [tail, ...others] = steps.toReversed();
      assert.ok(tail && others.length === 31);
      assert.ok(others.every(({ status, rows }) => status === "done" && rows === 24));
      const cause = "rest" in blocked ? ["failed", "unreachable"] : ["deferred", "geo-blocked"];
      assert.deepEqual(outcome(tail), ["2026-08-30", ...cause]);
      assert.match(ended.stderr, new RegExp(`^${cause[0]}: .*2026-08-30`, "m"));

      // Where REST answers again the tail comes, and all is as if it had never been away.
      Object.assign(cli.env, whole.settings);
      const rest = await cli.json(...TAIL);
      assert.deepEqual(rest.steps.map(outcome), [["2026-08-30", "done", undefined]]);
      assert.deepEqual(parquet(cli), await expected(...TAIL));
      assert.deepEqual((await cli.json(...TAIL)).steps, []);
    } finally {
      await twin.close();
    }
  });
}

test("a list that never ends is none, and soon taken for none: files are asked for by name", async () => {
  const { twin, front } = await without(/1h-2026-06\.zip/, "files");
  let pages = 0;
  const endless = await startFront(twin, (url) => {
    if (!url.startsWith("/binance-archive-list")) return undefined;
    const page = `<IsTruncated>true</IsTruncated><Key>data/${String(pages++).padStart(9, "0")}</Key>`;
    return { status: 200, body: `<ListBucketResult>${page}</ListBucketResult>` };
  });
  try {
    const base = endless.settings["CANDLELAKE_BINANCE_ARCHIVE"] ?? assert.fail("no archive");
    using cli = Cli.at({ ...endless.settings, CANDLELAKE_BINANCE_ARCHIVE_LIST: `${base}-list` });
    assert.equal((await cli.json(...SPOT, "--from", "2026-05", "--to", "2026-06")).ok, true);
    assert.deepEqual(parquet(cli), await expected(...SPOT, "--from", "2026-05", "--to", "2026-06"));
    assert.ok(pages > 1 && pages <= 200, `${pages} pages`);
  } finally {
    for (const one of [endless, front]) await one[Symbol.asyncDispose]();
    await twin.close();
  }
});

for (const archive of ["listing", "files"] as const) {
  const RANGE = ["--from", "2026-05-30", "--to", "2026-07-03"] as const;

  test(`a month's file that is missing: its days' own are taken (${archive})`, async () => {
    const { twin, front } = await without(/1h-2026-06\.zip/, archive);
    try {
      using cli = Cli.at(front.settings);
      assert.equal((await cli.json(...SPOT, ...RANGE)).ok, true);
      assert.deepEqual(parquet(cli), await expected(...SPOT, ...RANGE));
      const days = Array.from({ length: 30 }, (_, i) => `BTCUSDT-1h-2026-06-${String(i + 1).padStart(2, "0")}.zip`);
      assert.deepEqual(new Set(days).difference(new Set(zips(twin))), new Set());
      assert.deepEqual((await cli.json(...SPOT, ...RANGE)).steps, []);
    } finally {
      await front[Symbol.asyncDispose]();
      await twin.close();
    }
  });

  test(`a month and some of its days missing: REST has them, and the archive alone records gaps (${archive})`, async () => {
    const { twin, front } = await without(/1h-2026-06(?:-1\d)?\.zip/, archive);
    try {
      using auto = Cli.at(front.settings);
      assert.equal((await auto.json(...SPOT, ...RANGE)).ok, true);
      assert.deepEqual(parquet(auto), await expected(...SPOT, ...RANGE));

      using alone = Cli.at(front.settings);
      const before = twin.requests.length;
      const ended = (await alone.run(...SPOT, ...RANGE, "--source", "archive")).exits(0);
      assert.match(ended.stdout, /240 rows missing, 2026-06-10T00:00Z to 2026-06-20T00:00Z \(not-fetched: /);
      assert.ok(twin.requests.slice(before).every(({ host }) => host?.startsWith("binance-archive")));
      assert.deepEqual((await alone.json(...SPOT, ...RANGE, "--source", "archive")).steps, []);
      // The same days are asked for again, and REST may have them now.
      const rest = await alone.json(...SPOT, ...RANGE);
      assert.deepEqual(
        rest.steps.map(outcome),
        Array.from({ length: 10 }, (_, i) => [`2026-06-1${i}`, "done", undefined]),
      );
      assert.deepEqual(parquet(alone), parquet(auto));
    } finally {
      await front[Symbol.asyncDispose]();
      await twin.close();
    }
  });

  test(`the first month of a range missing, the archive alone: no day of it is lost (${archive})`, async () => {
    const { twin, front } = await without(/1h-2026-06\.zip/, archive);
    try {
      for (const from of ["2026-06-01", "2026-06-20", "2026-07-01"]) {
        using cli = Cli.at(front.settings);
        const command = [...SPOT, "--from", from, "--to", "2026-07-03"];
        const { ok, steps } = await cli.json(...command, "--source", "archive");
        assert.deepEqual([ok, steps[0]?.day, steps.at(-1)?.day], [true, from, "2026-07-02"]);
        assert.deepEqual(parquet(cli), await expected(...command));
      }
    } finally {
      await front[Symbol.asyncDispose]();
      await twin.close();
    }
  });
}

test("a day's file that the list names and that is not given out: REST has the day, without REST it waits", async () => {
  const twin = await startTwin({ now: NOW });
  const front = await startFront(twin, (url) => (/1h-2026-08-29\.zip/.test(url) ? NOT_THERE : undefined));
  try {
    using cli = Cli.at(front.settings);
    const RANGE = ["--from", "2026-08-27", "--to", "2026-08-30"] as const;
    const { ok, steps } = await cli.json(...SPOT, ...RANGE);
    assert.equal(ok, true);
    assert.equal(steps.length, 3);
    assert.deepEqual(parquet(cli), await expected(...SPOT, ...RANGE));
    using alone = Cli.at(front.settings);
    const ended = (await alone.run(...SPOT, ...RANGE, "--source", "archive", "--format", "json")).exits(1);
    assert.deepEqual(ended.json<WorkAnswer>().steps.map(outcome), [
      ["2026-08-27", "done", undefined],
      ["2026-08-28", "done", undefined],
      ["2026-08-29", "deferred", "not-in-archive"],
    ]);
  } finally {
    await front[Symbol.asyncDispose]();
    await twin.close();
  }
});

test("no archive at all: REST has everything", async () => {
  const twin = await startTwin({ now: NOW, archive: "none" });
  try {
    using cli = Cli.at(twin.settings);
    const RANGE = ["--from", "2026-07-30", "--to", "2026-08-03"] as const;
    assert.equal((await cli.json(...SPOT, ...RANGE)).ok, true);
    assert.deepEqual(parquet(cli), await expected(...SPOT, ...RANGE));
  } finally {
    await twin.close();
  }
});

test("a symbol that neither archive nor REST knows is unknown, whoever is asked", async () => {
  const nobody = ["ingest", "spot", "--venue", "binance", "--symbol", "NOPEUSDT", "--from", "2026-06"] as const;
  for (const way of ["auto", "archive", "rest"]) {
    using cli = Cli.at(whole.settings);
    const ended = (await cli.run(...nobody, "--source", way, "--format", "json")).exits(4);
    const answer = ended.json<WorkAnswer>();
    assert.equal(answer.error?.code, "unknown-symbol", way);
    assert.ok(answer.steps.every(({ status, error }) => status === "failed" && error?.code === "unknown-symbol"));
    assert.match(ended.stderr, /NOPEUSDT/);
    assert.deepEqual([...tree(cli.folder.path)], []);
  }
});

test("a symbol that REST no longer knows ends with its archive, and a second run plans nothing", async () => {
  const twin = await startTwin({ now: NOW, archive: "files" });
  const gone = /\/api\/v3\/klines\?.*symbol=LTCUSDT|LTCUSDT-1h-2026-0(?:7|8|6-(?:1[5-9]|[23]\d)|6\.zip)/;
  const front = await startFront(twin, (url) => {
    if (!gone.test(url)) return undefined;
    return url.startsWith("/binance-spot") ? NO_SUCH_SYMBOL : NOT_THERE;
  });
  try {
    using cli = Cli.at(front.settings);
    const ltc = ["ingest", "spot", "--venue", "binance", "--symbol", "LTCUSDT", "--interval", "1h"] as const;
    const ended = (await cli.run(...ltc, "--from", "2026-05", "--format", "json")).exits(0);
    const { steps } = ended.json<WorkAnswer>();
    assert.deepEqual([steps[0]?.day, steps.at(-1)?.day, steps.length], ["2026-05-01", "2026-06-14", 45]);
    assert.ok(steps.every(({ status, rows }) => status === "done" && rows === 24));
    assert.match(ended.stderr, /LTCUSDT spot 1h is no longer traded, .* its archive ends on 2026-06-14\.$/m);
    const before = tree(cli.path("data"));
    const again = (await cli.run(...ltc, "--from", "2026-05", "--format", "json")).exits(0);
    assert.deepEqual(again.json<WorkAnswer>().steps, []);
    assert.match(again.stderr, /its archive ends on 2026-06-14/);
    assert.deepEqual(tree(cli.path("data")), before);
  } finally {
    await front[Symbol.asyncDispose]();
    await twin.close();
  }
});
