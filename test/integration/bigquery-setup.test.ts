import * as assert from "node:assert/strict";
import { describe } from "node:test";
import type { AppError } from "../../src/core/errors.ts";
import type { TableName } from "../../src/core/table.ts";
import type { SetupReport } from "../../src/ports/warehouse.ts";
import type { BigQueryWarehouse } from "../../src/warehouses/bigquery.ts";
import { codeOf, load, rowsOf } from "../contract/warehouse.ts";
import { catchUp, type Scene, scene } from "../fakes/bigquery-scene.ts";
import { refusing } from "../fakes/google-front.ts";

const RAW = "datasets/btc_forecast_raw";
const TODAY = new Date().toISOString().slice(0, 10).replaceAll("-", "");
const MOVE = { moveExisting: true, description: undefined };

/** A table as people make them: no partitions, times as text, and two rows in it. */
async function makeByHand({ ask }: Scene, table: string): Promise<void> {
  const fields = [
    { name: "open_time", type: "STRING" },
    { name: "close", type: "FLOAT" },
  ];
  const tableReference = { projectId: "demo", datasetId: "btc_forecast_raw", tableId: table };
  await ask("POST", `${RAW}/tables`, { tableReference, schema: { fields } });
  const rows = `INSERT INTO btc_forecast_raw.${table} (open_time, close) VALUES ('2025-01-01', 1), ('2025-01-01', 1)`;
  await ask("POST", "queries", { query: rows, useLegacySql: false, location: "us-central1" });
}

async function makeDataset({ ask }: Scene, location = "us-central1"): Promise<void> {
  const datasetReference = { projectId: "demo", datasetId: "btc_forecast_raw" };
  await ask("POST", "datasets", { datasetReference, location });
}

interface TableJson {
  readonly numRows: string;
  readonly description: string;
  readonly timePartitioning: object;
  readonly clustering: object;
  readonly schema: { readonly fields: readonly { name: string; mode: string; description: string }[] };
}

const tableOf = async ({ ask }: Scene, name: string) => (await ask("GET", `${RAW}/tables/${name}`)) as TableJson;

const createdIn = ({ created }: SetupReport, name: string): boolean => created.includes(`btc_forecast_raw.${name}`);

describe("setup", () => {
  scene("makes tables by month, clustered, with every column described and none required", async (context) => {
    const warehouse = context.open();
    await warehouse.setup({ moveExisting: false, description: "Somebody's own words" });
    const dataset = (await context.ask("GET", RAW)) as { location: string; description: string };
    assert.deepEqual([dataset.location.toLowerCase(), dataset.description], ["us-central1", "Somebody's own words"]);
    const table = await tableOf(context, "futures_metrics");
    assert.deepEqual(table.timePartitioning, { type: "MONTH", field: "open_time" });
    assert.deepEqual(table.clustering, { fields: ["symbol", "interval"] });
    for (const { name, mode, description } of table.schema.fields) {
      assert.deepEqual([mode ?? "NULLABLE", description !== ""], ["NULLABLE", true], name);
    }
    assert.match((await tableOf(context, "load_ledger")).description, /\(warehouse format 1\)$/);
  });

  scene("names the dataset in its next commands where it is another one", async ({ open, lake }) => {
    const refusal = load(open({ dataset: "mine_raw" }), lake.candleUnit("2025-01", [{ day: "2025-01-01" }]));
    await assert.rejects(refusal, { next: "candlelake setup --project demo --dataset mine_raw" });
  });

  scene("keeps a made world's datasets apart", async (context) => {
    const { created } = await context.open({ synthetic: true }).setup();
    assert.ok(created.includes("btc_forecast_raw_synthetic"));
    assert.ok(created.includes("btc_forecast_curated_synthetic"));
  });

  scene("two at once: both find everything there", async ({ open }) => {
    const reports = await Promise.all([open().setup(), open().setup()]);
    for (const { created, exists, differs } of reports) {
      assert.equal(created.length + exists.length, 7);
      assert.deepEqual(differs, []);
    }
    assert.deepEqual((await open().setup()).created, []);
  });

  scene("a dataset somewhere else is named with the place that it is in, and left alone", async (context) => {
    await makeDataset(context, "EU");
    const { created, differs } = await context.open().setup();
    assert.deepEqual(differs, [
      {
        table: "btc_forecast_raw",
        difference: "it is in eu, where datasets stay, and not in us-central1",
        next: "candlelake setup --project demo --location eu",
      },
    ]);
    assert.deepEqual(created, ["btc_forecast_curated"]);
  });

  for (const [what, method] of [
    ["made", "POST"],
    ["looked at", "GET"],
  ] as const)
    scene(`a dataset that may not be ${what} keeps nothing of the other from being made`, async (context) => {
      const { open, front } = context;
      const refuse = (name: string) => {
        front.interfere = ({ method: verb, path, body }) =>
          verb === method && /\/datasets(?:\/[^/]+)?$/.test(path) && (path + body).includes(name)
            ? refusing(
                403,
                "accessDenied",
                "Access Denied: Project demo: User does not have bigquery.datasets.x permission",
              )
            : undefined;
      };
      const failedIn = ({ failed }: SetupReport) => failed.map(({ name, error }) => [name, error.code, error.exitCode]);
      refuse("btc_forecast_curated");
      const first = await open().setup();
      assert.deepEqual(failedIn(first), [["btc_forecast_curated", "permission-denied", 4]]);
      assert.ok(createdIn(first, "spot_klines") && createdIn(first, "load_ledger"));
      refuse("mine_raw");
      const second = await open({ dataset: "mine_raw" }).setup();
      assert.deepEqual([failedIn(second), second.created], [[["mine_raw", "permission-denied", 4]], ["mine_curated"]]);
      front.interfere = () => undefined;
      assert.deepEqual((await open().setup()).created, ["btc_forecast_curated"]);
    });

  scene("what is no right of one dataset's ends the setup", async ({ open, front }) => {
    front.interfere = () => refusing(403, "billingNotEnabled");
    await assert.rejects(open().setup(), { code: "billing-off" });
  });
});

