import type { StoredTable } from "./catalog.ts";
import type { Context } from "./context.ts";
import { type Cost, checkLimit } from "./cost.ts";
import { runDdl } from "./ddl.ts";
import type { Cell } from "./duck.ts";
import { Failure, invalid, unserved } from "./failure.ts";
import type { Plan } from "./job-requests.ts";
import { flagOf, integerOf, type Json, objectOf, textOf } from "./json.ts";
import { type Destination, destinationOf } from "./load-options.ts";
import { type Parameter, parametersOf } from "./parameters.ts";
import { differing, partitionContents } from "./partition-times.ts";
import { settle } from "./placement.ts";
import type { Scope } from "./resolve.ts";
import { checkServed } from "./served.ts";
import { fieldsOfQuery, type Prepared, prepare, run } from "./statement.ts";
import { DML, type StatementType, statementsOf, statementType } from "./statement-type.ts";
import { storeAnswer } from "./store-answer.ts";
import { syntaxError, type Token, tokensOf } from "./tokens.ts";
import { type ResultField, resultField } from "./values.ts";

/** What a query answered. */
export interface QueryResult {
  readonly fields: readonly ResultField[];
  readonly rows: readonly (readonly Cell[])[];
  /** Rows that a statement changed; undefined for one that changes none. */
  readonly affected: number | undefined;
  readonly type: StatementType;
  readonly cost: Cost;
}

interface QueryOptions {
  readonly tokens: readonly Token[];
  readonly scope: Scope;
  readonly most: number | undefined;
  readonly destination: Destination | undefined;
}

const SERVED = [
  "query",
  "useLegacySql",
  "defaultDataset",
  "destinationTable",
  "writeDisposition",
  "createDisposition",
  "maximumBytesBilled",
  "parameterMode",
  "queryParameters",
  "useQueryCache",
  "priority",
  "allowLargeResults",
  "flattenResults",
  "userDefinedFunctionResources",
];

const FREE: Cost = { processed: 0, billed: 0 };

/** @throws Failure where the text is no GoogleSQL */
function optionsOf(section: Json, project: string): QueryOptions {
  checkServed(section, SERVED, "configuration.query");
  // Left out, it is legacy SQL that is asked for.
  if (section["useLegacySql"] === undefined || flagOf(section["useLegacySql"])) throw unserved("Legacy SQL");
  const { projectId, datasetId } = objectOf(section["defaultDataset"]);
  const parameters: readonly Parameter[] = parametersOf(section["queryParameters"]);
  return {
    tokens: tokensOf(textOf(section["query"]) ?? ""),
    scope: { project: textOf(projectId) ?? project, dataset: textOf(datasetId), parameters },
    most: integerOf(section["maximumBytesBilled"]),
    destination: section["destinationTable"] ? destinationOf(section, project, "WRITE_EMPTY") : undefined,
  };
}

/** The place of the datasets that a text names; undefined where it names none that is there. */
function homeOf({ catalog }: Context, { tokens, scope }: QueryOptions): Pick<Plan, "location" | "dataset"> {
  const names = tokens.flatMap(({ kind, text, value }) => (kind === "quoted" ? value.split(".") : [text]));
  const dataset = [...names, scope.dataset ?? ""]
    .map((name) => catalog.find(scope.project, name))
    .find((found) => found !== undefined);
  if (dataset === undefined) return { location: undefined, dataset: undefined };
  return { location: dataset.location, dataset: { project: dataset.project, dataset: dataset.id } };
}

/** A query's job; what is wrong with its text is the job's own error. @throws Failure */
export function queryPlan(context: Context, project: string, section: Json): Plan {
  let options: QueryOptions | Failure;
  try {
    options = optionsOf(section, project);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    options = error;
  }
  const home = options instanceof Failure ? { location: undefined, dataset: undefined } : homeOf(context, options);
  return {
    kind: "QUERY",
    ...home,
    destination: options instanceof Failure ? undefined : options.destination?.table,
    work: async (job) => {
      if (options instanceof Failure) throw options;
      const { result, tables } = await execute(context, options);
      job.result = result;
      return statisticsOf(result, tables);
    },
  };
}

