import { UsageError } from "../../core/errors.ts";
import { nearest } from "../../core/suggest.ts";
import { parseSelector, type Selector } from "./selector.ts";

/** What the grammar has to know of a kind of fault. */
export interface Kind {
  /** What its number means; undefined where it takes none. */
  readonly argument: string | undefined;
  /** What the word means that it needs; undefined where it takes none. */
  readonly word?: string;
}

export interface Fault<K extends Kind> {
  readonly kind: K;
  readonly argument: number | undefined;
  readonly word: string | undefined;
  /** Only requests of this method. */
  readonly method: string | undefined;
  /** Only requests whose path, with the host's prefix, has this text in it. */
  readonly route: string | undefined;
  readonly selector: Selector;
}

type Kinds<K extends Kind> = Readonly<Record<string, K>>;

const FAULT = /^([a-z0-9-]+)(?::([\w.]+))?((?:@[^@]+)*)$/;
const ROUTE = /^([A-Z]+)?(\/.*)?$/;

const textsIn = (spec: string): readonly string[] =>
  spec
    .split(",")
    .map((text) => text.trim())
    .filter((text) => text !== "");

/**
 * Reads `429@3, cut@/fapi@p0.05:seed7`: faults with commas between, each a name, perhaps `:` and a number or a word, and
 * after `@` a method, a part of a path or both, or the requests it strikes.
 * @param kinds that there are
 * @throws UsageError that lists the kinds
 */
export const parseFaults = <K extends Kind>(spec: string, kinds: Kinds<K>): readonly Fault<K>[] =>
  textsIn(spec).map((text) => parseFault(text, kinds));

/** The faults of a spec whose kind is one of these, as a spec. */
export const faultsAmong = (spec: string, kinds: Kinds<Kind>): string =>
  textsIn(spec)
    .filter((text) => Object.hasOwn(kinds, /^[a-z0-9-]*/.exec(text)?.[0] ?? ""))
    .join(",");

function parseFault<K extends Kind>(text: string, kinds: Kinds<K>): Fault<K> {
  const badFaults = (why: string) => badFault(text, why, Object.keys(kinds));
  const [, name = "", argument, conditions = ""] = FAULT.exec(text) ?? [];
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (!kind) {
    const guess = nearest(name, Object.keys(kinds));
    throw badFaults(guess ? `there is no such fault; did you mean ${guess}?` : "there is no such fault.");
  }
  if (kind.word !== undefined && argument === undefined) throw badFaults(`${name} needs a word: ${kind.word}.`);
  if (argument !== undefined && kind.word === undefined && (kind.argument === undefined || /\D/.test(argument)))
    throw badFaults(`${name} takes no ${kind.argument === undefined ? "number" : "word"}.`);

  let place: { readonly method: string | undefined; readonly route: string | undefined } | undefined;
  let selector: Selector | undefined;
  for (const condition of conditions.split("@").slice(1)) {
    const [named, method, route] = ROUTE.exec(condition) ?? [];
    if (named !== undefined && place === undefined) {
      place = { method, route };
    } else if (selector === undefined) {
      selector = parseSelector(condition);
      if (!selector) throw badFaults(`${JSON.stringify(condition)} says neither which requests nor which path.`);
    } else {
      throw badFaults("one path and one choice of requests at most.");
    }
  }
  return {
    kind,
    argument: argument === undefined || kind.word !== undefined ? undefined : Number(argument),
    word: kind.word === undefined ? undefined : argument,
    method: place?.method,
    route: place?.route,
    selector: selector ?? { kind: "always" },
  };
}

const badFault = (text: string, why: string, kinds: readonly string[]): UsageError =>
  new UsageError(
    "bad-faults",
    `--faults ${JSON.stringify(text)}: ${why} Write KIND[:NUMBER][@/PATH][@3 | @5-7 | @every:10 | @p0.05:seed7]; kinds: ${kinds.join(" ")}.`,
    "candlelake twin --help",
  );
