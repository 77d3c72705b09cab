import { type AppError, DataError, WarehouseError } from "../../core/errors.ts";
import type { LoadUnit } from "../../ports/warehouse.ts";
import type { Tables } from "./tables.ts";
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

/** BigQuery has no reason of its own for this. Datasets are made in regions and in two multi-regions. */
const APART = /^Cannot read and write in different locations(?:: source: (?<there>[a-z]+-[a-z]+\d+|us|eu)\b)?/i;

/** A dataset does not move, and what is in it can be had from the lake: another one beside the bucket takes the same load. */
function apart(what: string, why: string, there: string | undefined, { label, tables }: Refused): WarehouseError {
  const { project, dataset } = tables.place;
  const place = there?.toLowerCase();
  // A bucket that lies in no place of datasets is told by setup, with another bucket.
  const setup = `candlelake setup ${place ? beside(project, dataset, place) : tables.named}`;
  const hint = place ? ` A dataset beside the bucket takes the same load.` : "";
  return new WarehouseError("other-location", `${label}: load ${what}: ${why}${hint}`, setup);
}

/** `btc_forecast_raw` brings `btc_forecast_eu_raw`. */
const beside = (project: string, dataset: string, place: string): string =>
  `--project ${project} --dataset ${dataset.replace(/(?=_raw$)|(?<!_raw)$/, `_${place.replaceAll("-", "_")}`)} --location ${place}`;

interface Refused {
  readonly label: string;
  readonly tables: Tables;
}

/** Why a unit's job failed, as ours: of an object or of its rows where those are to blame, else of the warehouse. */
export function loadFailure(unit: LoadUnit, refused: Refused, failure: ApiError): AppError {
  const what = `${unit.table.name} ${unit.month}`;
  const key = culprit(unit, failure);
  const why = ended(sentence(failure));
  const elsewhere = APART.exec(failure.message ?? "");
  if (elsewhere) return apart(what, why, elsewhere.groups?.["there"], refused);
  if (failure.reason === "notFound" && key !== undefined)
    return new DataError("object-missing", `${key} is missing, though its manifest names it: ${why}`, "candlelake run");
  if (failure.reason === "invalid") return new DataError("object-refused", `${key ?? what}: ${why}`, "candlelake run");
  return jobFailure(refused.label, `load ${what}`, failure);
}
