import { literal } from "./duck.ts";
import { Failure, invalid, unserved } from "./failure.ts";
import { listOf, objectOf, textOf } from "./json.ts";
import { DUCK_TYPES, typeNamed } from "./schema.ts";

/** A query parameter's name, empty where it has none, and its value in SQL. */
export interface Parameter {
  readonly name: string;
  readonly sql: string;
}

/** @throws Failure */
export function parametersOf(value: unknown): readonly Parameter[] {
  return listOf(value).map((parameter) => {
    const { name, parameterType, parameterValue } = objectOf(parameter);
    return { name: textOf(name) ?? "", sql: sqlOf(objectOf(parameterType), objectOf(parameterValue)) };
  });
}

function sqlOf(type: Readonly<Record<string, unknown>>, value: Readonly<Record<string, unknown>>): string {
  const spelled = textOf(type["type"]) ?? "";
  if (spelled === "ARRAY") {
    const item = objectOf(type["arrayType"]);
    return `[${listOf(value["arrayValues"])
      .map((part) => sqlOf(item, objectOf(part)))
      .join(", ")}]`;
  }
  const known = typeNamed(spelled);
  if (known === undefined) throw unserved(`A parameter of type ${spelled}`);
  const text = textOf(value["value"]);
  if (text === undefined && typeof value["value"] === "boolean") return String(value["value"]);
  if (text === undefined) return `CAST(NULL AS ${DUCK_TYPES[known]})`;
  if (known === "BYTES") return `from_base64(${literal(text)})`;
  return `CAST(${literal(text)} AS ${DUCK_TYPES[known]})`;
}

/** Looks parameters up, positional ones in their order. */
export function lookUp(parameters: readonly Parameter[]): (name: string) => string {
  let position = 0;
  return (name) => {
    const found =
      name === "?"
        ? parameters[position++]
        : parameters.find((parameter) => parameter.name.toLowerCase() === name.toLowerCase());
    if (found === undefined) {
      throw name === "?"
        ? invalid(`Query parameter number ${position} is missing`)
        : new Failure("invalidQuery", `Query parameter '${name}' not found`);
    }
    return found.sql;
  };
}
