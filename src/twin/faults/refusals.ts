import { SECOND } from "../../core/time.ts";
import { bytesOf, HTML_TYPE, JSON_TYPE, type TwinAnswer } from "../answer.ts";

/** What faults know of a request. */
export interface Request {
  /** With the host's prefix. */
  readonly path: string;
  /** The server's time in milliseconds. */
  readonly now: number;
}

/** What a fault is put into. */
export interface Strike extends Request {
  readonly answer: TwinAnswer;
  /** The number after the fault's name; undefined where there is none. */
  readonly argument: number | undefined;
}

const replace = (
  { answer }: Strike,
  status: number,
  type: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): TwinAnswer => ({ status, headers: { ...answer.headers, ...headers, "content-type": type }, body: bytesOf(body) });

const json = (code: number, msg: string): string => JSON.stringify({ code, msg });

const page = (title: string, text: string): string =>
  `<!DOCTYPE HTML>\n<HTML><HEAD>\n<TITLE>${title}</TITLE>\n</HEAD><BODY>\n<H1>${title}</H1>\n${text}\n</BODY></HTML>\n`;

export function tooManyRequests(strike: Strike): TwinAnswer {
  const seconds = strike.argument ?? 1;
  const message =
    "Too much request weight used; current limit is 1200 request weight per 1 MINUTE. Please use the websocket for live updates to avoid polling the API.";
  return replace(strike, 429, JSON_TYPE, json(-1003, message), retryAfter(seconds));
}

/** The shortest ban there is. */
const BAN = 120;

export function banned(strike: Strike): TwinAnswer {
  const seconds = strike.argument ?? BAN;
  const message = `Way too much request weight used; IP banned until ${strike.now + seconds * SECOND}. Please use the websocket for live updates to avoid bans.`;
  return replace(strike, 418, JSON_TYPE, json(-1003, message), retryAfter(seconds));
}

/** Futures do not document the header: `429:0` leaves it out. */
const retryAfter = (seconds: number): Readonly<Record<string, string>> =>
  seconds > 0 ? { "retry-after": String(seconds) } : {};

/** Pretty-printed and with code 0, as the venues send it. */
export const restricted = (strike: Strike): TwinAnswer =>
  replace(
    strike,
    451,
    "application/json",
    `{\n  "code": 0,\n  "msg": "Service unavailable from a restricted location according to 'b. Eligibility' in https://www.binance.com/en/terms. Please contact customer service if you believe you received this message in error."\n}\n`,
    { server: "CloudFront", "x-cache": "Error from cloudfront" },
  );

export const forbidden = (strike: Strike): TwinAnswer =>
  replace(
    strike,
    403,
    HTML_TYPE,
    page("403 ERROR", '<H2>The request could not be satisfied.</H2>\n<HR noshade size="1px">\nRequest blocked.'),
  );

export const internalError = (strike: Strike): TwinAnswer =>
  replace(strike, 500, JSON_TYPE, json(-1000, "An unknown error occured while processing the request."));

export const unavailable = (strike: Strike): TwinAnswer =>
  replace(strike, 503, JSON_TYPE, json(-1001, "Internal error; unable to process your request. Please try again."));

export const maintenancePage = (strike: Strike): TwinAnswer =>
  replace(strike, 200, HTML_TYPE, page("Maintenance", "We will be back soon."));
