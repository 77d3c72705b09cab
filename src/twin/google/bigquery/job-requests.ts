import type { Context, Request } from "./context.ts";
import { locationNamed } from "./datasets.ts";
import { invalid } from "./failure.ts";
import { jobResource } from "./job.ts";
import type { Jobs } from "./jobs.ts";
import { type Json, objectOf, textOf } from "./json.ts";
import { load } from "./load.ts";
import { destinationOf } from "./load-options.ts";
import { startQuery } from "./query-requests.ts";
import { differentLocations } from "./uris.ts";

/** `jobs.insert`. @throws Failure where the job is not even taken on */
export async function insertJob(
  context: Context,
  jobs: Jobs,
  request: Request,
  upload: Uint8Array | undefined,
): Promise<Json> {
  const { body, project, base } = request;
  const configuration = objectOf(body["configuration"]);
  const reference = objectOf(body["jobReference"]);
  const id = jobs.idOf(reference);
  const asked = textOf(reference["location"]);
  if ("query" in configuration) return startQuery(context, jobs, request, configuration, { id, asked });
  if (!("load" in configuration)) throw invalid("Required parameter is missing: configuration.load");
  const section = objectOf(configuration["load"]);
  const { table } = destinationOf(section, project, "WRITE_APPEND");
  const location = context.catalog.dataset(table.project, table.dataset).location;
  const place = asked === undefined ? location : locationNamed(asked);
  const job = await jobs.start({
    kind: "LOAD",
    project,
    id,
    location: place,
    configuration,
    user: "twin@example.com",
    destination: table,
    work: async () => {
      if (place !== location) throw differentLocations(place, location);
      return { load: await load(context, { configuration: section, project, upload }) };
    },
  });
  return jobResource({ ...job, state: "RUNNING", failure: undefined, ended: undefined, statistics: {} }, base);
}
