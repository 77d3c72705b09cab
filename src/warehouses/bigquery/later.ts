import { SECOND } from "../../core/time.ts";

/**
 * Milliseconds by which a write may seem later than the end of the job that made it. A job commits before it ends, and both
 * times are Google's, whose servers' clocks are milliseconds apart; what anybody does after he saw a load end comes later.
 */
const SLACK = SECOND / 4;

/** Whether somebody wrote after a job's end; both in milliseconds. */
export const isLater = (written: number, end: number): boolean => written > end + SLACK;
