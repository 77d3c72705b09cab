import { count } from "./output.ts";

/** Of many things of one kind a message names so many. */
const NAMED = 3;

/** Those that a message names one by one, and how many more there are. */
export function few<T>(all: readonly T[]): { readonly named: readonly T[]; readonly more: number } {
  return { named: all.slice(0, NAMED), more: Math.max(0, all.length - NAMED) };
}

/** `2025-01, 2025-02, 2025-03 and 9 months more, to 2025-12`. */
export function monthsNamed<T extends { readonly month: string }>(
  all: readonly T[],
  words: (one: T) => string,
): string {
  const { named, more } = few(all);
  const rest = more > 0 ? ` and ${count(more, "month")} more, to ${all.at(-1)?.month}` : "";
  return `${named.map(words).join(", ")}${rest}`;
}
