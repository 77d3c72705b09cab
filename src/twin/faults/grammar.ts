import { UsageError } from "../../core/errors.ts";
import { nearest } from "../../core/suggest.ts";
import { FAULT_KINDS, type FaultKind } from "./kinds.ts";
import { parseSelector, type Selector } from "./selector.ts";

export interface Fault {
  readonly kind: FaultKind;
  readonly argument: number | undefined;
  /** Only requests whose path, with the host's prefix, has this text in it. */
  readonly route: string | undefined;
  readonly selector: Selector;
}

const FAULT = /^([a-z0-9-]+)(?::(\d+))?((?:@[^@]+)*)$/;

/**
 * Reads `429@3, cut@/fapi@p0.05:seed7`: faults with commas between, each a name, perhaps `:` and a number, and after `@`
 * a part of a path or the requests it strikes.
 * @throws UsageError that lists the kinds
 */
export const parseFaults = (spec: string): readonly Fault[] =>
  spec
    .split(",")
    .map((text) => text.trim())
    .filter((text) => text !== "")
    .map(parseFault);

function parseFault(text: string): Fault {
  const [, name = "", argument, conditions = ""] = FAULT.exec(text) ?? [];
  const kind = Object.hasOwn(FAULT_KINDS, name) ? FAULT_KINDS[name] : undefined;
  if (!kind) {
    const guess = nearest(name, Object.keys(FAULT_KINDS));
    throw badFaults(text, guess ? `there is no such fault; did you mean ${guess}?` : "there is no such fault.");
  }
  if (argument !== undefined && kind.argument === undefined) throw badFaults(text, `${name} takes no number.`);

  let route: string | undefined;
  let selector: Selector | undefined;
  for (const condition of conditions.split("@").slice(1)) {
    if (condition.startsWith("/") && route === undefined) {
      route = condition;
    } else if (selector === undefined) {
      selector = parseSelector(condition);
      if (!selector) throw badFaults(text, `${JSON.stringify(condition)} says neither which requests nor which path.`);
    } else {
      throw badFaults(text, "one path and one choice of requests at most.");
    }
  }
  return {
    kind,
    argument: argument === undefined ? undefined : Number(argument),
    route,
    selector: selector ?? { kind: "always" },
  };
}

const badFaults = (text: string, why: string): UsageError =>
  new UsageError(
    "bad-faults",
    `--faults ${JSON.stringify(text)}: ${why} Write KIND[:NUMBER][@/PATH][@3 | @5-7 | @every:10 | @p0.05:seed7]; kinds: ${Object.keys(FAULT_KINDS).join(" ")}.`,
    "candlelake twin --help",
  );
