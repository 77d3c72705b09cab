import { unserved } from "./failure.ts";
import type { Json } from "./json.ts";

/** Whether an option says no more than leaving it out. */
const isNothing = (value: unknown): boolean => !value || (typeof value === "object" && Object.keys(value).length === 0);

/** Refuses options that would be ignored. @throws Failure `notImplemented` */
export function checkServed(section: Json, served: readonly string[], where: string): void {
  const strange = Object.keys(section).find((name) => !served.includes(name) && !isNothing(section[name]));
  if (strange !== undefined) throw unserved(`${where}.${strange}`);
}