describe("a table that was there before", () => {
  scene("is named with each difference, left as it is, and never loaded into", async (context) => {
    await makeDataset(context);
    await makeByHand(context, "spot_klines");
    const warehouse = context.open();
    const report = await warehouse.setup();
    assert.equal(report.differs.length, 1);
    const [{ table, difference, next } = { table: "", difference: "", next: "" }] = report.differs;
    assert.equal(table, "btc_forecast_raw.spot_klines");
    assert.match(difference, /it has no column ts; /);
    assert.match(difference, /; column open_time is STRING and should be TIMESTAMP; /);
    assert.match(difference, /; it is not partitioned and should be partitioned by month of open_time; /);
    assert.equal(next, "candlelake setup --project demo --move-existing");
    assert.ok(createdIn(report, "funding_rates"));
    const unit = context.lake.candleUnit("2025-01", [{ day: "2025-01-01" }]);
    assert.equal(await codeOf(load(warehouse, unit)), "table-differs");
    assert.equal((await tableOf(context, "spot_klines")).numRows, "2");
  });

  scene("is copied aside and made anew when that is asked for", async (context) => {
    await makeDataset(context);
    await makeByHand(context, "spot_klines");
    await makeByHand(context, `spot_klines_legacy_${TODAY}`);
    const warehouse = context.open();
    const report = await warehouse.setup(MOVE);
    assert.deepEqual(report.differs, []);
    assert.ok(createdIn(report, "spot_klines") && createdIn(report, `spot_klines_legacy_${TODAY}_2`));
    const aside = `SELECT open_time, close FROM spot_klines_legacy_${TODAY}_2`;
    assert.deepEqual(await rowsOf(warehouse, aside), [
      ["2025-01-01", 1],
      ["2025-01-01", 1],
    ]);
    await load(warehouse, context.lake.candleUnit("2025-01", [{ day: "2025-01-01" }]));
    assert.deepEqual((await warehouse.setup(MOVE)).created, []);
  });

  scene("that is a view cannot be copied, and the answer says so", async (context) => {
    await makeDataset(context);
    const tableReference = { projectId: "demo", datasetId: "btc_forecast_raw", tableId: "spot_klines" };
    await context.ask("POST", `${RAW}/tables`, {
      tableReference,
      view: { query: "SELECT 1 AS one", useLegacySql: false },
    });
    const { differs } = await context.open().setup(MOVE);
    assert.match(
      differs[0]?.difference ?? "",
      /^it is a view, and only tables can be copied aside: rename or delete it$/,
    );
  });
});

