import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isText, numbers, rowAt, text } from "../../src/core/batch.ts";
import { Interrupted, SourceError } from "../../src/core/errors.ts";
import { type Series, seriesLabel } from "../../src/core/series.ts";
import { DAY, HOUR, iso, MINUTE, type TimeRange } from "../../src/core/time.ts";
import { tableOf } from "../../src/market/tables.ts";
import type { Source } from "../../src/ports.ts";

/** A source to be tried, with what it serves. Every series is tried over its first days and its last ones. */
export interface Trial extends AsyncDisposable {
  readonly source: Source;
  readonly series: readonly Series[];
  /** Asked of a symbol that the source does not know. */
  readonly unknown: Series;
}

type Row = Record<string, number | string | null>;

interface Reading {
  readonly rows: Row[];
  readonly unpublished: TimeRange[];
}

/** Reads a range and checks what holds for every page. */
async function read(source: Source, series: Series, range: TimeRange, signal?: AbortSignal): Promise<Reading> {
  const table = tableOf(series);
  const reading: Reading = { rows: [], unpublished: [] };
  let covered = range.from;
  for await (const page of source.read(series, range, signal)) {
    const { batch } = page;
    assert.equal(batch.table, table);
    assert.equal(batch.columns.length, table.columns.length);
    for (const column of batch.columns) if (!isText(column)) assert.equal(column.values.length, batch.rows);
    const times = numbers(batch, table.eventTime).values;
    for (let i = 0; i < batch.rows; i++) {
      const time = (times[i] as number) / 1000;
      assert.ok(time >= covered && time < Math.min(range.to, page.until), `${iso(time)} in its page, in the range`);
      assert.notEqual(page.evidence(i), "");
    }
    assert.ok(page.until >= covered, "pages go forward");
    covered = page.until;
    reading.rows.push(...Array.from({ length: batch.rows }, (_, i) => rowAt(batch, i)));
    reading.unpublished.push(...page.unpublished);
    assert.deepEqual(page.broken, []);
    if (batch.rows > 0) {
      assert.deepEqual(text(batch, "venue").dictionary, [series.venue]);
      assert.deepEqual(text(batch, "symbol").dictionary, [series.symbol]);
      assert.equal(text(batch, "source").dictionary.length, 1);
    }
  }
  assert.ok(covered >= range.to, `covers up to ${iso(range.to)}`);
  const at = reading.rows.map((row) => row[table.eventTime] as number);
  assert.deepEqual(
    at,
    [...new Set(at)].sort((a, b) => a - b),
    "ascending, each once",
  );
  return reading;
}

/** About a hundred rows' time. */
function span(series: Series): number {
  const length = { m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY, M: 30 * DAY };
  const step = series.step ?? "8h";
  return 100 * Number.parseInt(step, 10) * length[step.at(-1) as keyof typeof length];
}

/** What every source does, whatever lies behind it. */
export function sourceContract(name: string, make: () => Promise<Trial>): void {
  const using = (what: (trial: Trial) => Promise<void>) => async () => {
    await using trial = await make();
    await what(trial);
  };

  /** Both ends of what a source has of a series. */
  async function ranges({ source }: Trial, series: Series): Promise<TimeRange[]> {
    const [now, first] = [await source.now(), await source.first(series)];
    const width = span(series);
    return [
      { from: first - 3 * DAY, to: first + width },
      { from: now - width, to: now + DAY },
    ];
  }

  describe(`source contract: ${name}`, () => {
    it(
      "has one now",
      using(async ({ source }) => {
        const now = await source.now();
        assert.ok(Number.isSafeInteger(now));
        assert.equal(await source.now(), now);
        assert.notEqual(source.host, "");
      }),
    );

    it(
      "reads pages in time order that cover the range, and nothing from behind now",
      using(async (trial) => {
        const now = await trial.source.now();
        for (const series of trial.series) {
          for (const range of await ranges(trial, series)) {
            const { rows } = await read(trial.source, series, range);
            for (const row of rows) assert.ok((row[tableOf(series).eventTime] as number) <= now * 1000);
          }
          const recent = await read(trial.source, series, { from: now - span(series), to: now });
          assert.ok(recent.rows.length > 90, `${seriesLabel(series)}: ${recent.rows.length} rows`);
          const { rows } = await read(trial.source, series, { from: now + DAY, to: now + 2 * DAY });
          assert.deepEqual(rows, []);
        }
      }),
    );

    it(
      "knows where a series begins",
      using(async ({ source, series: all }) => {
        for (const series of all) {
          const first = await source.first(series);
          const { rows, unpublished } = await read(source, series, {
            from: first - 40 * DAY,
            to: first + span(series),
          });
          if (unpublished.length === 0)
            assert.equal(rows[0]?.[tableOf(series).eventTime], first * 1000, seriesLabel(series));
        }
      }),
    );

    it(
      "reads half-open ranges",
      using(async ({ source, series: all }) => {
        const now = await source.now();
        for (const series of all) {
          const { rows } = await read(source, series, { from: now - span(series), to: now });
          const at = rows.map((row) => (row[tableOf(series).eventTime] as number) / 1000);
          const [from, to] = [at[20] as number, at[30] as number];
          assert.deepEqual((await read(source, series, { from, to })).rows, rows.slice(20, 30), seriesLabel(series));
          assert.deepEqual((await read(source, series, { from: from + 1, to: to + 1 })).rows, rows.slice(21, 31));
          assert.deepEqual((await read(source, series, { from, to: from })).rows, []);
        }
      }),
    );

    it(
      "gives the same rows however a range is cut",
      using(async (trial) => {
        for (const series of trial.series) {
          for (const range of await ranges(trial, series)) {
            const whole = await read(trial.source, series, range);
            const width = range.to - range.from;
            const cuts = [0.07, 0.11, 0.4, 0.401, 0.77].map((part) => Math.round(range.from + part * width));
            const parts: Row[] = [];
            for (const [i, from] of [range.from, ...cuts].entries()) {
              parts.push(...(await read(trial.source, series, { from, to: cuts[i] ?? range.to })).rows);
            }
            assert.deepEqual(parts, whole.rows, seriesLabel(series));
          }
        }
      }),
    );

    it(
      "names a symbol that it does not know",
      using(async ({ source, unknown }) => {
        const refused = (error: unknown) =>
          error instanceof SourceError && error.code === "unknown-symbol" && error.message.includes(unknown.symbol);
        const now = await source.now();
        await assert.rejects(source.first(unknown), refused);
        await assert.rejects(read(source, unknown, { from: now - DAY, to: now }), refused);
      }),
    );

    it(
      "ends when the run is stopped",
      using(async ({ source, series: all }) => {
        const now = await source.now();
        for (const series of all) {
          const range = { from: now - span(series), to: now };
          await assert.rejects(read(source, series, range, AbortSignal.abort()), Interrupted);
          const stop = new AbortController();
          const pages = source.read(series, { from: now - 20 * span(series), to: now }, stop.signal);
          await assert.rejects(async () => {
            for await (const page of pages) if (page.batch.rows >= 0) stop.abort();
            stop.signal.throwIfAborted(); // a single page was all
          });
        }
      }),
    );

    it(
      "counts its requests",
      using(async ({ source, series: [series] }) => {
        assert.ok(series);
        const before = source.usage.requests;
        assert.equal(source.usage.retries, 0);
        await source.first(series);
        assert.ok(source.usage.requests >= before);
      }),
    );
  });
}
