import type { Json } from "./json.ts";

interface Method {
  readonly httpMethod: string;
  readonly path: string;
  /** Names of parameters of the query; a star marks one that may be repeated. */
  readonly query?: string;
  /** The schema of the body. */
  readonly body?: string;
  readonly answer?: string;
}

const P = "projects/{+projectId}";
const D = `${P}/datasets/{+datasetId}`;
const T = `${D}/tables/{+tableId}`;
const J = `${P}/jobs/{+jobId}`;
const PAGE = "maxResults pageToken";
const MICROS = "formatOptions.useInt64Timestamp";

/** The methods that are served. */
const RESOURCES: Readonly<Record<string, Readonly<Record<string, Method>>>> = {
  projects: {
    list: { httpMethod: "GET", path: "projects", query: PAGE, answer: "ProjectList" },
  },
  datasets: {
    list: { httpMethod: "GET", path: `${P}/datasets`, query: `all filter ${PAGE}`, answer: "DatasetList" },
    insert: {
      httpMethod: "POST",
      path: `${P}/datasets`,
      query: "accessPolicyVersion",
      body: "Dataset",
      answer: "Dataset",
    },
    get: { httpMethod: "GET", path: D, query: "accessPolicyVersion datasetView", answer: "Dataset" },
    patch: {
      httpMethod: "PATCH",
      path: D,
      query: "accessPolicyVersion updateMode",
      body: "Dataset",
      answer: "Dataset",
    },
    delete: { httpMethod: "DELETE", path: D, query: "deleteContents" },
  },
  tables: {
    list: { httpMethod: "GET", path: `${D}/tables`, query: PAGE, answer: "TableList" },
    insert: { httpMethod: "POST", path: `${D}/tables`, body: "Table", answer: "Table" },
    get: { httpMethod: "GET", path: T, query: "selectedFields view", answer: "Table" },
    patch: { httpMethod: "PATCH", path: T, query: "autodetect_schema", body: "Table", answer: "Table" },
    delete: { httpMethod: "DELETE", path: T },
  },
  tabledata: {
    list: {
      httpMethod: "GET",
      path: `${T}/data`,
      query: `${PAGE} startIndex selectedFields ${MICROS}`,
      answer: "TableDataList",
    },
    insertAll: { httpMethod: "POST", path: `${T}/insertAll`, body: "TableDataInsertAllRequest" },
  },
  jobs: {
    list: {
      httpMethod: "GET",
      path: `${P}/jobs`,
      query: `allUsers ${PAGE} maxCreationTime minCreationTime parentJobId projection stateFilter*`,
      answer: "JobList",
    },
    insert: { httpMethod: "POST", path: `${P}/jobs`, body: "Job", answer: "Job" },
    get: { httpMethod: "GET", path: J, query: "location", answer: "Job" },
    cancel: { httpMethod: "POST", path: `${J}/cancel`, query: "location", answer: "JobCancelResponse" },
    delete: { httpMethod: "DELETE", path: `${J}/delete`, query: "location" },
    query: { httpMethod: "POST", path: `${P}/queries`, body: "QueryRequest", answer: "QueryResponse" },
    getQueryResults: {
      httpMethod: "GET",
      path: `${P}/queries/{+jobId}`,
      query: `${PAGE} startIndex timeoutMs location ${MICROS}`,
      answer: "GetQueryResultsResponse",
    },
  },
};

const MEDIA = {
  accept: ["*/*"],
  protocols: {
    simple: { multipart: true, path: `/upload/bigquery/v2/${P}/jobs` },
    resumable: { multipart: true, path: `/resumable/upload/bigquery/v2/${P}/jobs` },
  },
};

function parametersOf({ path, query = "" }: Method): Json {
  const inPath = [...path.matchAll(/\{\+(\w+)\}/g)].map(([, name = ""]) => [
    name,
    { type: "string", location: "path", required: true, pattern: "^[^/]+$" },
  ]);
  const inQuery = query.split(" ").flatMap((word) => {
    const name = word.replace("*", "");
    return name === "" ? [] : [[name, { type: "string", location: "query", repeated: word.endsWith("*") }]];
  });
  return Object.fromEntries([...inPath, ...inQuery]);
}

function methodOf(resource: string, name: string, method: Method): Json {
  const { httpMethod, path, body, answer } = method;
  return {
    id: `bigquery.${resource}.${name}`,
    httpMethod,
    path,
    flatPath: path.replaceAll("+", ""),
    parameters: parametersOf(method),
    parameterOrder: [...path.matchAll(/\{\+(\w+)\}/g)].map(([, parameter]) => parameter),
    scopes: ["https://www.googleapis.com/auth/bigquery"],
    ...(body ? { request: { $ref: body } } : {}),
    ...(answer ? { response: { $ref: answer } } : {}),
    ...(resource === "jobs" && name === "insert" ? { supportsMediaUpload: true, mediaUpload: MEDIA } : {}),
  };
}

/** What clients learn of the interface before they use it. */
export function discoveryDocument(origin: string): Json {
  const all = Object.values(RESOURCES).flatMap((methods) => Object.values(methods));
  const schemas = new Set(all.flatMap(({ body, answer }) => [body, answer].filter((name) => name !== undefined)));
  return {
    kind: "discovery#restDescription",
    discoveryVersion: "v1",
    id: "bigquery:v2",
    name: "bigquery",
    version: "v2",
    title: "BigQuery API (stand-in)",
    protocol: "rest",
    rootUrl: `${origin}/`,
    servicePath: "bigquery/v2/",
    baseUrl: `${origin}/bigquery/v2/`,
    basePath: "/bigquery/v2/",
    batchPath: "batch/bigquery/v2",
    parameters: {
      alt: { type: "string", location: "query", default: "json" },
      fields: { type: "string", location: "query" },
      key: { type: "string", location: "query" },
      prettyPrint: { type: "boolean", location: "query" },
      quotaUser: { type: "string", location: "query" },
    },
    auth: { oauth2: { scopes: { "https://www.googleapis.com/auth/bigquery": { description: "BigQuery" } } } },
    schemas: Object.fromEntries([...schemas].map((id) => [id, { id, type: "object", properties: {} }])),
    resources: Object.fromEntries(
      Object.entries(RESOURCES).map(([resource, methods]) => [
        resource,
        {
          methods: Object.fromEntries(
            Object.entries(methods).map(([name, method]) => [name, methodOf(resource, name, method)]),
          ),
        },
      ]),
    ),
  };
}
