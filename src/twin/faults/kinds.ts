import { bytesOf, type TwinAnswer } from "../answer.ts";
import { ARCHIVE_KINDS } from "./archive-kinds.ts";
import {
  banned,
  forbidden,
  internalError,
  maintenancePage,
  restricted,
  type Strike,
  tooManyRequests,
  unavailable,
} from "./refusals.ts";
import {
  conflict,
  duplicate,
  empty,
  impossible,
  late,
  offGrid,
  type RowFault,
  rowLength,
  rowType,
  short,
  unordered,
} from "./rows.ts";

/** What a fault counts and strikes: every answer, or pages of rows, files of the archive, their checksums alone. */
export type FaultScope = "any" | "rows" | "zip" | "checksum";

export interface FaultKind {
  readonly scope: FaultScope;
  /** Of a ZIP: the checksum stays that of the ZIP as it was before. */
  readonly unsigned?: true;
  /** What its number means; undefined where it takes none. */
  readonly argument: string | undefined;
  readonly doc: string;
  apply(strike: Strike): TwinAnswer;
}

const anyAnswer = (doc: string, apply: FaultKind["apply"], argument?: string): FaultKind => ({
  scope: "any",
  argument,
  doc,
  apply,
});

const rowsOnly = (doc: string, fault: RowFault, argument?: string): FaultKind => ({
  scope: "rows",
  argument,
  doc,
  apply: (strike) => changeRows(strike, fault),
});

function changeRows({ answer, argument, now }: Strike, fault: RowFault): TwinAnswer {
  if (answer.status !== 200) return answer;
  const rows: Parameters<RowFault>[0] = JSON.parse(Buffer.from(answer.body).toString());
  return rows.length === 0 ? answer : { ...answer, body: bytesOf(JSON.stringify(fault(rows, argument, now))) };
}

/** Every fault, by the name it has in a spec. */
export const FAULT_KINDS: Readonly<Record<string, FaultKind>> = {
  "429": anyAnswer(
    "too many requests, with Retry-After",
    tooManyRequests,
    "seconds to wait (1); 0 sends no Retry-After",
  ),
  "418": anyAnswer("the address is banned, with Retry-After", banned, "seconds to wait (120); 0 sends no Retry-After"),
  "451": anyAnswer("the location is blocked", restricted),
  "403": anyAnswer("refused by the firewall, as an HTML page", forbidden),
  "500": anyAnswer("internal error", internalError),
  "503": anyAnswer("service unavailable", unavailable),
  html200: anyAnswer("an HTML page with status 200", maintenancePage),
  cut: anyAnswer("half of the body, with a length that says so", ({ answer }) => ({
    ...answer,
    body: answer.body.subarray(0, Math.floor(answer.body.byteLength / 2)),
  })),
  timeout: anyAnswer("no answer at all", ({ answer }) => ({ ...answer, delivery: { kind: "silence" } })),
  reset: anyAnswer("the connection is reset", ({ answer }) => ({ ...answer, delivery: { kind: "reset" } })),
  slow: anyAnswer(
    "half of the body at once, the rest later",
    ({ answer, argument }) => ({ ...answer, delivery: { kind: "slow", delay: argument ?? 1_000 } }),
    "milliseconds between (1000)",
  ),
  empty: rowsOnly("[] instead of the rows", empty),
  short: rowsOnly("only the first half of the rows", short, "rows that are left"),
  late: rowsOnly("the last closed candle is missing", late),
  duplicate: rowsOnly("a row comes twice", duplicate),
  conflict: rowsOnly("a row comes twice, with two values", conflict),
  unordered: rowsOnly("the first and the last row change places", unordered),
  "off-grid": rowsOnly("a row's time lies 20.799 s off", offGrid),
  "row-length": rowsOnly("a row lacks a field", rowLength),
  "row-type": rowsOnly("a row has a number where text belongs", rowType),
  impossible: rowsOnly("a candle's high lies below its low", impossible),
  ...ARCHIVE_KINDS,
};
