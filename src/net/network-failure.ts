import { SourceError } from "../core/errors.ts";

const UNREACHABLE = new Set(["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL"]);
const TIME_OUT = new Set(["UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT", "ETIMEDOUT"]);

/** Names and certificates that do not fit: trying again changes nothing. */
const TLS = /^(?:ERR_TLS_|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO_|ERR_SSL_)/;

/** What comes of a proxy setting that is no address; the endpoint's own was looked at before. */
const BAD_ADDRESS = new Set(["ERR_INVALID_URL", "UND_ERR_INVALID_ARG"]);

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return "";
}

/**
 * What a request that got no whole answer failed of: `unreachable`, `time-out`, `tls`, `bad-proxy`, or
 * `connection-lost` for all else (reset, cut body, broken compression or HTTP, a proxy's refusal).
 * @param where host, path and subject, for the message
 */
export function networkFailure(error: unknown, where: string): SourceError {
  const code = codeOf(error) || codeOf(error instanceof Error ? error.cause : undefined);
  const reason = (error instanceof Error ? error.message : String(error)) || code;
  const fail = (name: string, message: string, retryable: boolean) =>
    new SourceError(name, message, "candlelake config", { retryable, cause: error });
  if (UNREACHABLE.has(code)) {
    const cause = code === "ENOTFOUND" || code === "EAI_AGAIN" ? "its name does not resolve" : "no connection";
    return fail("unreachable", `${where} cannot be reached (${code}: ${cause}).`, true);
  }
  if (TIME_OUT.has(code)) return fail("time-out", `${where} did not answer in time (${code}).`, true);
  if (BAD_ADDRESS.has(code)) {
    const message = `${where} cannot be asked: HTTP_PROXY or HTTPS_PROXY is no http address (${reason}).`;
    return fail("bad-proxy", message, false);
  }
  if (TLS.test(code)) return fail("tls", `${where}: the host's certificate does not hold (${code}).`, false);
  return fail("connection-lost", `${where}: the connection broke (${reason}).`, true);
}
