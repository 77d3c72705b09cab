import type { SourceError } from "../core/errors.ts";

/**
 * Milliseconds: how long a run waits for a host that named a time; beyond it the calls fail and say until when. Longer
 * than the venue's minute, shorter than its shortest ban (two minutes).
 */
export const PATIENCE = 90_000;

/**
 * Whether a host may be asked. What it said once (slow down, banned, not from here) holds for every call to it.
 */
export class HostGate {
  #opens = 0;
  #reason: SourceError | undefined;

  /**
   * No request goes out before `until` (ms, the machine's clock; infinite: never again in this run).
   * @returns whether the host was open until now
   */
  stop(now: number, until: number, reason: SourceError): boolean {
    const wasOpen = this.#opens <= now;
    if (until > this.#opens) {
      this.#opens = until;
      this.#reason = reason;
    }
    return wasOpen;
  }

  /** Milliseconds until the host may be asked; 0 when it may. @throws SourceError where that is too long to wait */
  wait(now: number): number {
    const wait = this.#opens - now;
    if (wait <= 0) return 0;
    if (wait > PATIENCE && this.#reason) throw this.#reason;
    return wait;
  }
}
