import type { TableName } from "./catalog.ts";
import { Failure, unserved } from "./failure.ts";
import type { Json } from "./json.ts";
import type { Scope } from "./resolve.ts";
import { type Field, fieldsOf } from "./schema.ts";
import { fullName } from "./table-references.ts";
import { syntaxError, type Token } from "./tokens.ts";

/** What a CREATE or DROP statement says. */
export interface Definition {
  readonly name: TableName;
  readonly replace: boolean;
  readonly ifExists: boolean;
  readonly ifNotExists: boolean;
  readonly cascade: boolean;
  readonly fields: readonly Field[];
  readonly timePartitioning: Json | undefined;
  readonly clustering: Json | undefined;
  readonly details: Json;
  readonly location: string | undefined;
  /** The query whose rows are taken; empty where there is none. */
  readonly select: readonly Token[];
}

/** OPTIONS by the names that the REST interface has. */
const OPTIONS: Readonly<Record<string, string>> = {
  description: "description",
  friendly_name: "friendlyName",
  location: "location",
  partition_expiration_days: "expirationDays",
  labels: "labels",
};

/** Reads a statement of BigQuery's DDL. @throws Failure */
export function readDefinition(tokens: readonly Token[], schema: boolean, { project, dataset }: Scope): Definition {
  const reader = new Reader(tokens);
  reader.skip("CREATE", "DROP");
  const replace = reader.take("OR", "REPLACE");
  reader.skip("TABLE", "VIEW", "SCHEMA");
  const ifNotExists = reader.take("IF", "NOT", "EXISTS");
  const ifExists = reader.take("IF", "EXISTS");
  const path = reader.path();
  const name = schema ? fullName([...path, ""], project, dataset) : fullName(path, project, dataset);
  if (name === undefined) {
    throw new Failure("invalid", `Table "${path.join(".")}" must be qualified with a dataset (e.g. dataset.table).`);
  }
  const fields = reader.sees("(") ? (fieldsOf({ fields: reader.columns() }) ?? []) : [];
  const partition = reader.take("PARTITION", "BY") ? reader.partitioning() : undefined;
  const clustering = reader.take("CLUSTER", "BY") ? { fields: reader.names() } : undefined;
  const { location, expirationDays, ...details } = reader.take("OPTIONS") ? reader.options() : {};
  const cascade = reader.take("CASCADE");
  const select = reader.take("AS") ? reader.rest() : [];
  reader.end();
  const timePartitioning =
    partition && typeof expirationDays === "string"
      ? { ...partition, expirationMs: String(Number(expirationDays) * 86_400_000) }
      : partition;
  const common = { name, replace, ifExists, ifNotExists, cascade, fields, clustering, details, select };
  return { ...common, timePartitioning, location: typeof location === "string" ? location : undefined };
}

class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  sees(value: string): boolean {
    const token = this.#tokens[this.#at];
    return token?.value === value && token.kind !== "string" && token.kind !== "quoted";
  }

  /** Goes past these words where they all stand there. */
  take(...words: readonly string[]): boolean {
    if (!words.every((word, index) => this.#tokens[this.#at + index]?.value === word)) return false;
    this.#at += words.length;
    return true;
  }

  skip(...words: readonly string[]): void {
    if (!words.some((word) => this.take(word))) throw this.#unexpected();
  }

  name(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined || token.kind === "string" || token.kind === "symbol") throw this.#unexpected();
    return token.kind === "quoted" ? token.value : token.text;
  }

  path(): string[] {
    const path = this.name().split(".");
    while (this.take(".")) path.push(...this.name().split("."));
    return path;
  }

  names(): string[] {
    const names = [this.name()];
    while (this.take(",")) names.push(this.name());
    return names;
  }

  /** `(ts TIMESTAMP NOT NULL OPTIONS(description="…"), …)`. */
  columns(): Json[] {
    this.skip("(");
    const columns: Json[] = [];
    do {
      const name = this.name();
      const type = this.name();
      if (this.sees("(") || this.sees("<")) throw unserved(`The column type ${type} with parameters`);
      const mode = this.take("NOT", "NULL") ? "REQUIRED" : "NULLABLE";
      const options = this.take("OPTIONS") ? this.options() : {};
      columns.push({ name, type, mode, ...options });
    } while (this.take(","));
    this.skip(")");
    return columns;
  }

  options(): Json {
    this.skip("(");
    const pairs: [string, unknown][] = [];
    while (!this.take(")")) {
      const name = this.name().toLowerCase();
      this.skip("=");
      const known = OPTIONS[name];
      if (known === undefined) throw unserved(`The option ${name}`);
      pairs.push([known, known === "labels" ? this.#labels() : this.#literal()]);
      if (!this.take(",") && !this.sees(")")) throw this.#unexpected();
    }
    return Object.fromEntries(pairs);
  }

  #literal(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined || (token.kind !== "string" && token.kind !== "number")) throw this.#unexpected();
    return token.value;
  }

  /** `[("app", "candlelake"), …]`. */
  #labels(): Json {
    this.skip("[");
    const labels: [string, string][] = [];
    while (!this.take("]")) {
      this.skip("(");
      const name = this.#literal();
      this.skip(",");
      labels.push([name, this.#literal()]);
      this.skip(")");
      if (!this.take(",") && !this.sees("]")) throw this.#unexpected();
    }
    return Object.fromEntries(labels);
  }

  /** `TIMESTAMP_TRUNC(ts, MONTH)`, `DATE(ts)`, or a DATE column. */
  partitioning(): Json {
    const first = this.name();
    if (!this.take("(")) return { type: "DAY", field: first };
    const field = this.name();
    const type = this.take(",") ? this.name().toUpperCase() : "DAY";
    this.skip(")");
    return { type, field };
  }

  rest(): readonly Token[] {
    const rest = this.#tokens.slice(this.#at);
    this.#at = this.#tokens.length;
    return rest;
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw this.#unexpected();
  }

  #unexpected(): Failure {
    const token = this.#tokens[this.#at];
    return syntaxError(token === undefined ? "Unexpected end of statement" : `Unexpected "${token.text}"`);
  }
}