describe("a table of our very shape", () => {
  /** As statements made it that earlier versions printed, or somebody's own: nothing says whose it is. */
  async function makeAlike({ ask }: Scene, warehouse: BigQueryWarehouse, ...tables: TableName[]): Promise<void> {
    const ddl = warehouse.ddl(tables).replaceAll(/, labels = \[[^\]]*\]/g, "");
    assert.ok(!ddl.includes("labels"));
    for (const query of ddl.split(/(?<=;)\n+/).filter((statement) => statement.trim() !== ""))
      await ask("POST", "queries", { query, useLegacySql: false, location: "us-central1" });
  }
  /** What was loaded is gone, and an empty table that was made by hand lies in its place. */
  async function replaced(context: Scene) {
    const warehouse = context.open();
    await warehouse.setup();
    const unit = context.lake.candleUnit("2025-01", [{ day: "2025-01-01" }]);
    await load(warehouse, unit);
    await context.ask("DELETE", `${RAW}/tables/spot_klines`);
    await makeAlike(context, warehouse, "spot_klines");
    return { warehouse, unit };
  }
  const insert = ({ ask }: Scene, open_time: string) => {
    const query = `INSERT INTO btc_forecast_raw.spot_klines (open_time, close) VALUES (TIMESTAMP '${open_time}', 1)`;
    return ask("POST", "queries", { query, useLegacySql: false, location: "us-central1" });
  };
  const labelsOf = async (context: Scene) => ((await tableOf(context, "spot_klines")) as { labels?: object }).labels;

  scene("the statements that setup prints label what they make", async (context) => {
    const warehouse = context.open();
    for (const query of warehouse
      .ddl()
      .split(/(?<=;)\n+/)
      .filter((statement) => statement.trim() !== ""))
      await context.ask("POST", "queries", { query, useLegacySql: false, location: "us-central1" });
    assert.deepEqual(await labelsOf(context), { app: "candlelake" });
    assert.deepEqual((await warehouse.setup()).created, []);
  });

  scene(
    "with rows that nobody loaded is named, never loaded into, and moved when that is asked for",
    async (context) => {
      const warehouse = context.open();
      await makeAlike(context, warehouse, "spot_klines");
      await insert(context, "2025-01-05 00:00:00+00");
      const { differs } = await warehouse.setup();
      assert.deepEqual(differs, [
        {
          table: "btc_forecast_raw.spot_klines",
          difference: "it has 1 rows that candlelake did not load, and no label app=candlelake",
          next: "candlelake setup --project demo --move-existing",
        },
      ]);
      const unit = context.lake.candleUnit("2025-01", [{ day: "2025-01-01" }]);
      await assert.rejects(load(warehouse, unit), { code: "table-differs", next: differs[0]?.next });
      assert.deepEqual(await rowsOf(warehouse, "SELECT close FROM spot_klines"), [[1]]);
      const moved = await warehouse.setup(MOVE);
      assert.ok(createdIn(moved, `spot_klines_legacy_${TODAY}`) && createdIn(moved, "spot_klines"));
      assert.deepEqual(await load(warehouse, unit), [["spot_klines 2025-01", 24]]);
      assert.deepEqual(await rowsOf(warehouse, `SELECT close FROM spot_klines_legacy_${TODAY}`), [[1]]);
    },
  );

  scene("that is empty becomes ours, at setup or at the first load", async (context) => {
    const warehouse = context.open();
    await makeAlike(context, warehouse, "spot_klines");
    assert.deepEqual((await warehouse.setup()).differs, []);
    assert.deepEqual(await labelsOf(context), { app: "candlelake" });
    await context.ask("DELETE", `${RAW}/tables/spot_klines`);
    await makeAlike(context, warehouse, "spot_klines");
    await load(warehouse, context.lake.candleUnit("2025-01", [{ day: "2025-01-01" }]));
    assert.deepEqual(await labelsOf(context), { app: "candlelake" });
  });

  scene("that became ours is known as such by the run after one that was killed before the ledger", async (context) => {
    await context.open().setup();
    await context.ask("DELETE", `${RAW}/tables/spot_klines`);
    await makeAlike(context, context.open(), "spot_klines");
    const unit = context.lake.candleUnit("2025-01", [{ day: "2025-01-01" }]);
    const dying = context.open({
      onStep(step) {
        if (step === "ledger") throw new Error("killed");
      },
    });
    await assert.rejects(load(dying, unit), /killed/);
    assert.deepEqual(await load(context.open(), unit), [["spot_klines 2025-01", 24]]);
  });

  scene(
    "in the place of one that the ledger tells of is named, and its rows stay till it is moved",
    async (context) => {
      const { warehouse, unit } = await replaced(context);
      for (let i = 0; i < 2; i++) await insert(context, "2025-01-01 00:00:00+00");
      const { front } = context;
      front.seen.length = 0;
      assert.deepEqual(await warehouse.ledger(), []);
      // The table's own resource tells: no partition is listed or counted for that.
      assert.ok(!front.seen.some(({ path }) => path.includes("spot_klines$")));
      const { differs } = await warehouse.setup();
      assert.equal(differs.length, 1);
      const [{ difference, next } = { difference: "", next: "" }] = differs;
      assert.match(
        difference,
        /^it has 2 rows that candlelake did not load, and no label app=candlelake: it was made at 20\S+Z, after the last load of a table of its name$/,
      );
      assert.equal(next, "candlelake setup --project demo --move-existing");
      await assert.rejects(load(warehouse, unit), (error: AppError) => {
        assert.deepEqual([error.code, error.exitCode, error.next], ["table-differs", 4, next]);
        assert.ok(error.message.includes(`spot_klines: ${difference}`), error.message);
        return true;
      });
      assert.deepEqual(await rowsOf(warehouse, "SELECT close FROM spot_klines"), [[1], [1]]);
      assert.ok(createdIn(await warehouse.setup(MOVE), "spot_klines"));
      assert.deepEqual(await catchUp(warehouse, [unit]), ["2025-01"]);
      assert.deepEqual(await catchUp(warehouse, [unit]), []);
      assert.deepEqual(await rowsOf(warehouse, "SELECT count(*) AS n FROM spot_klines"), [[24]]);
      assert.deepEqual(await rowsOf(warehouse, `SELECT close FROM spot_klines_legacy_${TODAY}`), [[1], [1]]);
    },
  );

  scene(
    "that is empty, in the place of one that the ledger tells of, becomes ours before its load",
    async (context) => {
      const { warehouse } = await replaced(context);
      const dying = context.open({
        onStep(step) {
          if (step === "ledger") throw new Error("killed");
        },
      });
      const newer = context.lake.candleUnit("2025-01", [{ day: "2025-01-01", rows: 5 }]);
      await assert.rejects(catchUp(dying, [newer]), /killed/);
      assert.deepEqual(await labelsOf(context), { app: "candlelake" });
      assert.deepEqual(await catchUp(warehouse, [newer]), ["2025-01"]);
      assert.deepEqual(await catchUp(warehouse, [newer]), []);
    },
  );

  scene("without a label that the ledger tells of is ours, as earlier versions left it", async (context) => {
    const warehouse = context.open();
    await warehouse.setup();
    await load(warehouse, context.lake.candleUnit("2025-01", [{ day: "2025-01-01" }]));
    await context.ask("PATCH", `${RAW}/tables/spot_klines`, { labels: { app: null } });
    await context.ask("PATCH", `${RAW}/tables/load_ledger`, { labels: { app: null } });
    await load(warehouse, context.lake.candleUnit("2025-01", [{ day: "2025-01-02" }]));
    assert.deepEqual((await warehouse.setup()).differs, []);
    assert.deepEqual(await rowsOf(warehouse, "SELECT count(*) AS n FROM spot_klines"), [[24]]);
  });
});

