import { AppError, throwIfAborted } from "../core/errors.ts";
import { MINUTE, SECOND } from "../core/time.ts";
import type { Clock } from "../ports.ts";

/** How often a request is sent at most. */
const TRIES = 8;
/** Milliseconds within which the last try begins, unless told otherwise. */
const PATIENCE = MINUTE;
/** Milliseconds before the second try; doubles with each, is spread by half, and ends here. */
const FIRST_PAUSE = SECOND / 2;
const LONGEST_PAUSE = 16 * SECOND;

export interface Persistence {
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds within which the last try begins. */
  readonly patience?: number;
  /** A failure as ours, whose `retryable` decides; the failure itself is thrown. Left out where it is ours already. */
  readonly failureOf?: (error: unknown) => unknown;
  /** Hears of each second try before it is made. */
  readonly onRetry: (error: AppError, pause: number) => void;
}

/**
 * Sends what may be sent twice again, as long as it is refused for a reason that may pass.
 * @throws what `send` throws
 */
export async function persist<T>(send: () => Promise<T>, persistence: Persistence): Promise<T> {
  const { clock, signal, patience = PATIENCE, failureOf = (error: unknown) => error, onRetry } = persistence;
  const since = clock.now();
  for (let tries = 1; ; tries++) {
    throwIfAborted(signal);
    try {
      return await send();
    } catch (error) {
      const failure = failureOf(error);
      if (!(failure instanceof AppError) || !failure.retryable || tries === TRIES) throw error;
      const usual = Math.min(FIRST_PAUSE * 2 ** (tries - 1), LONGEST_PAUSE) * (0.5 + Math.random() / 2);
      const pause = Math.max(usual, failure.retryAfter ?? 0);
      if (clock.now() + pause - since > patience) throw error;
      onRetry(failure, pause);
      await clock.sleep(pause, signal);
    }
  }
}
