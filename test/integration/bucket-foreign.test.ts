import * as assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DAY, HOUR, MINUTE } from "../../src/core/time.ts";
import { CloudLab } from "../fakes/cloud-lab.ts";
import { wish } from "../fakes/lab.ts";
import { ModelVenue } from "../fakes/model-venue.ts";

const start = Date.UTC(2025, 0, 30);
const now = start + 2 * DAY + 10 * HOUR + MINUTE;
const WISHES = [wish("spot", start, undefined), wish("futures", start, undefined)];

/** What nobody's lake would name so, beside manifests and refused rows. */
const STRANGE = [
  "_manifests/README.md",
  "_manifests/spot_klines/binance-us_btcusdt_spot_1h_2025-01.json.bak",
  "_manifests/spot_klines/old/binance-us_btcusdt_spot_1h_2025-01.json",
  "_manifests/spot_klines/binance-us_btcusdt_spot_7h_2025-01.json",
  "_manifests/trades/binance-us_btcusdt_spot_1h_2025-01.json",
  "_quarantine/notes.txt",
  "_quarantine/spot_klines/binance-us_btcusdt_spot_1h_2025-01.json",
  "_quarantine/spot_klines/old/binance-us_btcusdt_spot_1h_2025-01-30.json",
];

describe("what others put beside the bucket's manifests and refused rows", () => {
  test("is listed with the command that moves that object and no other", async () => {
    await using lab = await CloudLab.open(new ModelVenue(Date.UTC(2024, 11, 20), now));
    lab.venue.quirks = { broken: (_, time) => time === start + 5 * HOUR };
    await using one = lab.machine("one");
    await one.ingest(...WISHES);
    const ours = [...(await lab.objects()).keys()];
    for (const folder of ["_manifests/futures_metrics/", "_quarantine/spot_klines/"])
      assert.ok(
        ours.some((key) => key.startsWith(folder)),
        folder,
      );
    assert.deepEqual(await one.engine.foreign(), []);
    const expected = [];
    for (const key of STRANGE) {
      const { generation } = await lab.put(`raw/${key}`, "{}");
      const uri = `gs://demo-bucket/raw/${key}`;
      const next = `gcloud storage mv --if-generation-match=0 '${uri}#${generation}' gs://demo-bucket/legacy/${key}`;
      expected.push({ uri, difference: "its name is none of the lake's", next });
    }
    const byUri = (a: { uri: string }, b: { uri: string }) => (a.uri < b.uri ? -1 : 1);
    const { foreign, series } = await one.engine.survey();
    assert.deepEqual([...foreign].sort(byUri), expected.sort(byUri));
    assert.deepEqual(
      series.flatMap(({ damaged }) => damaged),
      [],
    );
    assert.deepEqual(await one.plan(...WISHES), []);
  });
});
