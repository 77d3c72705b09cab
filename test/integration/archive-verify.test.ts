// Files that the venue publishes anew, and files that are kept between runs.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, describe, test } from "node:test";
import { UNCONFIRMED, VANISHED } from "../../src/core/manifest.ts";
import { exitCodeOf } from "../../src/pipeline/exit-code.ts";
import { startTwin, type Twin } from "../../src/twin/start.ts";
import { Cli, type WorkAnswer } from "../cli/process.ts";
import { bytesOf, NOW, SPOT, sumOf } from "../fakes/archive-files.ts";
import { TemporaryFolder, tree } from "../fakes/folder.ts";
import { wish } from "../fakes/lab.ts";
import { type Front, type Instead, NOT_THERE, startFront } from "../fakes/twin-front.ts";
import { TwinLab } from "../fakes/twin-lab.ts";

const spot = wish("spot", Date.UTC(2025, 0, 1), Date.UTC(2025, 3, 1), { venue: "binance" });
const archived = { ...spot, choice: "archive" as const };
const WEB_PAGE: Instead = { status: 200, body: "<html>" };
const NAME = "BTCUSDT-1h-2025-02.zip";
const KEY = `${SPOT}/1h/${NAME}`;
const MANIFEST = "spot_klines/synthetic_btcusdt_spot_1h_2025-02.json";
const INGEST = ["ingest", "spot", "--venue", "binance", "--symbol", "BTCUSDT", "--from", "2025-01", "--to", "2025-04"];

const folder = new TemporaryFolder("memory");
const twin = await startTwin({ now: NOW, limits: false });
after(async () => {
  await twin.close();
  folder[Symbol.dispose]();
});

let count = 0;
const place = (name: string): string => folder.join(`${name} ${count++}`);

/** The twin, but for February's file, which is another's. */
async function republished(
  other: Pick<Twin, "handle">,
  body: (front: Readonly<Record<string, string>>) => Promise<void>,
) {
  await using front = await startFront(twin, (url): Instead | undefined => {
    if (!url.includes(NAME)) return undefined;
    const { status, body: bytes } = other.handle(url);
    return { status, body: bytes };
  });
  await body(front.settings);
}

async function withTwin(options: { seed?: number; faults?: string }, body: (other: Twin) => Promise<void>) {
  const other = await startTwin({ now: NOW, limits: false, ...options });
  try {
    await body(other);
  } finally {
    await other.close();
  }
}

const asked = (from: Twin, begun: number, ending: RegExp) =>
  from.requests.slice(begun).filter(({ path, status }) => ending.test(path) && status === 200).length;

