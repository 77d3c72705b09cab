/** Why BigQuery refuses, in its own words; as an HTTP error or as a job's `errorResult`. */
export class Failure extends Error {
  /** `notFound`, `invalid`, `duplicate`, … */
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }

  /** As BigQuery pairs reasons with HTTP statuses; source: its error table. */
  get status(): number {
    return STATUS[this.reason] ?? 400;
  }
}

const STATUS: Readonly<Record<string, number>> = {
  notFound: 404,
  duplicate: 409,
  accessDenied: 403,
  billingNotEnabled: 403,
  quotaExceeded: 403,
  rateLimitExceeded: 403,
  conditionNotMet: 412,
  notImplemented: 501,
  internalError: 500,
  backendError: 503,
};

export const invalid = (message: string): Failure => new Failure("invalid", message);
export const notFound = (what: string): Failure => new Failure("notFound", `Not found: ${what}`);
export const duplicate = (what: string): Failure => new Failure("duplicate", `Already Exists: ${what}`);
/** For what the service can and the stand-in cannot: never ignored in silence. */
export const unserved = (what: string): Failure =>
  new Failure("notImplemented", `${what} is not served by this stand-in.`);
