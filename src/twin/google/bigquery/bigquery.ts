import type { GoogleAnswer, GoogleCall, GoogleService, StoredObjects } from "../call.ts";
import { answer, empty, refusal } from "./answer.ts";
import { Catalog } from "./catalog.ts";
import type { Context, Request } from "./context.ts";
import { Duck } from "./duck.ts";
import { Failure, invalid } from "./failure.ts";
import { type JobManners, Jobs } from "./jobs.ts";
import { type Json, objectOf } from "./json.ts";
import { MACROS } from "./macros.ts";
import { routeOf } from "./routes.ts";

export interface BigQueryTwinOptions {
  /** What load jobs read. */
  readonly objects: StoredObjects;
  /** Milliseconds since the epoch. Left out: the machine's clock. */
  readonly now?: () => number;
  readonly jobs?: Partial<JobManners>;
  /** A project without billing: no DML, no streaming, and everything expires after 60 days. */
  readonly sandbox?: boolean;
}

/** A stand-in of BigQuery's REST interface, stricter than emulators where loads go wrong. */
export class BigQueryTwin implements GoogleService {
  readonly #context: Context;
  readonly #jobs: Jobs;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ objects, now = Date.now, jobs = {}, sandbox = false }: BigQueryTwinOptions) {
    this.#context = { catalog: new Catalog(), duck: new Duck(MACROS), objects, now, sandbox };
    this.#jobs = new Jobs(this.#context, jobs);
  }

  /** How jobs behave from now on. */
  get manners(): JobManners {
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
    const found = routeOf(call.method, call.path);
    if (found === undefined) return undefined;
    try {
      const { project = "", ...path } = found.path;
      const base = `${call.origin}/bigquery/v2`;
      const request: Request = { project, path, query: call.query, body: bodyOf(call), headers: call.headers, base };
      const result = await found.route({ context: this.#context, jobs: this.#jobs, request });
      return result === undefined ? empty() : answer(result);
    } catch (error) {
      if (error instanceof Failure) return refusal(error);
      throw error;
    }
  }
}

function bodyOf({ body }: GoogleCall): Json {
  if (body.byteLength === 0) return {};
  try {
    return objectOf(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    throw invalid("Invalid JSON payload received.");
  }
}
