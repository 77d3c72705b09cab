import { SourceError } from "../core/errors.ts";

const UNREACHABLE = new Set(["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL"]);
const TIME_OUT = "ETIMEDOUT";

/** Names and certificates that do not fit: trying again changes nothing. */
const TLS = /^(?:ERR_TLS_|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO_|ERR_SSL_)/;

/** A proxy setting that is no address; the endpoint's own was looked at before. */
const BAD_PROXY = "ERR_PROXY_INVALID_CONFIG";

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
  if (code === TIME_OUT) return fail("time-out", `${where} did not answer in time (${reason}).`, true);
  if (code === BAD_PROXY) {
    return fail("bad-proxy", `${where} cannot be asked: HTTP_PROXY or HTTPS_PROXY is no http address.`, false);
  }
  if (TLS.test(code)) return fail("tls", `${where}: the host's certificate does not hold (${code}).`, false);
  return fail("connection-lost", `${where}: the connection broke (${reason}).`, true);
}