describe("--verify-archives", () => {
  test("compares checksums, fetches no file, and has nothing to do where they are the same", async () => {
    await using lab = new TwinLab(place("same"), twin.settings);
    await lab.run(spot);
    const [before, begun] = [lab.contents(), twin.requests.length];
    await using later = new TwinLab(lab.data, twin.settings);
    assert.deepEqual((await later.verify(spot)).outcomes, []);
    assert.equal(asked(twin, begun, /\.zip$/), 0);
    assert.equal(asked(twin, begun, /\.CHECKSUM$/), 3);
    assert.deepEqual(later.contents(), before);
  });

  test("brings in as revised what was published anew; the manifest has both hashes", () =>
    withTwin({ seed: 7 }, (other) =>
      republished(other, async (settings) => {
        await using lab = new TwinLab(place("revised"), twin.settings);
        await lab.run(spot);
        const old = lab.manifest(MANIFEST);
        await using later = new TwinLab(lab.data, settings);
        assert.deepEqual((await later.run(spot)).outcomes, [], "nobody asks unless told to");
        const { outcomes } = await later.verify(spot);
        assert.equal(outcomes.length, 28);
        for (const { step, status, revised } of outcomes) {
          assert.ok(step.action === "fetch" && step.day.startsWith("2025-02"));
          assert.deepEqual([step.reason, status, revised], ["republished", "done", true]);
        }
        const [was, is] = [sumOf(await bytesOf(twin, KEY)), sumOf(await bytesOf(other, KEY))];
        const { archives, partitions } = later.manifest(MANIFEST);
        assert.deepEqual(old.archives?.[NAME]?.sha256, was);
        assert.deepEqual(archives?.[NAME]?.sha256, is);
        for (const [day, { content, revisions }] of Object.entries(partitions)) {
          assert.notEqual(content, old.partitions[day]?.content);
          assert.deepEqual(
            revisions?.map((revision) => [revision.content, revision.archives]),
            [[old.partitions[day]?.content, { [NAME]: was }]],
          );
        }
        assert.deepEqual((await later.verify(spot)).outcomes, []);
      }),
    ));

  /** February as the other has it but for three hours, and no daily files; `rest` answers in the place of REST. */
  const holey = (
    body: (other: Twin, front: Front) => Promise<void>,
    rest: () => Instead | undefined = () => undefined,
    path = "/",
  ): Promise<void> =>
    withTwin({ seed: 7, faults: "csv-hole" }, async (other) => {
      const zip = await bytesOf(other, KEY);
      const checksum = `${sumOf(zip)}  ${NAME}\n`;
      await using front = await startFront(twin, (url): Instead | undefined => {
        if (url.startsWith("/binance-spot") && url.includes(path)) return rest();
        if (/BTCUSDT-1h-2025-02-\d\d\.zip/.test(url)) return NOT_THERE;
        if (!url.includes(NAME)) return undefined;
        return { status: 200, body: url.endsWith(".CHECKSUM") ? checksum : zip };
      });
      await body(other, front);
    });

  const notesOf = (lab: TwinLab): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const { notes } of Object.values(lab.manifest(MANIFEST).partitions))
      for (const { kind, count } of notes) counts[kind] = (counts[kind] ?? 0) + count;
    return counts;
  };

  const rowsAndGaps = (lab: TwinLab) =>
    Object.values(lab.manifest(MANIFEST).partitions).map(({ rows, gaps }) => [rows, gaps]);

  /** Whose prices the lake has, hour by hour. */
  const pricesOf = async (lab: TwinLab): Promise<unknown[]> => {
    const sql = "SELECT open_time, close FROM spot_klines WHERE month(open_time) = 2 ORDER BY 1";
    return (await lab.queryLake(sql)).map(({ close }) => String(close));
  };

  test("keeps rows that what was published anew leaves out, until REST may be asked for them", () =>
    holey(async (_, front) => {
      await using lab = new TwinLab(place("left out"), twin.settings);
      await lab.run(archived);
      const old = rowsAndGaps(lab);
      await using later = new TwinLab(lab.data, front.settings);
      const { outcomes } = await later.verify(archived);
      assert.deepEqual(new Set(outcomes.map(({ status, revised }) => `${status} ${revised}`)), new Set(["done true"]));
      assert.deepEqual(notesOf(later), { [UNCONFIRMED]: 3 });
      assert.deepEqual(rowsAndGaps(later), old);
      assert.deepEqual((await later.verify(archived)).outcomes, [], "the archive alone has nothing more to say");
      const asked = await later.run(spot);
      assert.ok(asked.outcomes.length > 0 && asked.outcomes.every(({ status }) => /done|unchanged/.test(status)));
      assert.deepEqual(notesOf(later), {});
      assert.deepEqual(rowsAndGaps(later), old);
      assert.deepEqual((await later.verify(spot)).outcomes, []);
    }));

  for (const [how, path, blocked] of [
    ["refuses the place", "/", { status: 451, body: "{}" }],
    ["does not answer", "/klines", { status: 503, body: "busy" }],
  ] as const) {
    test(`asks REST later for rows that are left out, where it ${how}`, async () => {
      let isBlocked = true;
      await holey(
        async (other, front) => {
          await using lab = new TwinLab(place("blocked"), twin.settings);
          await lab.run(spot);
          const [old, was] = [rowsAndGaps(lab), await pricesOf(lab)];
          await using later = new TwinLab(lab.data, front.settings);
          const { outcomes } = await later.verify(spot);
          assert.ok(outcomes.some(({ status }) => status === "deferred"));
          assert.deepEqual(notesOf(later), { [UNCONFIRMED]: 3 });
          const again = await later.run(spot);
          assert.ok(again.outcomes.length > 0 && again.outcomes.every(({ status }) => status === "deferred"));
          isBlocked = false;
          await using open = new TwinLab(lab.data, front.settings);
          const { outcomes: healed } = await open.run(spot);
          assert.ok(healed.every(({ status }) => status !== "failed" && status !== "deferred"));
          assert.deepEqual(notesOf(open), {});
          assert.deepEqual(rowsAndGaps(open), old);
          await using whole = new TwinLab(place("whole"), front.settings);
          await whole.run(spot);
          assert.deepEqual(await pricesOf(open), await pricesOf(whole));
          assert.notDeepEqual(await pricesOf(open), was);
          assert.deepEqual((await open.verify(spot)).outcomes, []);
          assert.ok(other.requests.length > 0);
        },
        () => (isBlocked ? blocked : undefined),
        path,
      );
    });
  }

  test("notes as left out what REST has not either", async () => {
    let isBlocked = true;
    await holey(
      async (_, front) => {
        await using lab = new TwinLab(place("gone"), twin.settings);
        await lab.run(spot);
        const old = rowsAndGaps(lab);
        await using later = new TwinLab(lab.data, front.settings);
        await later.verify(spot);
        isBlocked = false;
        await using empty = new TwinLab(lab.data, front.settings);
        await empty.run(spot);
        assert.deepEqual(notesOf(empty), { [VANISHED]: 3 });
        assert.deepEqual(rowsAndGaps(empty), old);
        assert.deepEqual((await empty.verify(spot)).outcomes, []);
      },
      () => (isBlocked ? { status: 503, body: "busy" } : { status: 200, body: "[]" }),
      "/klines",
    );
  });

  test("takes a kept file for a day that was not there only where it is as published", () =>
    withTwin({ seed: 7 }, (other) =>
      republished(other, async (settings) => {
        const kept = place("kept");
        await using first = new TwinLab(place("first"), twin.settings, {}, kept);
        await first.run(spot);
        await using unasked = new TwinLab(place("unasked"), settings, {}, kept);
        await unasked.run(spot);
        assert.deepEqual(unasked.manifest(MANIFEST).archives, first.manifest(MANIFEST).archives);
        await using compared = new TwinLab(place("compared"), settings, {}, kept);
        const begun = twin.requests.length;
        await compared.verify(spot);
        const fetched = twin.requests.slice(begun).filter(({ path }) => path.endsWith(".zip"));
        assert.deepEqual(
          fetched.map(({ path }) => path.slice(1)),
          [KEY],
        );
        assert.equal(compared.manifest(MANIFEST).archives?.[NAME]?.sha256, sumOf(await bytesOf(other, KEY)));
        assert.deepEqual((await compared.verify(spot)).outcomes, []);
      }),
    ));

  test("finds the days that an older file made where later ones are of the new file already", () =>
    withTwin({ seed: 7 }, (other) =>
      republished(other, async (settings) => {
        const [begin, middle, end] = [Date.UTC(2025, 1, 1), Date.UTC(2025, 1, 15), Date.UTC(2025, 2, 1)];
        await using lab = new TwinLab(place("extended"), twin.settings);
        await lab.run({ ...spot, from: begin, to: middle });
        await using later = new TwinLab(lab.data, settings);
        await later.run({ ...spot, from: middle, to: end });
        const [was, is] = [sumOf(await bytesOf(twin, KEY)), sumOf(await bytesOf(other, KEY))];
        const { archives, partitions } = later.manifest(MANIFEST);
        assert.deepEqual([archives?.[NAME]?.sha256, archives?.[`${NAME}#2`]?.sha256], [was, is]);
        for (const [day, entry] of Object.entries(partitions))
          assert.deepEqual(entry.archives, [day < "2025-02-15" ? NAME : `${NAME}#2`]);

        const { outcomes } = await later.verify({ ...spot, from: begin, to: end });
        assert.deepEqual(
          outcomes.map(({ step, revised }) => [step.action === "fetch" && step.day, step.reason, revised]),
          Array.from({ length: 14 }, (_, i) => [`2025-02-${String(i + 1).padStart(2, "0")}`, "republished", true]),
        );
        const after = later.manifest(MANIFEST);
        assert.deepEqual(Object.keys(after.archives ?? {}), [NAME]);
        assert.deepEqual(after.partitions["2025-02-01"]?.revisions?.[0]?.archives, { [NAME]: was });
        assert.deepEqual((await later.verify({ ...spot, from: begin, to: end })).outcomes, []);
      }),
    ));

  test("takes note of another file with the same rows, once", () =>
    withTwin({ faults: "csv-unordered" }, (other) =>
      republished(other, async (settings) => {
        await using lab = new TwinLab(place("same rows"), twin.settings);
        await lab.run(spot);
        const old = lab.manifest(MANIFEST);
        await using later = new TwinLab(lab.data, settings);
        const { outcomes } = await later.verify(spot);
        assert.equal(outcomes.length, 28);
        assert.ok(outcomes.every(({ status, revised }) => status === "unchanged" && !revised));
        const { archives, partitions } = later.manifest(MANIFEST);
        assert.notEqual(archives?.[NAME]?.sha256, old.archives?.[NAME]?.sha256);
        assert.ok(Object.values(partitions).every(({ revisions }) => revisions === undefined));
        assert.deepEqual((await later.verify(spot)).outcomes, []);
      }),
    ));

  test("a file that came with a hole and was mended is taken in, rows and all", () =>
    withTwin({ faults: "csv-hole:30" }, (holed) =>
      republished(holed, async (settings) => {
        await using lab = new TwinLab(place("mended"), settings);
        await lab.run({ ...spot, choice: "archive" });
        await using later = new TwinLab(lab.data, twin.settings);
        const { outcomes } = await later.verify(spot);
        assert.equal(outcomes.length, 28);
        assert.ok(outcomes.every(({ step }) => step.reason === "republished"));
        await using whole = new TwinLab(place("whole"), twin.settings);
        await whole.run(spot);
        const contents = (of: TwinLab) =>
          Object.entries(of.manifest(MANIFEST).partitions).map(([day, { content, gaps }]) => [day, content, gaps]);
        assert.deepEqual(contents(later), contents(whole));
        assert.deepEqual((await later.verify(spot)).outcomes, []);
      }),
    ));

  test("says what is revised, and of which file nothing is known any more", async () => {
    await withTwin({ seed: 7 }, (other) =>
      republished(other, async (settings) => {
        using cli = Cli.at(twin.settings);
        (await cli.run(...INGEST)).exits(0);
        Object.assign(cli.env, settings);
        const { stdout } = (await cli.run(...INGEST, "--verify-archives")).exits(0);
        assert.match(stdout, /^fetch .* 28 revised /m);
        assert.match((await cli.run(...INGEST, "--verify-archives")).exits(0).stdout, /Nothing to do/);
      }),
    );
    using cli = Cli.at(twin.settings);
    (await cli.run(...INGEST)).exits(0);
    const before = tree(cli.path("data"));
    await using front = await startFront(twin, (url) => (url.includes(NAME) ? NOT_THERE : undefined));
    Object.assign(cli.env, front.settings);
    const ended = (await cli.run(...INGEST, "--verify-archives", "--format", "json")).exits(0);
    assert.deepEqual(ended.json<WorkAnswer>().steps, []);
    assert.match(ended.stderr, /no longer has BTCUSDT-1h-2025-02\.zip; what it brought is kept/);
    assert.deepEqual(tree(cli.path("data")), before);
  });

  for (const [what, where, instead, code, exit, days] of [
    ["one file's checksum is none", NAME, WEB_PAGE, "html-body", 1, 28],
    ["one file's checksum is refused", NAME, { status: 500, body: "" }, "server-error", 1, 28],
    ["the host gives none", ".CHECKSUM", { status: 500, body: "" }, "server-error", 4, 90],
  ] as const) {
    test(`days that could not be compared fail, and stay as they are: ${what}`, async () => {
      await using lab = new TwinLab(place("uncompared"), twin.settings);
      await lab.run(spot);
      const before = lab.contents();
      await using front = await startFront(twin, (url) => (url.includes(where) ? instead : undefined));
      await using later = new TwinLab(lab.data, front.settings);
      const applied = await later.verify(spot);
      assert.equal(applied.outcomes.length, days);
      for (const { step, status, error } of applied.outcomes) {
        assert.deepEqual([step.reason, status, error?.code], ["a file of it was not compared", "failed", code]);
        assert.match(error?.message ?? "", /^BTCUSDT-1h-2025-\d\d\.zip was not compared: .*CHECKSUM/);
      }
      assert.equal(exitCodeOf(applied), exit);
      assert.deepEqual(later.contents(), before);
    });
  }

  test("is not asked of REST alone", async () => {
    using cli = Cli.at(twin.settings);
    const { stderr } = (await cli.run(...INGEST, "--verify-archives", "--source", "rest")).exits(2);
    assert.match(stderr, /--verify-archives compares bulk files, which --source rest leaves alone/);
  });

  test("an answer tells why nothing could be compared", async () => {
    using cli = Cli.at(twin.settings);
    (await cli.run(...INGEST)).exits(0);
    await using front = await startFront(twin, (url) => (url.includes(".CHECKSUM") ? WEB_PAGE : undefined));
    Object.assign(cli.env, front.settings);
    const ended = (await cli.run(...INGEST, "--verify-archives", "--format", "json")).exits(3);
    const { ok, error, totals } = ended.json<WorkAnswer>();
    assert.deepEqual([ok, error?.code, totals["failed"]], [false, "html-body", 90]);
  });
});

