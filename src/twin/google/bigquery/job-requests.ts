import { checkJobAccess } from "./access.ts";
import type { TableName } from "./catalog.ts";
import type { Context, Request } from "./context.ts";
import { copyPlan } from "./copy.ts";
import { locationNamed } from "./datasets.ts";
import { Failure, invalid, unserved } from "./failure.ts";
import { type Job, type JobKind, jobResource, startedResource } from "./job.ts";
import type { Jobs } from "./jobs.ts";
import { flagOf, type Json, objectOf, textOf } from "./json.ts";
import { loadPlan } from "./load.ts";
import { dryRunStatistics, queryPlan } from "./query-job.ts";

/** What a job is going to do. */
export interface Plan {
  readonly kind: JobKind;
  /** Where it runs by its datasets; undefined where any place will do. */
  readonly location: string | undefined;
  /** A dataset that it needs, for messages. */
  readonly dataset: Pick<TableName, "project" | "dataset"> | undefined;
  /** The table whose modifications are counted. */
  readonly destination: TableName | undefined;
  /** @returns its statistics @throws Failure */
  readonly work: (job: Job) => Promise<Json>;
}

/** Where a job runs that no dataset ties to a place. */
const HOME = "US";
export const USER = "twin@example.com";

/** The place of a job: as asked, if its datasets are there. @throws Failure */
export function placeOf({ location, dataset }: Plan, asked: string | undefined): string {
  if (asked === undefined) return location ?? HOME;
  const place = locationNamed(asked);
  if (location === undefined || place === location) return place;
  throw new Failure(
    "notFound",
    `Not found: Dataset ${dataset?.project}:${dataset?.dataset} was not found in location ${place}`,
  );
}

/** `jobs.insert`, with the data that came along. @throws Failure where the job is not even taken on */
export async function insertJob(
  context: Context,
  jobs: Jobs,
  request: Request,
  upload: Uint8Array | undefined,
): Promise<Json> {
  const { body, project, base } = request;
  const configuration = objectOf(body["configuration"]);
  const reference = objectOf(body["jobReference"]);
  const named = textOf(reference["projectId"]);
  if (named !== undefined && named !== project) throw invalid("Project IDs of path and jobReference differ.");
  checkJobAccess(request, configuration);
  const id = jobs.idOf(reference);
  const asked = textOf(reference["location"]);
  if (asked !== undefined) jobs.checkNew(project, locationNamed(asked), id);
  const plan = planOf(context, project, configuration, upload);
  const location = placeOf(plan, asked);
  jobs.checkNew(project, location, id);
  if (flagOf(configuration["dryRun"])) {
    if (plan.kind !== "QUERY") throw unserved(`dryRun of a ${plan.kind} job`);
    return dryRun(context, request, configuration, location);
  }
  const job = await jobs.start({ ...plan, project, id, location, configuration, user: USER });
  return startedResource(job, base);
}

function planOf(context: Context, project: string, configuration: Json, upload: Uint8Array | undefined): Plan {
  if ("load" in configuration) return loadPlan(context, project, objectOf(configuration["load"]), upload);
  if ("copy" in configuration) return copyPlan(context, project, objectOf(configuration["copy"]));
  if ("query" in configuration) return queryPlan(context, project, objectOf(configuration["query"]));
  if ("extract" in configuration) throw unserved("An extract job");
  throw invalid("Required parameter is missing: configuration");
}

/** What a query would cost, and answer with; it leaves no job behind. @throws Failure */
async function dryRun(
  context: Context,
  { project, base }: Request,
  configuration: Json,
  location: string,
): Promise<Json> {
  const statistics = await dryRunStatistics(context, project, objectOf(configuration["query"]));
  const now = context.now();
  const resource = jobResource(
    {
      kind: "QUERY",
      project,
      id: "",
      location,
      configuration,
      user: USER,
      created: now,
      state: "DONE",
      polls: 0,
      ended: now,
      statistics,
      failure: undefined,
      result: undefined,
      work: async () => statistics,
    },
    base,
  );
  return { ...resource, jobReference: { projectId: project, location } };
}
