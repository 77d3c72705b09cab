import { createHash } from "node:crypto";
import { CRC32C, Storage } from "@google-cloud/storage";
import { type GoogleTwin, type GoogleTwinOptions, startGoogleTwin } from "../../src/twin/google/start.ts";

/** An answer's JSON, as far as tests look into it. */
export interface Body {
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly errors: readonly { readonly domain: string; readonly reason: string; readonly message: string }[];
  };
  readonly items?: readonly Readonly<Record<string, string>>[];
  readonly prefixes?: readonly string[];
  readonly nextPageToken?: string;
  readonly [name: string]: unknown;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly body: Body;
}

export interface StorageLab extends AsyncDisposable {
  readonly twin: GoogleTwin;
  /** Google's own client; it tries once. */
  readonly client: Storage;
  /** A bare request; what is neither text nor bytes goes as JSON. */
  ask(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** `objects.insert` of the bytes alone. @param query beside the name */
  put(name: string, bytes: string | Uint8Array, query?: string): Promise<Answer>;
}

export async function storageLab(options: GoogleTwinOptions = {}): Promise<StorageLab> {
  const twin = await startGoogleTwin(options);
  const client = new Storage({ projectId: "demo", apiEndpoint: twin.url, retryOptions: { autoRetry: false } });
  const ask: StorageLab["ask"] = async (method, path, body, headers = {}) => {
    const json = body !== undefined && typeof body !== "string" && !(body instanceof Uint8Array);
    const response = await fetch(new URL(path, twin.url), {
      method,
      headers: { ...(json ? { "content-type": "application/json" } : {}), ...headers },
      ...(body === undefined ? {} : { body: json ? JSON.stringify(body) : new Blob([body as string]) }),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const isJson = response.headers.get("content-type")?.includes("json") && bytes.byteLength > 0;
    return {
      status: response.status,
      headers: response.headers,
      bytes,
      body: isJson ? JSON.parse(bytes.toString()) : {},
    };
  };
  return {
    twin,
    client,
    ask,
    put: (name, bytes, query = "") =>
      ask("POST", `${UPLOAD}?uploadType=media&name=${encodeURIComponent(name)}&${query}`, bytes),
    [Symbol.asyncDispose]: () => twin.close(),
  };
}

export const BUCKET = "/storage/v1/b/demo-bucket";
export const UPLOAD = `/upload${BUCKET}/o`;

export const objectPath = (name: string): string => `${BUCKET}/o/${encodeURIComponent(name)}`;

export const md5 = (bytes: string | Uint8Array): string => createHash("md5").update(bytes).digest("base64");

/** As Google's client computes it. */
export function crc32c(bytes: string | Uint8Array): string {
  const sum = new CRC32C();
  sum.update(Buffer.from(bytes));
  return sum.toString();
}

/** Every byte there is, and line ends that a reader of text would break at; not the same twice in a row. */
export const bytesOf = (length: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7) & 0xff));