describe("--keep-archives", () => {
  /** A first run that keeps, and a second one into another lake. */
  async function twice(between: (kept: string) => void, settings = twin.settings) {
    const kept = place("kept");
    await using first = new TwinLab(place("first"), twin.settings, {}, kept);
    await first.run(spot);
    between(kept);
    const begun = twin.requests.length;
    await using second = new TwinLab(place("second"), settings, {}, kept);
    const { outcomes } = await second.run(spot);
    assert.ok(outcomes.length === 90 && outcomes.every(({ status }) => status === "done"));
    assert.deepEqual(second.contents(), first.contents());
    return { kept, zips: asked(twin, begun, /\.zip$/) };
  }

  /** The path of February's file below the folder. */
  const keptFile = (kept: string, ending = ""): string => {
    const [path, ...others] = [...tree(kept).keys()].filter((name) => name.endsWith(NAME + ending));
    assert.deepEqual(others, []);
    return `${kept}/${path}`;
  };

  test("keeps verified files as they came, with checksums that sha256sum reads, and uses them", async () => {
    const { kept, zips } = await twice((path) => assert.equal(tree(path).size, 6));
    assert.equal(zips, 0);
    const zip = await bytesOf(twin, KEY);
    assert.deepEqual(readFileSync(keptFile(kept)), zip);
    assert.equal(readFileSync(keptFile(kept, ".CHECKSUM")).toString(), `${sumOf(zip)}  ${NAME}`);
  });

  for (const [what, damage] of [
    ["a byte is another", (path: string) => writeFileSync(path, readFileSync(path).fill(1, 100, 101))],
    ["it is cut", (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 500))],
    ["it is empty", (path: string) => writeFileSync(path, "")],
    ["its checksum is another's", (path: string) => writeFileSync(`${path}.CHECKSUM`, `${"0".repeat(64)}  ${NAME}`)],
    ["its checksum is none", (path: string) => writeFileSync(`${path}.CHECKSUM`, "?")],
  ] as const) {
    test(`a kept file is fetched again where ${what}, and is whole afterwards`, async () => {
      const { kept, zips } = await twice((path) => damage(keptFile(path)));
      assert.equal(zips, 1);
      assert.deepEqual(readFileSync(keptFile(kept)), await bytesOf(twin, KEY));
    });
  }

  test("what was published since takes the kept one's place", () =>
    withTwin({ seed: 7 }, (other) =>
      republished(other, async (settings) => {
        const kept = place("kept");
        await using lab = new TwinLab(place("lake"), twin.settings, {}, kept);
        await lab.run(spot);
        await using later = new TwinLab(lab.data, settings, {}, kept);
        const { outcomes } = await later.verify(spot);
        assert.ok(outcomes.length === 28 && outcomes.every(({ revised }) => revised));
        assert.deepEqual(readFileSync(keptFile(kept)), await bytesOf(other, KEY));
        const begun = twin.requests.length;
        await using next = new TwinLab(place("next"), settings, {}, kept);
        await next.run(spot);
        assert.equal(asked(twin, begun, /\.zip$/), 0);
        assert.deepEqual(next.manifest(MANIFEST).archives, later.manifest(MANIFEST).archives);
      }),
    ));

  test("by force a kept file counts where its checksum is still the published one", () =>
    withTwin({ seed: 7 }, (other) =>
      republished(other, async (settings) => {
        const kept = place("kept");
        await using lab = new TwinLab(place("lake"), twin.settings, {}, kept);
        await lab.run(spot);
        const begun = twin.requests.length;
        assert.ok((await lab.run({ ...spot, force: true })).outcomes.every(({ status }) => status === "unchanged"));
        assert.equal(asked(twin, begun, /\.zip$/), 0);
        assert.equal(asked(twin, begun, /\.CHECKSUM$/), 3);
        await using later = new TwinLab(lab.data, settings, {}, kept);
        const { outcomes } = await later.run({ ...spot, force: true });
        assert.deepEqual(
          outcomes.flatMap(({ step, revised }) => (revised && step.action === "fetch" ? [step.day.slice(0, 7)] : [])),
          Array.from({ length: 28 }, () => "2025-02"),
        );
        assert.deepEqual(readFileSync(keptFile(kept)), await bytesOf(other, KEY));
      }),
    ));

  for (const fault of ["bad-checksum", "zip-two", "csv-empty"]) {
    test(`what is refused is not used again: ${fault}`, () =>
      withTwin({ faults: fault }, (bad) =>
        republished(bad, async (settings) => {
          const kept = place("kept");
          await using lab = new TwinLab(place("lake"), settings, {}, kept);
          const { outcomes } = await lab.run(spot);
          assert.equal(outcomes.filter(({ status }) => status === "failed").length, 28);
          await using mended = new TwinLab(lab.data, twin.settings, {}, kept);
          const again = await mended.run(spot);
          assert.deepEqual(
            again.outcomes.filter(({ status }) => status !== "done").map(({ error }) => error?.message),
            [],
          );
        }),
      ));
  }
});
