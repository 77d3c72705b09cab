import type { IncomingMessage, ServerResponse } from "node:http";
import { bytesOf, JSON_TYPE, type TwinAnswer } from "./answer.ts";
import { send } from "./send.ts";
import type { TwinVenues } from "./twin.ts";

/** Sends what the venues answer, the way it is to be delivered. */
export function respond(venues: TwinVenues, request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { allow: "GET, HEAD" }).end();
    return;
  }
  send(answerOf(venues, request), request, response);
}

/** A defect of the twin's own is an answer too: a server that dies tells its client nothing. */
function answerOf(venues: TwinVenues, { url = "/", method, headers }: IncomingMessage): TwinAnswer {
  try {
    return venues.handle(url, { head: method === "HEAD", range: headers.range });
  } catch (error) {
    const message = `The twin failed: ${error instanceof Error ? error.stack : String(error)}`;
    return {
      status: 500,
      headers: { "content-type": JSON_TYPE },
      body: bytesOf(JSON.stringify({ code: -1000, msg: message })),
    };
  }
}
