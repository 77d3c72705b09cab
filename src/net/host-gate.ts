import type { SourceError } from "../core/errors.ts";

/** Milliseconds: how long a run waits for a host that named a time. Beyond it, the calls fail and say until when. */
export const PATIENCE = 120_000;

/**
 * Whether a host may be asked. What it said once (slow down, banned, not from here) holds for every call to it.
 */
export class HostGate {
  #opens = 0;
  #reason: SourceError | undefined;

  /** No request goes out before `until` (ms, the machine's clock; infinite: never again in this run). */
  stop(until: number, reason: SourceError): void {
    if (until <= this.#opens) return;
    this.#opens = until;
    this.#reason = reason;
  }

  /** Milliseconds until the host may be asked; 0 when it may. @throws SourceError where that is too long to wait */
  wait(now: number): number {
    const wait = this.#opens - now;
    if (wait <= 0) return 0;
    if (wait > PATIENCE && this.#reason) throw this.#reason;
    return wait;
  }
}
