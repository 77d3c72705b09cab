import type { GoogleAnswer, GoogleCall, GoogleService, StoredObjects } from "../call.ts";
import { GoogleRefusal, jsonAnswer } from "../refusal.ts";
import { checkAccess } from "./access.ts";
import { Catalog } from "./catalog.ts";
import type { Context, Request } from "./context.ts";
import { discoveryDocument } from "./discovery.ts";
import { Duck } from "./duck.ts";
import { expire } from "./expiry.ts";
import { Failure, invalid } from "./failure.ts";
import { SETUP } from "./functions.ts";
import { insertJob } from "./job-requests.ts";
import { type JobManners, Jobs } from "./jobs.ts";
import { type Json, objectOf } from "./json.ts";
import { routeOf } from "./routes.ts";
import { isUpload, Uploads } from "./upload.ts";

export interface BigQueryTwinOptions {
  /** What load jobs read. */
  readonly objects: StoredObjects;
  /** Milliseconds since the epoch. Left out: the machine's clock. */
  readonly now?: () => number;
  readonly jobs?: Partial<JobManners>;
  /** A project without billing: no DML, no streaming, and everything expires after 60 days. */
  readonly sandbox?: boolean;
}

const NO_CONTENT: GoogleAnswer = { status: 204, headers: {}, body: new Uint8Array() };
const DISCOVERY = ["/$discovery/rest", "/discovery/v1/apis/bigquery/v2/rest"];

/** A stand-in of BigQuery's REST interface, stricter than emulators where loads go wrong. */
export class BigQueryTwin implements GoogleService {
  readonly #context: Context;
  readonly #jobs: Jobs;
  readonly #uploads = new Uploads();
  #last: Promise<unknown> = Promise.resolve();

  constructor({ objects, now = Date.now, jobs = {}, sandbox = false }: BigQueryTwinOptions) {
    this.#context = { catalog: new Catalog(), duck: new Duck(SETUP), objects, now, sandbox };
    this.#jobs = new Jobs(this.#context, jobs);
  }

  /** How jobs behave from now on; tests change it while the twin runs. */
  get jobs(): JobManners {
    return this.#jobs.manners;
  }

  /** One request at a time: nobody sees another one's work half done. */
  async handle(call: GoogleCall): Promise<GoogleAnswer | undefined> {
    const turn = this.#last.then(() => this.#answer(call));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#context.duck.close();
  }

  async #answer(call: GoogleCall): Promise<GoogleAnswer | undefined> {
    if (DISCOVERY.includes(call.path.replace("%24", "$"))) return jsonAnswer(200, discoveryDocument(call.origin));
    try {
      checkAccess(call);
      await expire(this.#context);
      return isUpload(call.path) ? await this.#upload(call) : await this.#route(call);
    } catch (error) {
      if (error instanceof GoogleRefusal) return error.answer;
      if (error instanceof Failure) return new GoogleRefusal(error.status, error.reason, error.message).answer;
      throw error;
    }
  }

  async #route(call: GoogleCall): Promise<GoogleAnswer | undefined> {
    const found = routeOf(call.method, call.path);
    if (found === undefined) return undefined;
    const { project = "", ...path } = found.path;
    const request = requestOf(call, project, path, bodyOf(call));
    const result = await found.route({ context: this.#context, jobs: this.#jobs, request });
    return result === undefined ? NO_CONTENT : jsonAnswer(200, result);
  }

  #upload(call: GoogleCall): Promise<GoogleAnswer> {
    return this.#uploads.receive(call, async ({ project, body, data }) => {
      const request = requestOf(call, project, {}, body);
      return jsonAnswer(200, await insertJob(this.#context, this.#jobs, request, data));
    });
  }
}

const requestOf = (
  { query, headers, origin, may = () => true }: GoogleCall,
  project: string,
  path: Readonly<Record<string, string>>,
  body: Json,
): Request => ({ project, path, query, body, headers, may, base: `${origin}/bigquery/v2` });

function bodyOf({ body }: GoogleCall): Json {
  if (body.byteLength === 0) return {};
  try {
    return objectOf(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    throw invalid("Invalid JSON payload received.");
  }
}
