import { redact } from "./secret.ts";

/** What a client's error tells, whichever library it comes from. */
export interface Evidence {
  /** Of HTTP; undefined where no answer came. */
  readonly status: number | undefined;
  /** `notFound`, `SERVICE_DISABLED`, `invalid_grant`: what Google's errors are told apart by. */
  readonly reasons: readonly string[];
  /** Google's own words, one line, without secrets. */
  readonly message: string;
  /** `ECONNREFUSED`; of the connection. */
  readonly network: string | undefined;
  /** Milliseconds to wait, where the answer says so. */
  readonly retryAfter: number | undefined;
}

type Loose = Readonly<Record<string, unknown>>;

const looseOf = (value: unknown): Loose => (typeof value === "object" && value !== null ? (value as Loose) : {});
const listOf = (value: unknown): readonly Loose[] => (Array.isArray(value) ? value.map(looseOf) : []);

/** The answer's body: parsed already, or still a text. */
function bodyOf(response: Loose): Loose {
  const body = response["data"] ?? response["body"];
  if (typeof body !== "string") return looseOf(body);
  try {
    return looseOf(JSON.parse(body));
  } catch {
    return {};
  }
}

/** An error and what it came of, the outermost first. */
function* chain(error: unknown): Generator<Loose> {
  for (let [one, depth] = [error, 0]; typeof one === "object" && one !== null && depth < 5; depth++) {
    yield one as Loose;
    one = (one as Loose)["cause"] ?? (one as Loose)["error"];
  }
}

function retryAfterOf(response: Loose): number | undefined {
  const headers = response["headers"];
  const told = headers instanceof Headers ? headers.get("retry-after") : looseOf(headers)["retry-after"];
  const seconds = Number(told ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

/** Network errors of Node's and of fetch's, which has names of its own for running out of time. */
const NETWORK = /^(?:E[A-Z_]+|UND_ERR_\w+|ERR_STREAM_PREMATURE_CLOSE|request-timeout|body-timeout|ABORT_ERR)$/;
const WORDS = /socket hang up|network timeout|premature close|fetch failed|timeout.*trying to fetch/i;

function networkOf(errors: readonly Loose[], message: string): string | undefined {
  // Of a file on this machine: a token's, that a workload identity reads for each request.
  if (errors.some((one) => typeof one["path"] === "string")) return undefined;
  const codes = errors.flatMap((one) => [one["code"], one["errno"], one["type"]]);
  const code = codes.find((one): one is string => typeof one === "string" && NETWORK.test(one));
  if (code !== undefined) return code;
  return WORDS.test(message) ? "ECONNRESET" : undefined;
}

const statusIn = (...values: readonly unknown[]): number | undefined => {
  const found = values.find((value) => /^[1-5]\d\d$/.test(String(value)));
  return found === undefined ? undefined : Number(found);
};

/** A library prints several messages as a numbered list under a headline; the first one says it. */
function oneLine(message: string): string {
  const listed = /^\s*1\. (?<first>.*)/m.exec(message)?.groups?.["first"];
  const lines = message.split("\n").map((line) => line.trim());
  return redact(listed ?? lines.find((line) => line !== "") ?? "no reason was given").slice(0, 600);
}

export function evidenceOf(error: unknown): Evidence {
  const errors = [...chain(error)];
  const outer = looseOf(error);
  const response = looseOf(outer["response"]);
  const body = bodyOf(response);
  const inner = looseOf(body["error"]);
  // OAuth says `{"error": "invalid_grant", "error_subtype": "invalid_rapt"}`, the services `{"error": {…}}`.
  const oauth = [body["error"], body["error_subtype"], body["error_description"]];
  const details = [...listOf(inner["details"]), ...listOf(outer["details"])];
  const reasons = [
    ...[...listOf(outer["errors"]), ...listOf(inner["errors"]), ...details].map((one) => one["reason"]),
    outer["reason"],
    inner["status"],
    ...oauth,
  ];
  const [description] = oauth.slice(2);
  const text =
    inner["message"] ?? outer["message"] ?? (typeof error === "object" ? undefined : error) ?? "no reason was given";
  const message = oneLine(typeof description === "string" ? `${text}: ${description}` : String(text));
  const status = statusIn(outer["code"], outer["status"], response["status"], response["statusCode"], inner["code"]);
  return {
    status,
    reasons: [...new Set(reasons.filter((one): one is string => typeof one === "string"))],
    message,
    network: status === undefined ? networkOf(errors, message) : undefined,
    retryAfter: retryAfterOf(response),
  };
}
