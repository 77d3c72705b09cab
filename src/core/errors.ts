/** Exit codes of the command line; the library carries them on its errors. */
export const EXIT = {
  ok: 0,
  incomplete: 1,
  usage: 2,
  data: 3,
  environment: 4,
  bug: 70,
  interrupted: 130,
} as const;

export interface ErrorDetail {
  /** Kebab-case name of the failure, stable across versions. */
  readonly code: string;
  /** One sentence: the cause, and the partition, file or host that it concerns. */
  readonly message: string;
  /** The command to type next; it parses as it stands. */
  readonly next: string;
}

export interface ErrorOptions {
  readonly retryable?: boolean;
  /** Milliseconds to wait before another try is allowed. */
  readonly retryAfter?: number | undefined;
  readonly cause?: unknown;
}

/** An expected failure: it has a name, a cause, a next command and an exit code, and never a stack on the terminal. */
export class AppError extends Error {
  readonly code: string;
  readonly next: string;
  readonly exitCode: number;
  readonly retryable: boolean;
  readonly retryAfter: number | undefined;

  constructor(exitCode: number, detail: ErrorDetail, options: ErrorOptions = {}) {
    super(detail.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = detail.code;
    this.next = detail.next;
    this.exitCode = exitCode;
    this.retryable = options.retryable ?? false;
    this.retryAfter = options.retryAfter;
  }

  get detail(): ErrorDetail {
    return { code: this.code, message: this.message, next: this.next };
  }
}

/** The request itself is wrong: a flag, a symbol, a date, an SQL statement. Nothing was touched. */
export class UsageError extends AppError {
  constructor(code: string, message: string, next: string, options?: ErrorOptions) {
    super(EXIT.usage, { code, message, next }, options);
  }
}

/** Stored or received bytes are not what they claim to be. */
export class DataError extends AppError {
  constructor(code: string, message: string, next: string, options?: ErrorOptions) {
    super(EXIT.data, { code, message, next }, options);
  }
}

/** A venue did not give what was asked. */
export class SourceError extends AppError {
  constructor(code: string, message: string, next: string, options?: ErrorOptions) {
    super(EXIT.environment, { code, message, next }, options);
  }
}

/** The lake's folder or bucket refused. */
export class StoreError extends AppError {
  constructor(code: string, message: string, next: string, options?: ErrorOptions) {
    super(EXIT.environment, { code, message, next }, options);
  }
}

/** The warehouse refused. */
export class WarehouseError extends AppError {
  constructor(code: string, message: string, next: string, options?: ErrorOptions) {
    super(EXIT.environment, { code, message, next }, options);
  }
}

/** The user asked to stop. */
export class Interrupted extends AppError {
  constructor() {
    super(EXIT.interrupted, {
      code: "interrupted",
      message: "Stopped on request; what was finished is kept.",
      next: "candlelake status",
    });
  }
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new Interrupted();
}
