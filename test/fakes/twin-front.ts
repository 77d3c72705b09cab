// A server before a twin, for what no fault of the twin's does: files that are not there, symbols that are not known.
import { once } from "node:events";
import { createServer } from "node:http";
import type { Twin } from "../../src/twin/start.ts";

/** An answer in the twin's place. */
export interface Instead {
  readonly status: number;
  readonly body: string | Uint8Array;
}

export interface Front extends AsyncDisposable {
  /** As the twin's, turned here. */
  readonly settings: Readonly<Record<string, string>>;
}

export const NOT_THERE: Instead = { status: 404, body: "<Error><Code>NoSuchKey</Code></Error>" };
export const NO_SUCH_SYMBOL: Instead = { status: 400, body: '{"code":-1121,"msg":"Invalid symbol."}' };

/** Everything is the twin's answer, but for what `instead` has one for; it sees path and query. */
export async function startFront(twin: Twin, instead: (url: string) => Instead | undefined): Promise<Front> {
  const server = createServer((request, response) => {
    const url = request.url ?? "/";
    const { status, headers, body } = twin.handle(url, { head: request.method === "HEAD" });
    const other = instead(url);
    response.writeHead(other?.status ?? status, other ? { ...headers, "content-type": "text/plain" } : headers);
    response.end(other?.body ?? body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("a server on a port has an address");
  const own = `http://127.0.0.1:${address.port}`;
  const settings = Object.entries(twin.settings).map(([name, value]) => [name, value.replace(twin.url, own)]);
  return {
    settings: Object.fromEntries(settings),
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
