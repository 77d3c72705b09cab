import { randomUUID } from "node:crypto";
import type { BigQuery } from "@google-cloud/bigquery";
import { authOf, type GoogleAccess } from "../../google/auth.ts";
import { withoutEmulators } from "../../google/emulators.ts";

export interface Request {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Below `projects/PROJECT/`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
  /** Bytes that go with the body, in one multipart upload. */
  readonly media?: string;
  /** `write load_ledger`; for messages. */
  readonly doing: string;
}

/** Google's client, reduced to what it is needed for: credentials, addresses, and one request at a time. */
export interface Client {
  /** One HTTP request. Rejects with the client's `ApiError`, or with what the network said. */
  send<T>(request: Omit<Request, "doing">): Promise<T>;
}

function multipart(metadata: object, media: string): { body: string; headers: Record<string, string> } {
  const boundary = randomUUID();
  const part = (type: string, text: string): string => `--${boundary}\r\nContent-Type: ${type}\r\n\r\n${text}\r\n`;
  return {
    body: `${part("application/json", JSON.stringify(metadata))}${part("application/octet-stream", media)}--${boundary}--`,
    headers: { "Content-Type": `multipart/related; boundary=${boundary}` },
  };
}

/** @throws UsageError `no-credentials` */
export async function openClient(access: GoogleAccess, project: string): Promise<Client> {
  const [{ BigQuery: Sdk }, authClient] = await Promise.all([import("@google-cloud/bigquery"), authOf(access)]);
  const { endpoint } = access;
  // Repetitions are the caller's: the client's own can neither be counted nor stopped.
  const sdk: BigQuery = withoutEmulators(
    () =>
      new Sdk({
        projectId: project,
        autoRetry: false,
        ...(endpoint === undefined ? {} : { apiEndpoint: endpoint }),
        ...(authClient === undefined ? {} : { authClient }),
      }),
  );
  return {
    send<T>({ method, path, query, body, media }: Omit<Request, "doing">): Promise<T> {
      const upload = `${sdk.apiEndpoint}/upload/bigquery/v2/projects/${project}/${path}`;
      const options =
        media === undefined
          ? { method, uri: `/${path}`, qs: { ...query }, ...(body === undefined ? {} : { json: body }) }
          : { method, uri: upload, qs: { ...query, uploadType: "multipart" }, ...multipart(body ?? {}, media) };
      return new Promise<T>((resolve, reject) => {
        sdk.request(options, (error: Error | null, answer: T) => (error ? reject(error) : resolve(answer)));
      });
    },
  };
}
