import { setTimeout } from "node:timers/promises";
import { orAborted } from "../../core/abort.ts";
import { AppError } from "../../core/errors.ts";
import { MINUTE } from "../../core/time.ts";
import { findAccount } from "../../google/account.ts";
import type { GoogleAccess } from "../../google/auth.ts";
import { evidenceOf } from "../../google/evidence.ts";
import { googleFailure } from "../../google/failure.ts";
import { persist } from "../../google/persist.ts";
import type { Clock, Logger } from "../../ports.ts";
import { type Client, openClient, type Request } from "./client.ts";

/** Milliseconds for one answer: nothing that is asked here takes long, jobs run behind it. */
const DEADLINE = 120_000;

/** The HTTP status of a client's error; undefined where no answer came. */
export const statusOf = (error: unknown): number | undefined => evidenceOf(error).status;

/** The project is not there, or has no BigQuery: that nothing is found in it says nothing of what was looked for. */
export const isOfProject = (failure: unknown): boolean =>
  failure instanceof AppError && failure.code === "wrong-project";

class Deadline extends Error {
  readonly code = "ETIMEDOUT";
}

/** BigQuery's REST interface through Google's client: one HTTP request a call and repetition, each of them counted. */
export class Api {
  readonly project: string;
  requests = 0;
  readonly clock: Clock;
  private readonly label: string;
  private readonly access: GoogleAccess;
  private readonly log: Logger;
  private client: Promise<Client> | undefined;
  /** Whom the credentials are for, once somebody was refused. */
  private account: string | undefined;
  private asked: Promise<string | undefined> | undefined;

  constructor(options: {
    readonly project: string;
    readonly label: string;
    readonly access: GoogleAccess;
    readonly log: Logger;
    readonly clock: Clock;
  }) {
    this.project = options.project;
    this.label = options.label;
    this.access = options.access;
    this.log = options.log;
    this.clock = options.clock;
  }

  /** @throws WarehouseError */
  async call<T>(request: Request, signal?: AbortSignal): Promise<T> {
    try {
      return await this.attempt<T>(request, signal);
    } catch (error) {
      throw this.translate(error, request.doing);
    }
  }

  /** The same; `otherwise` answers for one status, unless it is the project that is not there. @throws WarehouseError */
  async callOr<T, U>(request: Request, status: number, otherwise: U, signal?: AbortSignal): Promise<T | U> {
    try {
      return await this.attempt<T>(request, signal);
    } catch (error) {
      const failure = this.translate(error, request.doing);
      if (statusOf(error) === status && !isOfProject(failure)) return otherwise;
      throw failure;
    }
  }

  /** A client's error as ours. */
  translate(error: unknown, doing: string): unknown {
    if (error instanceof AppError || error instanceof TypeError || error instanceof RangeError) return error;
    return googleFailure(error, { service: "bigquery", label: this.label, doing, account: this.account });
  }

  /**
   * @param repeated hears of each repetition
   * @throws what the client throws, after repetitions where they may help
   */
  async attempt<T>(request: Request, signal?: AbortSignal, repeated?: () => void): Promise<T> {
    this.client ??= openClient(this.access, this.project);
    const client = await this.client;
    const send = async () => {
      this.requests++;
      try {
        return await orAborted(this.inTime(client.send<T>(request)), signal);
      } catch (error) {
        // BigQuery's refusals name nobody.
        if (statusOf(error) === 403) await this.learnAccount();
        throw error;
      }
    };
    return persist(send, {
      clock: this.clock,
      signal,
      patience: DEADLINE + MINUTE,
      failureOf: (error) => this.translate(error, request.doing),
      onRetry: (error, pause) => {
        repeated?.();
        this.log.debug(`${error.message} Again in ${Math.round(pause)} ms.`);
      },
    });
  }

  private async learnAccount(): Promise<void> {
    this.asked ??= findAccount();
    this.account = await this.asked;
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
