import { streamOf, uniform } from "../../sources/synthetic/hash.ts";

/** Which of a fault's requests it strikes; the first one is number 1. */
export type Selector =
  | { readonly kind: "always" }
  | { readonly kind: "numbers"; readonly ranges: readonly (readonly [from: number, to: number])[] }
  | { readonly kind: "every"; readonly step: number }
  | { readonly kind: "chance"; readonly probability: number; readonly seed: number };

const NUMBERS = /^\d+(?:-\d*)?(?:\+\d+(?:-\d*)?)*$/;
const EVERY = /^every:(\d+)$/;
const CHANCE = /^p(\d*\.?\d+)(?::seed(\d+))?$/;

/** `3`, `5-7`, `20-`, `3+5-7`, `every:10`, `p0.05`, `p0.05:seed7`; undefined where the text is none of them. */
export function parseSelector(text: string): Selector | undefined {
  if (NUMBERS.test(text)) {
    const ranges = text.split("+").map((part) => {
      const [from, to] = part.split("-");
      return [
        Number(from),
        to === undefined ? Number(from) : to === "" ? Number.POSITIVE_INFINITY : Number(to),
      ] as const;
    });
    return ranges.every(([from, to]) => from >= 1 && from <= to) ? { kind: "numbers", ranges } : undefined;
  }
  const step = Number(EVERY.exec(text)?.[1]);
  if (step >= 1) return { kind: "every", step };
  const chance = CHANCE.exec(text);
  if (!chance || Number(chance[1]) > 1) return undefined;
  return { kind: "chance", probability: Number(chance[1]), seed: Number(chance[2] ?? 0) };
}

/** @param number of the request, from 1 */
export function strikes(selector: Selector, number: number): boolean {
  switch (selector.kind) {
    case "always":
      return true;
    case "numbers":
      return selector.ranges.some(([from, to]) => number >= from && number <= to);
    case "every":
      return number % selector.step === 0;
    case "chance":
      return uniform(streamOf(selector.seed, "faults"), number) < selector.probability;
  }
}
