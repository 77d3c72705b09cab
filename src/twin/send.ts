import type { IncomingMessage, ServerResponse } from "node:http";
import type { TwinAnswer } from "./answer.ts";

/** Sends an answer the way it is to be delivered. */
export function send(answer: TwinAnswer, request: IncomingMessage, response: ServerResponse): void {
  const { status, headers, body, delivery } = answer;
  if (delivery?.kind === "silence") return;
  if (delivery?.kind === "reset") {
    request.socket.resetAndDestroy();
    return;
  }
  // These have no body, and a length would make some clients wait for one.
  if (status === 204 || status === 304) {
    response.writeHead(status, headers).end();
    return;
  }
  response.writeHead(status, { ...headers, "content-length": body.byteLength });
  if (request.method === "HEAD") {
    response.end();
  } else if (delivery?.kind === "slow") {
    sendSlowly(response, body, delivery.delay);
  } else {
    response.end(body);
  }
}

function sendSlowly(response: ServerResponse, body: Uint8Array, delay: number): void {
  const half = body.byteLength >> 1;
  response.flushHeaders();
  response.write(body.subarray(0, half));
  const timer = setTimeout(() => response.end(body.subarray(half)), delay);
  response.on("close", () => clearTimeout(timer));
}