describe("moving a table aside, killed", () => {
  /** What becomes of the move: the request, by its method and path, at which the process ends. */
  const windows: readonly (readonly [what: string, method: string, path: RegExp])[] = [
    ["before the copy", "POST", /\/jobs$/],
    ["before the copy is looked at", "GET", /\/jobs\/candlelake_move_/],
    ["before the original is deleted", "DELETE", /\/tables\/spot_klines$/],
    ["before ours is made", "POST", /\/tables$/],
  ];
  const dies = async (warehouse: BigQueryWarehouse): Promise<void> => {
    await assert.rejects(warehouse.setup(MOVE));
  };
  for (const [what, method, path] of windows) {
    scene(what, async (context) => {
      await makeDataset(context);
      await makeByHand(context, "spot_klines");
      const { front } = context;
      let dead = false;
      front.interfere = (call) => {
        dead ||= call.method === method && path.test(call.path) && !/funding|futures|interest|ledger/.test(call.body);
        return dead ? { status: 400, headers: {}, body: new Uint8Array() } : undefined;
      };
      await dies(context.open());
      front.interfere = () => undefined;
      const warehouse = context.open();
      assert.deepEqual((await warehouse.setup(MOVE)).differs, []);
      assert.deepEqual((await tableOf(context, "spot_klines")).timePartitioning, { type: "MONTH", field: "open_time" });
      assert.deepEqual((await tableOf(context, `spot_klines_legacy_${TODAY}`)).numRows, "2");
      const listed = (await context.ask("GET", `${RAW}/tables`)) as {
        tables: { tableReference: { tableId: string } }[];
      };
      const legacy = listed.tables.filter(({ tableReference }) => tableReference.tableId.includes("_legacy_"));
      assert.equal(legacy.length, 1);
    });
  }
});
