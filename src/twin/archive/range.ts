import type { TwinAnswer } from "../answer.ts";
import { s3Error } from "./s3.ts";

const RANGE = /^bytes=(\d+)-(\d*)$/;

/** The part of a file that a `Range: bytes=…` asks for; everything where it asks for more than one, or backwards. */
export function partOf(answer: TwinAnswer, range: string | undefined): TwinAnswer {
  const [, first, last] = RANGE.exec(range ?? "") ?? [];
  if (answer.status !== 200 || !answer.headers["accept-ranges"] || first === undefined) return answer;
  const size = answer.body.byteLength;
  const from = Number(first);
  const to = last ? Math.min(Number(last) + 1, size) : size;
  if (last && Number(last) < from) return answer;
  if (from >= size) {
    const refused = s3Error(416, "InvalidRange", "The requested range is not satisfiable");
    return { ...refused, headers: { ...answer.headers, ...refused.headers, "content-range": `bytes */${size}` } };
  }
  return {
    ...answer,
    status: 206,
    headers: { ...answer.headers, "content-range": `bytes ${from}-${to - 1}/${size}` },
    body: answer.body.subarray(from, to),
  };
}
