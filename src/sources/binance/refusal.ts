import { SourceError } from "../../core/errors.ts";
import { type Answer, bodyText } from "../../net/transport.ts";

const HELP = "candlelake ingest --help";

/** Codes are the same at all hosts of the venue, messages are not: so only codes are looked at. */
const INVALID_SYMBOL = new Set([-1121, -4144]);
const INVALID_INTERVAL = -1120;
const INVALID_PARAMETER = -1130;
const TRANSIENT = new Set([-1000, -1001, -1006, -1007, -1008]);

/** The `{code, msg}` by which the venue refuses; undefined where the value is none. */
export function refusalOf(value: unknown, where: string): SourceError | undefined {
  if (typeof value !== "object" || value === null || !("code" in value) || typeof value.code !== "number")
    return undefined;
  const said = "msg" in value && typeof value.msg === "string" ? `${value.code} ${value.msg}` : String(value.code);
  if (INVALID_SYMBOL.has(value.code)) {
    return new SourceError("unknown-symbol", `${where}: no such symbol, or no longer listed (${said}).`, HELP);
  }
  if (value.code === INVALID_INTERVAL)
    return new SourceError("unknown-interval", `${where}: no such interval (${said}).`, HELP);
  if (value.code === INVALID_PARAMETER)
    return new SourceError("bad-parameter", `${where} was refused (${said}).`, HELP);
  if (TRANSIENT.has(value.code))
    return new SourceError("server-error", `${where} failed (${said}).`, HELP, { retryable: true });
  return new SourceError("bad-request", `${where} was refused (${said}).`, HELP);
}

/** The refusal in the body of a 4xx answer, if it has one. */
export function refusal(answer: Answer, where: string): SourceError | undefined {
  try {
    return refusalOf(JSON.parse(bodyText(answer)), where);
  } catch {
    return undefined;
  }
}
