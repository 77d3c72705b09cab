/** A JSON object as a client sent it. */
export type Json = Readonly<Record<string, unknown>>;

/** The value as an object; empty where it is none. */
export const objectOf = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};

export const textOf = (value: unknown): string | undefined =>
  typeof value === "string" ? value : typeof value === "number" ? String(value) : undefined;

/** Integers come as numbers or, being 64 bits wide, as strings. */
export function integerOf(value: unknown): number | undefined {
  const text = textOf(value);
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** Flags come as booleans; some clients write them out. */
export const flagOf = (value: unknown): boolean =>
  value === true || (typeof value === "string" && value.toLowerCase() === "true");

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const textsOf = (value: unknown): readonly string[] =>
  listOf(value).flatMap((part) => (typeof part === "string" ? [part] : []));
