import { setTimeout } from "node:timers/promises";
import { orAborted } from "../../core/abort.ts";
import { AppError, throwIfAborted } from "../../core/errors.ts";
import type { GoogleAccess } from "../../google/auth.ts";
import { evidenceOf } from "../../google/evidence.ts";
import { googleFailure } from "../../google/failure.ts";
import { LASTING } from "../../google/refusals.ts";
import { type Client, openClient, type Request } from "./client.ts";

/** Waits; a test need not. Rejects as soon as the signal aborts. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

export const sleep: Sleep = async (ms, signal) => {
  await orAborted(setTimeout(ms, undefined, signal ? { signal } : {}), signal);
};

/** Answers after which the same request may succeed: https://cloud.google.com/bigquery/docs/error-messages */
const RETRIED = [408, 429, 500, 502, 503, 504];
const RETRIED_REASONS = ["rateLimitExceeded", "userRateLimitExceeded", "backendError"];
/** Milliseconds before each repetition. */
const PAUSES = [500, 1_000, 2_000, 4_000, 8_000];
/** Milliseconds for one answer: nothing that is asked here takes long, jobs run behind it. */
const DEADLINE = 120_000;

/** The HTTP status of a client's error; undefined where no answer came. */
export function statusOf(error: unknown): number | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "number" ? code : undefined;
}

/** The reason that BigQuery gives, `invalidQuery` for one. */
export function reasonOf(error: unknown): string | undefined {
  const errors = error instanceof Error && "errors" in error ? error.errors : undefined;
  const [first] = Array.isArray(errors) ? errors : [];
  return typeof first?.reason === "string" ? first.reason : undefined;
}

/** What a reader wants of a message: the server's own sentence. */
export function sentenceOf(error: unknown): string {
  const errors = error instanceof Error && "errors" in error ? error.errors : undefined;
  const [first] = Array.isArray(errors) ? errors : [];
  if (typeof first?.message === "string") return first.message;
  return error instanceof Error ? error.message : String(error);
}

function isPassing(error: unknown): boolean {
  if (error instanceof AppError) return false;
  const status = statusOf(error);
  if (status !== undefined) return RETRIED.includes(status) || RETRIED_REASONS.includes(reasonOf(error) ?? "");
  const { network } = evidenceOf(error);
  if (network !== undefined && LASTING.has(network)) return false;
  // Node's own codes (ECONNRESET, …): no answer came.
  return error instanceof Error && "code" in error && typeof error.code === "string";
}

class Deadline extends Error {
  readonly code = "ETIMEDOUT";
}

/** BigQuery's REST interface through Google's client: one HTTP request a call and repetition, each of them counted. */
export class Api {
  readonly project: string;
  requests = 0;
  readonly sleep: Sleep;
  private readonly label: string;
  private readonly access: GoogleAccess;
  private client: Promise<Client> | undefined;

  constructor(options: {
    readonly project: string;
    readonly label: string;
    readonly access: GoogleAccess;
    readonly sleep: Sleep;
  }) {
    this.project = options.project;
    this.label = options.label;
    this.access = options.access;
    this.sleep = options.sleep;
  }

  /** @throws WarehouseError */
  async call<T>(request: Request, signal?: AbortSignal): Promise<T> {
    try {
      return await this.attempt<T>(request, signal);
    } catch (error) {
      throw this.translate(error, request.doing);
    }
  }

  /** The same; `otherwise` answers for one status. @throws WarehouseError */
  async callOr<T, U>(request: Request, status: number, otherwise: U, signal?: AbortSignal): Promise<T | U> {
    try {
      return await this.attempt<T>(request, signal);
    } catch (error) {
      if (statusOf(error) === status) return otherwise;
      throw this.translate(error, request.doing);
    }
  }

  /** A client's error as ours. */
  translate(error: unknown, doing: string): unknown {
    if (error instanceof AppError || error instanceof TypeError || error instanceof RangeError) return error;
    return googleFailure(error, { service: "bigquery", label: this.label, doing });
  }

  /** @throws what the client throws, after repetitions where they may help */
  async attempt<T>(request: Request, signal?: AbortSignal): Promise<T> {
    this.client ??= openClient(this.access, this.project);
    const client = await this.client;
    for (let i = 0; ; i++) {
      throwIfAborted(signal);
      this.requests++;
      try {
        return await orAborted(this.inTime(client.send<T>(request)), signal);
      } catch (error) {
        const pause = PAUSES[i];
        if (pause === undefined || !isPassing(error)) throw error;
        await this.sleep(pause, signal);
      }
    }
  }

  private async inTime<T>(answer: Promise<T>): Promise<T> {
    const stop = new AbortController();
    const late = setTimeout(DEADLINE, undefined, { signal: stop.signal, ref: false }).then(
      () => Promise.reject(new Deadline(`no answer within ${DEADLINE / 1000} s`)),
      () => answer,
    );
    try {
      return await Promise.race([answer, late]);
    } finally {
      stop.abort();
    }
  }
}
