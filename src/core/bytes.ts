import { UsageError } from "./errors.ts";

/** Binary multiples, as storage is billed. */
const FACTOR: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** `500M`, `10G` or a plain number, in bytes. @throws UsageError where the text is none of these */
export function parseBytes(text: string, flag: string): number {
  const { digits = "", unit = "" } = /^(?<digits>\d+)(?<unit>[kMGT]?)$/.exec(text)?.groups ?? {};
  const bytes = Number(digits) * (FACTOR[unit] ?? 1);
  if (digits !== "" && bytes > 0 && Number.isSafeInteger(bytes)) return bytes;
  throw new UsageError(
    "bad-option",
    `${flag} ${JSON.stringify(text)} is no number of bytes, such as 500M or 10G.`,
    "candlelake query --help",
  );
}
