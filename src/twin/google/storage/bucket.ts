import { GoogleRefusal, invalid } from "../refusal.ts";
import { Contents } from "./contents.ts";
import { rfc3339 } from "./object.ts";

/** Resources as they come in. */
export type Json = Readonly<Record<string, unknown>>;

/** What may be set on a bucket and is given back as it was set. */
const SETTINGS = [
  "autoclass",
  "cors",
  "defaultEventBasedHold",
  "hierarchicalNamespace",
  "iamConfiguration",
  "labels",
  "lifecycle",
  "logging",
  "rpo",
  "storageClass",
  "versioning",
  "website",
] as const;

/** Seven days, in seconds: what a bucket has unless its maker says otherwise. */
const SOFT_DELETE = 7 * 24 * 60 * 60;

interface Retention {
  /** Seconds. */
  readonly period: number;
  /** Milliseconds. */
  readonly since: number;
}

const NAME = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/;

export class Bucket {
  readonly name: string;
  readonly contents = new Contents();
  readonly #location: string;
  readonly #created: number;
  #updated: number;
  #metageneration = 1;
  #settings: Json = {};
  #retention: Retention | undefined;
  /** Seconds. */
  #softDelete = SOFT_DELETE;

  /** @throws GoogleRefusal where the resource cannot be a bucket's */
  constructor(resource: Json, now: number) {
    const { name, location } = resource;
    if (typeof name !== "string" || !NAME.test(name)) throw invalid(`Invalid bucket name: '${name}'`);
    this.name = name;
    this.#location = typeof location === "string" && location !== "" ? location.toUpperCase() : "US";
    this.#created = now;
    this.#updated = now;
    this.#set(resource, now);
  }

  /** Lower case. */
  get location(): string {
    return this.#location.toLowerCase();
  }

  get storageClass(): string {
    const given = this.#settings["storageClass"];
    return typeof given === "string" ? given : "STANDARD";
  }

  get versioned(): boolean {
    const versioning = this.#settings["versioning"];
    return (
      typeof versioning === "object" && versioning !== null && "enabled" in versioning && versioning.enabled === true
    );
  }

  get state(): { readonly generation: number; readonly metageneration: number } {
    return { generation: this.#created * 1000, metageneration: this.#metageneration };
  }

  /** Milliseconds until which an object made at `created` must stay; undefined where nothing keeps it. */
  retainedUntil(created: number): number | undefined {
    return this.#retention && created + this.#retention.period * 1000;
  }

  patch(resource: Json, now: number): void {
    this.#set(resource, now);
    this.#metageneration++;
    this.#updated = now;
  }

  resource(origin: string): Json {
    const { name } = this;
    const metageneration = String(this.#metageneration);
    return {
      kind: "storage#bucket",
      id: name,
      name,
      selfLink: `${origin}/storage/v1/b/${name}`,
      projectNumber: "1",
      location: this.#location,
      locationType: /^(?:US|EU|ASIA)$/.test(this.#location) ? "multi-region" : "region",
      storageClass: "STANDARD",
      iamConfiguration: {
        bucketPolicyOnly: { enabled: true },
        uniformBucketLevelAccess: { enabled: true },
        publicAccessPrevention: "inherited",
      },
      ...this.#settings,
      softDeletePolicy: { retentionDurationSeconds: String(this.#softDelete), effectiveTime: rfc3339(this.#created) },
      ...(this.#retention
        ? {
            retentionPolicy: {
              retentionPeriod: String(this.#retention.period),
              effectiveTime: rfc3339(this.#retention.since),
            },
          }
        : {}),
      generation: String(this.state.generation),
      metageneration,
      etag: Buffer.from(`\b${metageneration}`).toString("base64"),
      timeCreated: rfc3339(this.#created),
      updated: rfc3339(this.#updated),
    };
  }

  #set(resource: Json, now: number): void {
    const settings = new Map(Object.entries(this.#settings));
    for (const name of SETTINGS) {
      if (!Object.hasOwn(resource, name)) continue;
      if (resource[name] === null) settings.delete(name);
      else settings.set(name, resource[name]);
    }
    this.#settings = Object.fromEntries(settings);
    if (Object.hasOwn(resource, "retentionPolicy")) {
      const period = secondsIn(resource["retentionPolicy"], "retentionPeriod");
      this.#retention = period === undefined || period === 0 ? undefined : { period, since: now };
    }
    if (Object.hasOwn(resource, "softDeletePolicy"))
      this.#softDelete = secondsIn(resource["softDeletePolicy"], "retentionDurationSeconds") ?? SOFT_DELETE;
  }
}

/** A 64-bit number is a string in JSON, and clients send either. */
function secondsIn(policy: unknown, name: string): number | undefined {
  if (policy === null) return undefined;
  const value: unknown = typeof policy === "object" ? Reflect.get(policy ?? {}, name) : undefined;
  if (!/^\d+$/.test(String(value))) throw invalid(`Invalid value for ${name}: ${value}`);
  return Number(value);
}

export const noBucket = (): GoogleRefusal => new GoogleRefusal(404, "notFound", "The specified bucket does not exist.");
