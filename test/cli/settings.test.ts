import * as assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { TABLES } from "../../src/market/tables.ts";
import { tree } from "../fakes/folder.ts";
import { Cli } from "./process.ts";

type Origins = Readonly<Record<string, { readonly value: string; readonly origin: string; readonly from: string }>>;

interface ConfigAnswer {
  readonly ok: boolean;
  readonly file: string | null;
  readonly config: Readonly<Record<string, unknown>>;
  readonly origins: Origins;
}

describe("config", () => {
  test("each setting comes from flag, environment, file or default, in this order", async () => {
    using cli = Cli.at({});
    const data = async (...flags: string[]) => (await cli.json<ConfigAnswer>("config", ...flags)).origins["data"];
    assert.deepEqual(await data(), { value: "data", origin: "default", from: "" });
    writeFileSync(cli.path("candlelake.config.json"), JSON.stringify({ data: "of-file", synthetic: true }));
    assert.deepEqual(await data(), { value: "of-file", origin: "file", from: "candlelake.config.json" });
    cli.env["CANDLELAKE_DATA"] = "of-environment";
    assert.deepEqual(await data(), { value: "of-environment", origin: "environment", from: "CANDLELAKE_DATA" });
    assert.deepEqual(await data("--data", "of-flag"), { value: "of-flag", origin: "flag", from: "--data" });
  });

  test("every setting has an origin, and the switch for made data is one", async () => {
    using cli = Cli.at({ CANDLELAKE_BINANCE_US_REST: "http://127.0.0.1:1/", CANDLELAKE_WAREHOUSE: "duckdb:w.duckdb" });
    const { config, origins, file, ok } = await cli.json<ConfigAnswer>("config");
    assert.deepEqual([ok, file], [true, null]);
    assert.deepEqual(Object.keys(origins).sort(), [
      "bigquery",
      "binance-archive",
      "binance-archive-list",
      "binance-futures-rest",
      "binance-spot-rest",
      "binance-us-rest",
      "bucket",
      "data",
      "keep-archives",
      "location",
      "project",
      "series",
      "storage",
      "synthetic",
      "warehouse",
    ]);
    assert.equal(origins["warehouse"]?.from, "CANDLELAKE_WAREHOUSE");
    assert.equal(origins["binance-us-rest"]?.from, "CANDLELAKE_BINANCE_US_REST");
    assert.equal(origins["binance-futures-rest"]?.value, "https://fapi.binance.com");
    assert.equal(config["synthetic"], false);
    for (const words of [["--synthetic"], ["--dummy"]]) {
      const made = await cli.json<ConfigAnswer>("config", ...words);
      assert.equal(made.config["synthetic"], true);
      assert.deepEqual(made.origins["synthetic"], { value: "true", origin: "flag", from: "--synthetic" });
    }
    for (const [value, meant] of [
      ["1", true],
      ["true", true],
      ["0", false],
      ["", false],
    ] as const) {
      cli.env["CANDLELAKE_SYNTHETIC"] = value;
      assert.equal((await cli.json<ConfigAnswer>("config")).config["synthetic"], meant, value);
    }
  });

  test("a proxy that is no address is refused before Google is asked, and not said again", async () => {
    for (const cloud of [
      { CANDLELAKE_BUCKET: "gs://demo-bucket" },
      { CANDLELAKE_WAREHOUSE: "bigquery:demo.lake_raw" },
    ]) {
      using cli = Cli.at({ ...cloud, HTTPS_PROXY: "http://user:s3cret@[::1" });
      const { stderr, stdout } = (await cli.run("status")).exits(2);
      assert.match(stderr, /^candlelake: The environment's https_proxy is no http address\.$/m);
      assert.ok(!`${stderr}${stdout}`.includes("s3cret"));
    }
  });

  test("text, csv and ndjson say the same", async () => {
    using cli = Cli.at({});
    assert.match((await cli.run("config")).exits(0).stdout, /^data +data +default$/m);
    assert.match(
      (await cli.run("config", "--format", "csv")).exits(0).stdout,
      /^setting,value,origin,from\ndata,data,default,\n/,
    );
    const [line] = (await cli.run("config", "--format", "ndjson")).exits(0).stdout.split("\n");
    assert.deepEqual(JSON.parse(line ?? ""), { setting: "data", value: "data", origin: "default", from: "" });
  });

  const BAD: readonly (readonly [content: string, message: RegExp])[] = [
    ["{", /candlelake\.config\.json: the file is no JSON: /],
    ["[]", /candlelake\.config\.json: the file must be of type object, not array\./],
    ['{"dta": "x"}', /candlelake\.config\.json: dta is not a setting; did you mean data\?/],
    ['{"data": 5}', /candlelake\.config\.json: data must be of type string, not number\./],
    ['{"toString": "x"}', /toString is not a setting\./],
    [
      '{"endpoints": {"binance-us-res": "http://x"}}',
      /endpoints\.binance-us-res is not a setting; did you mean binance-us-rest\?/,
    ],
    [
      '{"endpoints": {"binance-us-rest": "nonsense"}}',
      /candlelake\.config\.json: endpoints\.binance-us-rest: "nonsense" is no URL/,
    ],
    [
      '{"endpoints": {"binance-us-rest": "ftp://x"}}',
      /candlelake\.config\.json: endpoints\.binance-us-rest: ftp: is not http or https/,
    ],
    [
      '{"warehouse": "postgres:x"}',
      /candlelake\.config\.json: warehouse: "postgres:x": it is neither duckdb:PATH nor bigquery:PROJECT.DATASET/,
    ],
    ['{"series": {}}', /series must be of type array, not object\./],
    ['{"series": [{"market": "spot"}]}', /series\[0\]\.from is missing\./],
    ['{"data": ""}', /data is empty; leave it out\./],
    [
      '{"series": [{"market": "spot", "symbol": "BTCUSDT", "interval": "1h", "from": "2025-01-01", "source": "archive"}]}',
      /series\[0\]\.source cannot be archive: binance-us publishes no archives/,
    ],
    ['{"series": [{"market": "spot", "from": "2025-01-01"}]}', /series\[0\]\.symbol is missing\./],
    [
      '{"series": [{"market": "spot", "from": "2025-01-01", "symbols": ["BTCUSDT", "../x"], "interval": "1h"}]}',
      /series\[0\]\.symbols\[1\] "\.\.\/x" is no symbol/,
    ],
    [
      '{"series": [{"market": "spot", "from": "2025-01-01", "symbol": "B", "symbols": ["C"], "interval": "1h"}]}',
      /series\[0\]\.symbols cannot stand beside symbol\./,
    ],
    [
      '{"series": [{"market": "spot", "from": "2025-01-01", "symbol": "BTCUSDT", "intervals": []}]}',
      /series\[0\]\.intervals is empty\./,
    ],
    [
      '{"series": [{"market": "spt", "symbol": "B", "interval": "1h", "from": "2025"}]}',
      /series\[0\]\.market cannot be "spt"; did you mean spot\? Known: spot futures\./,
    ],
    [
      '{"series": [{"market": "spot", "symbol": "BTCUSDT", "interval": "7h", "from": "2025-01-01"}]}',
      /series\[0\]\.interval cannot be "7h"/,
    ],
    [
      '{"series": [{"market": "spot", "symbol": "../x", "interval": "1h", "from": "2025-01-01"}]}',
      /series\[0\]\.symbol "\.\.\/x" is no symbol/,
    ],
    [
      '{"series": [{"market": "spot", "symbol": "BTCUSDT", "interval": "1h", "from": "2025-02-30"}]}',
      /series\[0\]\.from "2025-02-30": there is no such date/,
    ],
    [
      '{"series": [{"market": "futures", "venue": "binance-us", "symbol": "BTCUSDT", "interval": "1h", "from": "2025-01-01"}]}',
      /series\[0\]\.venue cannot be binance-us/,
    ],
  ];
  test("a file that is wrong is refused with the path to what is wrong, and nothing is touched", async () => {
    using cli = Cli.at({});
    for (const [content, message] of BAD) {
      writeFileSync(cli.path("candlelake.config.json"), content);
      for (const command of ["config", "run"]) {
        const { stderr, stdout } = (await cli.run(command)).exits(2);
        assert.match(stderr, message);
        assert.equal(stdout, "");
        assert.match(stderr, /^ {2}next: candlelake /m);
      }
    }
    assert.deepEqual([...tree(cli.folder.path).keys()], ["candlelake.config.json"]);
  });

  test("a file that a flag names must be there; its byte order mark is no fault", async () => {
    using cli = Cli.at({});
    const { stderr } = (await cli.run("config", "--config", "my lake.json")).exits(2);
    assert.match(stderr, /^candlelake: my lake\.json: there is no such file\.$/m);
    assert.match(stderr, /^ {2}next: candlelake init --config 'my lake\.json'$/m);
    mkdirSync(cli.path("folder.json"));
    assert.match(
      (await cli.run("config", "--config", "folder.json")).exits(2).stderr,
      /folder\.json: it cannot be read \(EISDIR\)/,
    );
    writeFileSync(cli.path("marked.json"), '\uFEFF{"data": "elsewhere"}');
    assert.equal((await cli.json<ConfigAnswer>("config", "--config", "marked.json")).config["data"], "elsewhere");
  });

  test("an environment that is wrong is refused with the variable's name", async () => {
    for (const [name, value] of [
      ["CANDLELAKE_SYNTHETIC", "maybe"],
      ["CANDLELAKE_WAREHOUSE", "bigquery:p"],
      ["CANDLELAKE_BINANCE_US_REST", "nonsense"],
      ["CANDLELAKE_BINANCE_FUTURES_REST", "https://testnet.binancefuture.com"],
    ] as const) {
      using cli = Cli.at({ [name]: value });
      assert.ok((await cli.run("status")).exits(2).stderr.startsWith(`candlelake: ${name}`), name);
    }
  });

  test("an address with a password in it is refused as wrong usage by every command, and not said again", async () => {
    const address = "http://user:s3cret@127.0.0.1:1";
    using cli = Cli.at({ CANDLELAKE_STORAGE_ENDPOINT: address, DATA_BUCKET: "demo-bucket" });
    using filed = Cli.at({ DATA_BUCKET: "demo-bucket" });
    writeFileSync(filed.path("candlelake.config.json"), JSON.stringify({ endpoints: { bigquery: address } }));
    for (const [one, from] of [
      [cli, "CANDLELAKE_STORAGE_ENDPOINT"],
      [filed, "candlelake.config.json: endpoints.bigquery"],
    ] as const) {
      for (const words of [["status"], ["config"], ["config", "--format", "json"]]) {
        const { stdout, stderr } = (await one.run(...words)).exits(2);
        assert.ok(stderr.startsWith(`candlelake: ${from}: an endpoint is http(s)://HOST`), stderr);
        assert.doesNotMatch(stderr + stdout, /s3cret/);
      }
    }
  });
});

describe("init", () => {
  test("writes a config that runs, with its schema beside it, and leaves an existing one alone", async () => {
    using cli = Cli.made();
    const first = (await cli.run("init")).exits(0);
    assert.equal(first.stdout, "Wrote candlelake.config.json. Next: candlelake run\n");
    const written = JSON.parse(readFileSync(cli.path("candlelake.config.json"), "utf8"));
    assert.equal(written.$schema, "./candlelake.config.schema.json");
    assert.deepEqual(
      Object.keys(JSON.parse(readFileSync(cli.path("candlelake.config.schema.json"), "utf8"))).slice(0, 3),
      ["$schema", "title", "type"],
    );
    (await cli.run("plan")).exits(0);
    const before = tree(cli.folder.path);
    assert.match(
      (await cli.run("init")).exits(0).stdout,
      /^candlelake\.config\.json is there already and was left alone\./,
    );
    assert.deepEqual(await cli.json("init"), {
      command: "init",
      ok: true,
      created: [],
      exists: ["candlelake.config.json", "candlelake.config.schema.json"],
      error: null,
    });
    assert.deepEqual(tree(cli.folder.path), before);
  });

  test("writes where --config says, and keeps what else was said", async () => {
    using cli = Cli.at({});
    mkdirSync(cli.path("my lake"));
    const { stdout } = (await cli.run("init", "--config", "my lake/c.json", "--data", "d", "--synthetic")).exits(0);
    assert.equal(stdout, "Wrote my lake/c.json. Next: candlelake run --config 'my lake/c.json'\n");
    assert.deepEqual([...tree(cli.folder.path).keys()], ["my lake/c.json", "my lake/candlelake.config.schema.json"]);
    const { config } = await cli.json<ConfigAnswer>("config", "--config", "my lake/c.json");
    assert.deepEqual([config["data"], config["synthetic"]], ["d", true]);
    assert.match(
      (await cli.run("init", "--config", "nowhere/c.json")).exits(4).stderr,
      /nowhere\/c\.json cannot be written: its folder does not exist/,
    );
  });
});

describe("schema", () => {
  test("names every column with type, unit and doc, in every form", async () => {
    using cli = Cli.at({});
    const answer = await cli.json<{ tables: { name: string; key: string[]; columns: unknown[] }[] }>("schema");
    assert.deepEqual(
      answer.tables.map(({ name, columns }) => [name, columns]),
      TABLES.map((table) => [
        table.name,
        table.columns.map(({ name, type, unit, doc }) => ({ name, type, unit, doc })),
      ]),
    );
    const one = (await cli.run("schema", "spot_klines")).exits(0).stdout;
    assert.match(one, /^spot_klines +open_time +TIMESTAMP +UTC +/m);
    assert.doesNotMatch(one, /funding_rates/);
    assert.match(
      (await cli.run("schema", "--format", "csv")).exits(0).stdout,
      /^table,column,type,unit,doc\nspot_klines,ts,TIMESTAMP,UTC,/,
    );
    const forms = {
      duckdb: /CREATE TABLE .*"spot_klines"/,
      parquet: /^message spot_klines \{\n {2}optional int64 ts/m,
      typescript: /export interface SpotKlinesRow \{/,
      markdown: /^## spot_klines$/m,
    };
    for (const [kind, pattern] of Object.entries(forms)) {
      const text = (await cli.run("schema", "spot_klines", "--as", kind)).exits(0).stdout;
      assert.match(text, pattern);
      assert.doesNotMatch(text, /open_interest/, kind);
      assert.equal((await cli.json<{ text: string }>("schema", "spot_klines", "--as", kind)).text, text);
      assert.match((await cli.run("schema", "--as", kind)).exits(0).stdout, /open_interest/);
    }
    assert.deepEqual([...tree(cli.folder.path)], []);
  });

  test("of a table that no warehouse holds there is no DDL", async () => {
    using cli = Cli.at({});
    const { stderr } = (await cli.run("schema", "futures_klines", "--as", "duckdb")).exits(2);
    assert.match(stderr, /futures_klines stays in the lake/);
    (await cli.run("schema", "futures_klines", "--as", "parquet")).exits(0);
  });
});
