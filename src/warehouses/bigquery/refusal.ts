import { type AppError, DataError, WarehouseError } from "../../core/errors.ts";
import type { LoadUnit } from "../../ports.ts";
import type { ApiError } from "./wire.ts";

/** After these a job may be repeated under another id: https://cloud.google.com/bigquery/docs/error-messages */
const TRANSIENT = [
  "backendError",
  "internalError",
  "jobBackendError",
  "jobInternalError",
  "jobRateLimitExceeded",
  "rateLimitExceeded",
  "tableUnavailable",
];

export const isTransient = ({ reason }: ApiError): boolean => TRANSIENT.includes(reason ?? "");

const sentence = ({ message, reason }: ApiError): string => (message ?? reason ?? "no reason was given").trim();

const ended = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/** A job that failed for reasons of the service or the project. */
export const jobFailure = (label: string, doing: string, failure: ApiError): WarehouseError =>
  failure.reason === "quotaExceeded"
    ? new WarehouseError("quota-exceeded", `${label}: ${doing}: ${ended(sentence(failure))}`, "candlelake load")
    : new WarehouseError("job-failed", `${label}: ${doing}: ${ended(sentence(failure))}`, "candlelake load");

/** The object that a failure speaks of, if it names one. */
function culprit({ objects }: LoadUnit, { location = "", message = "" }: ApiError): string | undefined {
  const names = ({ uri }: LoadUnit["objects"][number]): boolean =>
    uri !== undefined && (location.includes(uri) || message.includes(uri));
  return objects.find(names)?.key;
}

/** Why a unit's job failed, as ours: of an object or of its rows where those are to blame, else of the warehouse. */
export function loadFailure(unit: LoadUnit, label: string, failure: ApiError): AppError {
  const what = `${unit.table.name} ${unit.month}`;
  const key = culprit(unit, failure);
  const why = ended(sentence(failure));
  // BigQuery has no reason of its own for this.
  if (/^Cannot read and write in different locations/.test(failure.message ?? ""))
    return new WarehouseError("other-location", `${label}: load ${what}: ${why}`, "candlelake config");
  if (failure.reason === "notFound" && key !== undefined)
    return new DataError("object-missing", `${key} is missing, though its manifest names it: ${why}`, "candlelake run");
  if (failure.reason === "invalid") return new DataError("object-refused", `${key ?? what}: ${why}`, "candlelake run");
  return jobFailure(label, `load ${what}`, failure);
}
