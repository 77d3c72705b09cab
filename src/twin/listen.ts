import { once } from "node:events";
import type { Server } from "node:http";
import { UsageError } from "../core/errors.ts";

/**
 * Listens on the loopback address.
 * @param port 0 for any free one
 * @returns the port that it got
 * @throws UsageError
 */
export async function listen(server: Server, port: number): Promise<number> {
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError("bad-port", `--port ${port}: ${why}.`, "candlelake twin", { cause: error });
  }
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("a server on a port has an address");
  return address.port;
}
