type Environment = Readonly<Record<string, string | undefined>>;

/** What is set for a proxy, and is no address of one. */
export class ProxySettingError extends Error {
  readonly code = "ERR_PROXY_INVALID_CONFIG";
}

/**
 * The proxy settings that hold for a protocol (`http:`, `https:`), in the spelling that the runtime looks at first; the
 * lower-case name goes first, as with curl.
 * The runtime passes by what is no http address, and the request would go out without its proxy: here it is refused. The
 * setting is not repeated, because it may hold a password.
 * @throws ProxySettingError
 */
export function proxySettings(environment: Environment, protocol: string): Environment {
  const name = protocol === "https:" ? "https_proxy" : "http_proxy";
  const proxy = environment[name] || environment[name.toUpperCase()];
  if (!proxy) return {};
  if (!/^https?:\/\//i.test(proxy) || !URL.canParse(proxy)) throw new ProxySettingError(`${name} is no http address`);
  return { [name]: proxy, no_proxy: environment["no_proxy"] || environment["NO_PROXY"] };
}