function statisticsOf(
  { type, cost, fields, affected }: Omit<QueryResult, "rows">,
  tables: Iterable<StoredTable>,
): Json {
  return {
    totalBytesProcessed: String(cost.processed),
    query: {
      statementType: type,
      totalBytesProcessed: String(cost.processed),
      totalBytesBilled: String(cost.billed),
      cacheHit: false,
      referencedTables: [...tables].map(({ name }) => ({
        projectId: name.project,
        datasetId: name.dataset,
        tableId: name.table,
      })),
      ...(fields.length > 0 ? { schema: { fields } } : {}),
      ...(affected === undefined ? {} : { numDmlAffectedRows: String(affected) }),
    },
  };
}

/** What a query would read and answer, as `statistics`. @throws Failure */
export async function dryRunStatistics(context: Context, project: string, section: Json): Promise<Json> {
  const { tokens, scope } = optionsOf(section, project);
  const statements = statementsOf(tokens);
  const [only] = statements;
  if (only === undefined) throw syntaxError("Unexpected end of script");
  const type = statements.length > 1 ? "SCRIPT" : statementType(only);
  if (type === "UNKNOWN") throw syntaxError(`Unexpected ${describe(only[0])}`);
  if (type !== "SELECT" && !DML.includes(type)) {
    return statisticsOf({ type, cost: FREE, fields: [], affected: undefined }, []);
  }
  const prepared = await prepare(context, only, scope);
  const fields = type === "SELECT" ? await fieldsOfQuery(context, prepared) : [];
  return statisticsOf({ type, cost: prepared.cost, fields, affected: undefined }, prepared.tables);
}

interface Executed {
  readonly result: QueryResult;
  readonly tables: Iterable<StoredTable>;
}

async function execute(context: Context, options: QueryOptions): Promise<Executed> {
  const statements = statementsOf(options.tokens);
  if (statements.length === 0) throw syntaxError("Unexpected end of script");
  let last: Executed | undefined;
  const total = { processed: 0, billed: 0 };
  for (const tokens of statements) {
    last = await executeOne(context, tokens, options);
    total.processed += last.result.cost.processed;
    total.billed += last.result.cost.billed;
  }
  if (last === undefined) throw syntaxError("Unexpected end of script");
  if (statements.length === 1) return last;
  return { ...last, result: { ...last.result, type: "SCRIPT", cost: total } };
}

async function executeOne(context: Context, tokens: readonly Token[], options: QueryOptions): Promise<Executed> {
  const type = statementType(tokens);
  if (type === "SELECT") return select(context, await prepare(context, tokens, options.scope), options);
  if (type === "UNKNOWN") throw syntaxError(`Unexpected ${describe(tokens[0])}`);
  if (DML.includes(type)) return change(context, tokens, options);
  const made = await runDdl(context, type, tokens, options.scope);
  if (made === undefined) throw unserved(`The statement ${type}`);
  const { cost, tables } = made;
  return { result: { fields: [], rows: [], affected: undefined, type, cost }, tables };
}

const describe = (token: Token | undefined): string =>
  token?.kind === "word" ? `identifier "${token.text}"` : `"${token?.text}"`;

async function select(context: Context, prepared: Prepared, { most, destination }: QueryOptions): Promise<Executed> {
  const { type, cost, tables } = prepared;
  checkLimit(cost, most);
  const { names, types, rows } = await run(context, prepared);
  const fields = names.flatMap((name, index) => {
    const column = types[index];
    return column === undefined ? [] : [resultField(name, column)];
  });
  if (destination !== undefined) await storeAnswer(context, prepared, fields, destination);
  return { result: { fields, rows, affected: undefined, type, cost }, tables };
}

async function change(context: Context, tokens: readonly Token[], { scope, most }: QueryOptions): Promise<Executed> {
  const type = statementType(tokens);
  if (context.sandbox) {
    throw new Failure(
      "billingNotEnabled",
      "Billing has not been enabled for this project. Enable billing at https://console.cloud.google.com/billing. DML queries are not allowed in the free tier. Set up a billing account to remove this restriction.",
    );
  }
  if (type === "MERGE") throw unserved("The statement MERGE");
  const prepared = await prepare(context, tokens, scope);
  const { written, cost, tables } = prepared;
  if (written === undefined || written.view !== undefined) throw invalid("DML statements change tables.");
  checkLimit(cost, most);
  const before = await partitionContents(context.duck, written);
  const answer = await run(context, prepared);
  await settle(context, written, differing(before, await partitionContents(context.duck, written)));
  return { result: { fields: [], rows: [], affected: Number(answer.rows[0]?.[0] ?? 0), type, cost }, tables };
}
