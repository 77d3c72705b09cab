import { UsageError } from "./errors.ts";
import { DAY, HOUR, MINUTE, SECOND } from "./time.ts";

const DURATION = /^(?=.)(?:(?<h>\d+)h)?(?:(?<m>\d+)m)?(?:(?<s>\d+)s)?$/;

/** Longer is a timer that the runtime may not be able to set (2^31 ms), and longer than any job may take. */
const MOST = 7 * DAY;

/** `90s`, `45m`, `1h30m` in milliseconds; from a second to a week. @throws UsageError */
export function parseDuration(text: string, option: string): number {
  const { h = "0", m = "0", s = "0" } = DURATION.exec(text)?.groups ?? {};
  const duration = Number(h) * HOUR + Number(m) * MINUTE + Number(s) * SECOND;
  if (duration >= SECOND && duration <= MOST) return duration;
  throw new UsageError(
    "bad-option",
    `${option} ${JSON.stringify(text)} is no time from 1s to 168h: write 90s, 45m or 1h30m.`,
    "candlelake --help",
  );
}
