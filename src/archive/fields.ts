import { bare } from "./csv.ts";

const DECIMAL = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** The double nearest to a decimal, with or without an exponent (`0E-8`); NaN for anything else. */
export function decimalOf(field: string): number {
  const value = DECIMAL.test(field) ? Number(field) : Number.NaN;
  return Number.isFinite(value) ? value : Number.NaN;
}

/** NaN where the decimal is not whole, or beyond 2^53. */
export function wholeOf(field: string): number {
  const value = decimalOf(field);
  return Number.isSafeInteger(value) ? value : Number.NaN;
}

/** Why a field that should be a number is none. */
export const whyNot = (field: string): "blank" | "type" => (field.trim() === "" ? "blank" : "type");

/** Units of numeric times: what the archive uses. */
export type Unit = "ms" | "us";

/** Below it a time is in seconds: as milliseconds it would be of 1973. */
export const LEAST_MILLIS = 1e11;
/** From here on a time is in microseconds. */
export const LEAST_MICROS = 1e14;
const LEAST_NANOS = 1e17;

/** Milliseconds of a time in whatever unit it is, by its magnitude; NaN where it can be none. */
export function millisOf(time: number): number {
  if (time < LEAST_MILLIS) return time * 1e3;
  if (time < LEAST_MICROS) return time;
  if (time < LEAST_NANOS) return Math.floor(time / 1e3);
  return time < LEAST_NANOS * 1e3 ? Math.floor(time / 1e6) : Number.NaN;
}

export const isTime = (value: number): boolean => value >= 0 && Number.isInteger(value);

/** The number that a line's first field has for a time, whatever is around it; NaN where it has none. */
export function timeNumber(field: string | undefined): number {
  const time = decimalOf(bare(field ?? ""));
  return isTime(time) && !Number.isNaN(millisOf(time)) ? time : Number.NaN;
}
