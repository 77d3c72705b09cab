import { DataError } from "../../core/errors.ts";
import type { Answer } from "../../net/transport.ts";
import { SYNTHETIC_HEADER } from "./endpoints.ts";

/**
 * The wall between real and made data: the answer, if it is of the world that is asked for.
 * @param where host and path, for messages
 * @throws DataError where real data would be taken for made, or made for real
 */
export function admit(answer: Answer, synthetic: boolean, where: string): Answer {
  const made = answer.headers[SYNTHETIC_HEADER] === "1";
  if (made === synthetic) return answer;
  throw made
    ? new DataError(
        "synthetic-answer",
        `${where} serves made data; with --synthetic it is taken as such.`,
        "candlelake ingest --help",
      )
    : new DataError(
        "real-answer",
        `${where} serves real data, which --synthetic must not take for made.`,
        "candlelake config",
      );
}
